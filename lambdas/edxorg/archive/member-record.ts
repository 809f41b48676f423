import * as z from "zod";
import type { Ledger } from "../../../core/io/ports.ts";
import { memberRecord } from "./keys.ts";
import type { DraftRow, ManifestRow } from "./manifest-row.ts";
import type { MemberName } from "./member-name.ts";
import { isEdxorgTable } from "../sources/tables.ts";
import type { ArchiveVersion } from "./progress.ts";

/**
 * `pk edxorg-member#<asset>, sk <course id>|<source>`: the newest content of a partition and the archive that brought
 * it, and the newest archive that still had it.
 */
export const MemberRecord = z.object({
  member: z.string(),
  sha256: z.string(),
  objectKey: z.string(),
  rows: z.number().nullable(),
  /** Where this content came first. */
  archive: z.string(),
  archiveVersion: z.string(),
  lastSeenArchive: z.string(),
  lastSeenVersion: z.string(),
  /** ISO 8601 */
  lastSeenAt: z.string(),
  /** The first complete archive without it, while it is missing. */
  missingSince: z.string().exactOptional(),
});
export type MemberRecord = z.infer<typeof MemberRecord>;

export interface Judged {
  readonly row: ManifestRow;
  /** What is to be on record of the partition; absent = what is. */
  readonly record?: MemberRecord;
}

export async function findRecord(
  ledger: Ledger,
  name: Parameters<typeof memberRecord>[0],
): Promise<MemberRecord | undefined> {
  const { pk, sk } = memberRecord(name);
  const item = await ledger.get(pk, sk);
  return item === undefined ? undefined : MemberRecord.parse(item.data);
}

/**
 * Whether a member is new, by what is on record and not by whether its object exists: a worker may have died between
 * the put and its record. An archive that is older than what is on record changes nothing there.
 */
export function judge(
  { status, ...row }: DraftRow,
  name: MemberName,
  before: MemberRecord | undefined,
  { archive, version }: ArchiveVersion,
  now: string,
): Judged {
  const seen = { lastSeenArchive: archive, lastSeenVersion: version, lastSeenAt: now };
  const isOlder = before !== undefined && before.lastSeenArchive > archive;
  if (status !== "stored" || row.sha256 === null || row.object_key === null) {
    const judged: ManifestRow = { ...row, status: status === "stored" ? "malformed" : status };
    if (before === undefined || isOlder) return { row: judged };
    return { row: judged, record: { ...present(before), ...seen } };
  }
  const same = before?.sha256 === row.sha256;
  const unknown = name.table !== undefined && !isEdxorgTable(name.table);
  const judged: ManifestRow = { ...row, status: unknown ? "unknown_table" : same ? "unchanged" : "new" };
  if (isOlder) return { row: judged };
  if (same && before !== undefined) return { row: judged, record: { ...present(before), ...seen } };
  const content = { member: row.member, sha256: row.sha256, objectKey: row.object_key, rows: row.rows };
  return { row: judged, record: { ...content, archive, archiveVersion: version, ...seen } };
}

function present(before: MemberRecord): MemberRecord {
  const { missingSince, ...record } = before;
  return missingSince === undefined ? before : record;
}
