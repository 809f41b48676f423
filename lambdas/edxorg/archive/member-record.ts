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
  /**
   * Contents of the partition in the last archive that had it, and in the one before, where they differ or are several:
   * an archive may have several files of a partition. The last one counts; the others are no news because of that.
   */
  delivered: z.array(z.string()).exactOptional(),
  deliveredBefore: z.array(z.string()).exactOptional(),
  /** The first complete archive without it, while it is missing. */
  missingSince: z.string().exactOptional(),
  /** The first archive whose file of it was empty, while none with content came after; releases before leave it out. */
  emptySince: z.string().exactOptional(),
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
  const missing = stillMissing(before, archive);
  if (status !== "stored" || row.sha256 === null || row.object_key === null) {
    const judged: ManifestRow = { ...row, status: status === "stored" ? "malformed" : status };
    if (before === undefined || isOlder) return { row: judged };
    const empty = status === "empty" ? emptySince(before, { archive, version }) : {};
    return { row: judged, record: { ...present(before), ...seen, ...empty, ...missing } };
  }
  const { known, delivered } = deliveries(before, row.sha256, { archive, version });
  const same = before?.sha256 === row.sha256;
  const unknown = name.table !== undefined && !isEdxorgTable(name.table);
  const judged: ManifestRow = { ...row, status: unknown ? "unknown_table" : known ? "unchanged" : "new" };
  if (isOlder) return { row: judged };
  if (same && before !== undefined)
    return { row: judged, record: { ...present(before), ...seen, ...delivered, ...missing } };
  const content = { member: row.member, sha256: row.sha256, objectKey: row.object_key, rows: row.rows };
  return { row: judged, record: { ...content, archive, archiveVersion: version, ...seen, ...delivered, ...missing } };
}

/** Whether this content was delivered before, and what is then on record of the deliveries: nothing where nothing changes. */
function deliveries(
  before: MemberRecord | undefined,
  sha256: string,
  { archive, version }: ArchiveVersion,
): { readonly known: boolean; readonly delivered: Pick<MemberRecord, "delivered" | "deliveredBefore"> } {
  if (before === undefined) return { known: false, delivered: {} };
  const last = before.delivered ?? [before.sha256];
  const isSecond = before.lastSeenArchive === archive && before.lastSeenVersion === version;
  const earlier = isSecond ? (before.deliveredBefore ?? []) : last;
  const own = [...new Set([...(isSecond ? last : []), sha256])];
  const known = earlier.includes(sha256) || (isSecond && last.includes(sha256));
  if (own.length === 1 && earlier.length === 1 && own[0] === earlier[0]) return { known, delivered: {} };
  return { known, delivered: { delivered: own, deliveredBefore: [...earlier] } };
}

/** Beside an empty file an archive may have one of the same partition that is not: it is what the archive holds. */
function emptySince(before: MemberRecord, { archive, version }: ArchiveVersion): Pick<MemberRecord, "emptySince"> {
  const isSecond = before.lastSeenArchive === archive && before.lastSeenVersion === version;
  const since = before.emptySince ?? (isSecond ? undefined : archive);
  return since === undefined ? {} : { emptySince: since };
}

/** An archive that comes late says nothing of a newer one that has been found without the partition. */
function stillMissing(before: MemberRecord | undefined, archive: string): Pick<MemberRecord, "missingSince"> {
  const since = before?.missingSince;
  return since !== undefined && since > archive ? { missingSince: since } : {};
}

/** Not missing or empty any more, and without what its deliveries were. */
function present({
  missingSince: _missing,
  emptySince: _empty,
  delivered: _last,
  deliveredBefore: _earlier,
  ...record
}: MemberRecord): MemberRecord {
  return record;
}
