import { createReadStream } from "node:fs";
import type { Io, ObjectHead } from "../../../core/io/ports.ts";
import { recordQuarantine, supersedeQuarantine } from "../../../core/io/quarantine.ts";
import type { Settings } from "../../../core/io/settings.ts";
import type { NormalisedFile } from "../../normalize/normalise-file.ts";
import type { TrackingLogSource } from "../sources/tracking-logs.ts";

export interface QuarantinePlace {
  readonly source: TrackingLogSource;
  /** `YYYY-MM-DD`, or `no_date`. */
  readonly logDate: string;
  /** Of the object. */
  readonly sha256: string;
}

const prefixOf = ({ source, logDate, sha256 }: QuarantinePlace): string =>
  `quarantine/tracking_logs/${source.id}/${logDate}/${sha256}`;

/** A whole object that is refused: its bytes stay where they landed, the index and the record say where and why. */
export async function quarantineWhole(
  io: Pick<Io, "objects" | "ledger">,
  settings: Pick<Settings, "buckets">,
  head: ObjectHead,
  place: QuarantinePlace,
  reason: string,
): Promise<void> {
  const { bucket, key, versionId, sizeBytes } = head;
  const { sha256 } = place;
  const indexKey = `${prefixOf(place)}.index.jsonl`;
  const entry = { line: 0, offset: 0, length: sizeBytes, sha256, reason, detail: `s3://${bucket}/${key}`, ending: 0 };
  await io.objects.put(settings.buckets.quarantine, indexKey, `${JSON.stringify(entry)}\n`);
  await recordQuarantine(io, {
    sourceKey: key,
    sha256,
    count: 1,
    reasons: { [reason]: 1 },
    wholeFile: reason,
    bucket,
    key,
    versionId,
    sizeBytes,
    at: new Date().toISOString(),
  });
}

/** The bad lines of a file that is otherwise published; what older bytes of the same key left is marked as history. */
export async function quarantineLines(
  io: Pick<Io, "objects" | "ledger">,
  settings: Pick<Settings, "buckets">,
  head: ObjectHead,
  place: QuarantinePlace,
  { quarantine, counts }: Pick<NormalisedFile, "quarantine" | "counts">,
): Promise<void> {
  const at = new Date().toISOString();
  const { sha256 } = place;
  if (quarantine.count === 0) return supersedeQuarantine(io, head.key, sha256, at);
  const bucket = settings.buckets.quarantine;
  const linesKey = `${prefixOf(place)}.lines`;
  const indexKey = `${prefixOf(place)}.index.jsonl`;
  await io.objects.put(bucket, linesKey, createReadStream(quarantine.linesPath));
  await io.objects.put(bucket, indexKey, createReadStream(quarantine.indexPath));
  const reasons = { ...counts.reasons };
  await recordQuarantine(io, {
    sourceKey: head.key,
    sha256,
    count: quarantine.count,
    reasons,
    bucket,
    linesKey,
    indexKey,
    at,
  });
}
