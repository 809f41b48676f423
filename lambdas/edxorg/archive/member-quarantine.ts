import { createReadStream } from "node:fs";
import type { Io } from "../../../core/io/ports.ts";
import { recordQuarantine } from "../../../core/io/quarantine.ts";
import { givenAway, type SpooledFile } from "./output-spool.ts";
import type { TableFacts, TableTarget } from "./table-facts.ts";

export interface QuarantineHome {
  readonly io: Pick<Io, "objects" | "ledger">;
  readonly bucket: string;
  /** Key of the archive in the landing bucket, and its name. */
  readonly archiveKey: string;
  readonly archive: string;
}

/** Members are named like files in a folder: their own bytes are what the record is of. */
const sourceKey = (home: QuarantineHome, member: string): string => `${home.archiveKey}/${member}`;

const prefixOf = ({ archive }: QuarantineHome, memberSha256: string): string =>
  `quarantine/edxorg_archives/${archive}/${memberSha256}`;

/** Lines of a table that is otherwise stored. */
export async function quarantineLines(
  home: QuarantineHome,
  member: string,
  sha256: string,
  { quarantined, reasons }: TableFacts,
  { linesPath, indexPath }: Pick<TableTarget, "linesPath" | "indexPath">,
): Promise<void> {
  const { io, bucket } = home;
  const linesKey = `${prefixOf(home, sha256)}.lines`;
  const indexKey = `${prefixOf(home, sha256)}.index.jsonl`;
  await io.objects.put(bucket, linesKey, createReadStream(linesPath), { ifAbsent: true });
  await io.objects.put(bucket, indexKey, createReadStream(indexPath), { ifAbsent: true });
  const at = new Date().toISOString();
  const counts = { count: quarantined, reasons: { ...reasons } };
  await recordQuarantine(io, { sourceKey: sourceKey(home, member), sha256, ...counts, bucket, linesKey, indexKey, at });
}

/** A member that breaks its contract as a whole: in the archive nobody would find its bytes. */
export async function quarantineMember(
  home: QuarantineHome,
  member: string,
  file: SpooledFile,
  reason: string,
): Promise<void> {
  const { io, bucket } = home;
  const { sha256 } = file;
  const key = `${prefixOf(home, sha256)}.member`;
  const { head } = await io.objects.put(bucket, key, givenAway(file), { ifAbsent: true });
  const { versionId, sizeBytes } = head;
  await recordQuarantine(io, {
    ...{ sourceKey: sourceKey(home, member), sha256, count: 1, reasons: { [reason]: 1 }, wholeFile: reason },
    ...{ bucket, key, versionId, sizeBytes, at: new Date().toISOString() },
  });
}
