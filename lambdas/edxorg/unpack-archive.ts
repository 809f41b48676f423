import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as z from "zod";
import { diskFull, isDiskFull } from "../../core/io/disk-failures.ts";
import { objectMissing } from "../../core/io/object-failures.ts";
import { task, type TaskContext } from "../../core/task.ts";
import { findArchive, type ArchiveRecord } from "./archive/archive-record.ts";
import { ARCHIVE_ASSET, landedArchive } from "./archive/keys.ts";
import { EDXORG_LIMITS } from "./archive/limits.ts";
import type { RowHash } from "./archive/row-hash.ts";
import { unpackArchive } from "./archive/unpack.ts";
import { EDXORG_ARCHIVE_CODE } from "./sources/code-versions.ts";
import { RowHashSetting, settleRowHash } from "./settled-row-hash.ts";

const Input = z.looseObject({ bucket: z.string().min(1), key: z.string().min(1), rowHash: RowHashSetting });

export const handler = task({ name: "UnpackArchive", input: Input, run: unpackLanded });

type Ignored = { readonly outcome: "ignored"; readonly reason: string };

interface ArchiveOutcome {
  /** `unchanged`: this version was unpacked and announced before. */
  readonly outcome: "unpacked" | "unchanged";
  readonly asset: string;
  readonly partition: string;
  /** sha256 of the archive, and `-legacy` where its rows have those hashes. */
  readonly dataVersion: string;
  readonly codeVersion: string;
  readonly tables: readonly string[];
  /** Members by status. */
  readonly counts: Readonly<Record<string, number>>;
  readonly manifestKey: string;
  readonly members: number;
  /** Partitions of the archive before that are not in this one. */
  readonly missing: number;
  readonly checks: readonly { readonly name: string; readonly passed: boolean; readonly members: number }[];
}

/** One landed weekly archive of edx.org: every member an object, and a manifest that tells of all of them. */
export async function unpackLanded(
  { bucket, key, rowHash }: z.infer<typeof Input>,
  { io, settings, run, log }: Pick<TaskContext, "io" | "settings" | "run" | "log">,
): Promise<ArchiveOutcome | Ignored> {
  const archive = landedArchive(key);
  if (archive === undefined) return { outcome: "ignored", reason: `${key} is not named like an archive of edx.org` };
  await settleRowHash(io.ledger, rowHash);
  // The event is a hint: only what the object itself says counts.
  const object = await io.objects.head({ bucket, key });
  if (object === undefined) throw objectMissing({ bucket, key });
  const known = await findArchive(io.ledger, archive);
  if (known?.complete === true && known.version === object.etag && known.codeVersion === EDXORG_ARCHIVE_CODE) {
    const announced = await io.ledger.get(
      `materialisation#${ARCHIVE_ASSET}`,
      `${archive}#${versionOf(known, rowHash)}#${EDXORG_ARCHIVE_CODE}`,
    );
    return outcomeOf(archive, known, rowHash, announced === undefined ? "unpacked" : "unchanged");
  }
  const folder = await mkdtemp(join(tmpdir(), "millrace-edxorg-"));
  try {
    const unpacking = {
      io,
      buckets: settings.buckets,
      object,
      archive,
      folder,
      rowHash,
      limits: EDXORG_LIMITS,
    };
    const record = await unpackArchive({ ...unpacking, runId: run.id });
    const outcome = outcomeOf(archive, record, rowHash, "unpacked");
    for (const check of outcome.checks)
      if (!check.passed) log.warn("An archive's check has failed.", { archive, check });
    return outcome;
  } catch (error) {
    throw isDiskFull(error) ? diskFull(`unpack ${key}`, error) : error;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Of the archive's bytes and of what its rows are told apart by: tables with other hashes are made of another version. */
const versionOf = ({ sha256 }: Pick<ArchiveRecord, "sha256">, rowHash: RowHash): string =>
  rowHash === "legacy" ? `${sha256}-legacy` : sha256;

function outcomeOf(
  archive: string,
  record: ArchiveRecord,
  rowHash: RowHash,
  outcome: ArchiveOutcome["outcome"],
): ArchiveOutcome {
  const { counts, manifestKey, members, missing } = record;
  const dataVersion = versionOf(record, rowHash);
  const check = (name: string, found: number) => ({ name, passed: found === 0, members: found });
  return {
    ...{ outcome, asset: ARCHIVE_ASSET, partition: archive, dataVersion, codeVersion: EDXORG_ARCHIVE_CODE },
    ...{ tables: [], counts, manifestKey, members, missing },
    checks: [
      check("unknown_table", counts["unknown_table"] ?? 0),
      check("malformed_member", counts["malformed"] ?? 0),
      check("missing_partition", missing),
    ],
  };
}
