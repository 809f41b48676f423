import * as z from "zod";
import { atOnce } from "../../../core/io/at-once.ts";
import { everyItem } from "../../../core/io/every-item.ts";
import type { Ledger, LedgerCondition, LedgerWrite } from "../../../core/io/ports.ts";

/** What the ledger holds of the loads of one table; docs/runbooks/edxorg-tables.md shows how to read it. */
const pkOf = {
  object: (table: string) => `edxorg-table-object#${table}`,
  head: (table: string) => `edxorg-table-head#${table}`,
  load: (table: string) => `edxorg-table-load#${table}`,
  open: () => "edxorg-table-open",
} as const;

/** What must go for a table to be loaded anew; what is on record of its loads stays. */
export const tableRecords = (table: string): readonly string[] => [pkOf.object(table), pkOf.head(table)];

/** One object of a table: `sk` is its key. */
export const ObjectRecord = z.object({
  courseId: z.string(),
  /** Path in the archive. */
  member: z.string(),
  /** The newest archive that brought it. */
  archive: z.string(),
  archiveVersion: z.string(),
  /** `loaded` only after its commit was read back. */
  state: z.enum(["new", "loading", "loaded", "failed"]),
  batch: z.string().exactOptional(),
  loadId: z.string().exactOptional(),
  /** Of the commit that completed it. */
  snapshot: z.string().exactOptional(),
  /** Why it cannot be read: a code and what the reader has said. */
  reason: z.string().exactOptional(),
  /** ISO 8601 */
  at: z.string(),
});
export type ObjectRecord = z.infer<typeof ObjectRecord>;

/** The newest loaded object of a course: `sk` is the course id. */
export const HeadRecord = z.object({
  objectKey: z.string(),
  archive: z.string(),
  archiveVersion: z.string(),
  loadId: z.string(),
  /** The newest archive that has it still; absent = `archive`. */
  lastSeenArchive: z.string().exactOptional(),
});
export type HeadRecord = z.infer<typeof HeadRecord>;

export const lastSeenIn = ({ archive, lastSeenArchive }: HeadRecord): string => lastSeenArchive ?? archive;

export const LoadCounts = z.object({
  rowsRead: z.number(),
  inserted: z.number(),
  refreshed: z.number(),
  absent: z.number(),
  /** Rows that their key had already in the same load. */
  duplicates: z.number(),
  /** Objects that cannot be read. */
  quarantined: z.number(),
});
export type LoadCounts = z.infer<typeof LoadCounts>;

export const noCounts: LoadCounts = {
  ...{ rowsRead: 0, inserted: 0, refreshed: 0, absent: 0, duplicates: 0, quarantined: 0 },
};

export const addCounts = (one: LoadCounts, other: LoadCounts): LoadCounts => ({
  rowsRead: one.rowsRead + other.rowsRead,
  inserted: one.inserted + other.inserted,
  refreshed: one.refreshed + other.refreshed,
  absent: one.absent + other.absent,
  duplicates: one.duplicates + other.duplicates,
  quarantined: one.quarantined + other.quarantined,
});

/** Where the next slice begins: an object of the batch's list, and a byte in it, which is 0 or the start of a line. */
export const Cursor = z.object({ index: z.number(), offset: z.number() });
export type Cursor = z.infer<typeof Cursor>;

/** What is to be committed next; until it is, nothing else is staged. */
export const StagedSlice = z.object({
  /** In the artifacts bucket; absent = there is nothing to commit. */
  planKey: z.string().exactOptional(),
  next: Cursor,
  counts: LoadCounts,
  /** Indexes in the batch's list, and why. */
  failed: z.array(z.object({ index: z.number(), reason: z.string() })),
});
export type StagedSlice = z.infer<typeof StagedSlice>;

/** The one batch of a table that is being loaded. */
export const OpenBatch = z.object({
  /** sha256 over the sorted keys and versions of its objects. */
  batch: z.string(),
  loadId: z.string(),
  archive: z.string(),
  archiveVersion: z.string(),
  /** The list of its objects, in the artifacts bucket. */
  listKey: z.string(),
  objects: z.number(),
  startedAt: z.string(),
  attempts: z.number(),
  cursor: Cursor,
  slices: z.number(),
  staged: StagedSlice.exactOptional(),
  counts: LoadCounts,
  /** Of its commits, in order. */
  snapshots: z.array(z.string()),
});
export type OpenBatch = z.infer<typeof OpenBatch>;

/** A batch that was loaded: `sk` is its load id. */
export const LoadRecord = OpenBatch.omit({ cursor: true, staged: true }).extend({
  endedAt: z.string(),
  seconds: z.number(),
});
export type LoadRecord = z.infer<typeof LoadRecord>;

/** Who works on a table holds it. */
export const tableLease = (table: string): string => `edxorg-table/${table}`;

/** Reads that are under way together: each is one item. */
const AT_ONCE = 32;

/** Of these keys those on record: all that a table ever had are more from year to year. */
export async function objectsAmong(
  ledger: Ledger,
  table: string,
  keys: readonly string[],
): Promise<Map<string, ObjectRecord>> {
  const items = await atOnce(keys, AT_ONCE, (key) => ledger.get(pkOf.object(table), key));
  return new Map(items.flatMap((item) => (item === undefined ? [] : [[item.sk, ObjectRecord.parse(item.data)]])));
}

export async function headsOf(ledger: Ledger, table: string): Promise<Map<string, HeadRecord>> {
  const heads = new Map<string, HeadRecord>();
  for await (const { sk, data } of everyItem(ledger, pkOf.head(table))) heads.set(sk, HeadRecord.parse(data));
  return heads;
}

export async function findOpen(
  ledger: Ledger,
  table: string,
): Promise<{ readonly open: OpenBatch; readonly rev: number } | undefined> {
  const item = await ledger.get(pkOf.open(), table);
  return item === undefined ? undefined : { open: OpenBatch.parse(item.data), rev: item.rev };
}

const any = { any: true } as const;

export const putObject = (
  table: string,
  key: string,
  data: ObjectRecord,
  condition: LedgerCondition = any,
): LedgerWrite => ({ put: { pk: pkOf.object(table), sk: key, data }, if: condition });

export const putHead = (table: string, course: string, data: HeadRecord): LedgerWrite => ({
  put: { pk: pkOf.head(table), sk: course, data },
  if: any,
});

/** `rev` of what it takes the place of; absent = there must be none. */
export const putOpen = (table: string, data: OpenBatch, rev?: number): LedgerWrite => ({
  put: { pk: pkOf.open(), sk: table, data },
  if: rev === undefined ? { absent: true } : { rev },
});

export const closeBatch = (table: string, data: LoadRecord, rev: number): LedgerWrite[] => [
  { put: { pk: pkOf.load(table), sk: data.loadId, data }, if: any },
  { delete: { pk: pkOf.open(), sk: table }, if: { rev } },
];

/** A transaction has at most 100 writes; what is written last may be what makes the rest count. */
const WRITES = 90;

export async function writeAll(ledger: Ledger, writes: readonly LedgerWrite[]): Promise<void> {
  for (let at = 0; at < writes.length; at += WRITES) await ledger.write(writes.slice(at, at + WRITES));
}
