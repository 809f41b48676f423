import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import * as z from "zod";
import { everyItem } from "../../core/io/every-item.ts";
import type { Io, Ledger } from "../../core/io/ports.ts";
import type { Settings } from "../../core/io/settings.ts";

/** Where the objects of edx.org's tables came from and went to: docs/runbooks/edxorg-tables.md. */

export interface LineageHome {
  readonly io: Pick<Io, "ledger" | "objects">;
  readonly settings: Pick<Settings, "buckets">;
}

/** One way from a member of an archive to the commit that has its rows; null = it has not come so far. */
export interface TableLink {
  readonly archive: string | null;
  readonly member: string;
  readonly table: string;
  readonly course: string;
  readonly object: string;
  readonly state: string | null;
  readonly batch: string | null;
  readonly load: string | null;
  readonly snapshot: string | null;
  readonly reason: string | null;
}

export interface TableLoad {
  readonly load: string;
  readonly archive: string;
  readonly batch: string;
  readonly objects: number;
  readonly rowsRead: number;
  readonly inserted: number;
  readonly refreshed: number;
  readonly absent: number;
  readonly quarantined: number;
  readonly seconds: number;
  readonly snapshots: readonly string[];
}

const ObjectRecord = z.object({
  courseId: z.string(),
  member: z.string(),
  archive: z.string(),
  state: z.string(),
  batch: z.string().optional(),
  loadId: z.string().optional(),
  snapshot: z.string().optional(),
  reason: z.string().optional(),
});
const Loaded = z.object({ archive: z.string(), batch: z.string(), listKey: z.string(), objects: z.number() });
const Counted = z.object({
  seconds: z.number(),
  snapshots: z.array(z.string()),
  counts: z.record(z.string(), z.number()),
});
const LoadRecord = z.object({ ...Loaded.shape, ...Counted.shape });
const ArchiveRecord = z.object({ manifestKey: z.string(), complete: z.boolean().default(true) });
const Member = z.object({ member: z.string(), table: z.string(), course_id: z.string(), object_key: z.string() });
const Manifest = z.object({ ...Member.shape, category: z.literal("db_table"), source: z.literal("prod") });
const Listed = z.array(z.object({ key: z.string() }));

const TABLE_OBJECT = /^edxorg\/raw_data\/db_table\/([^/]+)\/[^/]+\/([^/]+)\//;

async function linkOf(ledger: Ledger, table: string, object: string): Promise<TableLink | undefined> {
  const item = await ledger.get(`edxorg-table-object#${table}`, object);
  if (item === undefined) return undefined;
  const { archive, member, courseId, state, batch, loadId, snapshot, reason } = ObjectRecord.parse(item.data);
  return {
    ...{ archive, member, table, course: courseId, object, state },
    ...{ batch: batch ?? null, load: loadId ?? null, snapshot: snapshot ?? null, reason: reason ?? null },
  };
}

/** Undefined = the key is of no object that the tables know. */
export async function lineageOfObject({ io }: LineageHome, key: string): Promise<TableLink | undefined> {
  const [, table] = TABLE_OBJECT.exec(key) ?? [];
  return table === undefined ? undefined : linkOf(io.ledger, table, key);
}

/** Forward: what became of the members of an archive. Undefined = it was never unpacked. */
export async function lineageOfArchive(
  { io, settings }: LineageHome,
  archive: string,
  table: string | undefined,
): Promise<{ readonly links: TableLink[]; readonly isComplete: boolean } | undefined> {
  const item = await io.ledger.get("edxorg-archive", archive);
  if (item === undefined) return undefined;
  const { manifestKey: key, complete: isComplete } = ArchiveRecord.parse(item.data);
  const links: TableLink[] = [];
  const input = await io.objects.get({ bucket: settings.buckets.artifacts, key });
  for await (const line of createInterface({ input, crlfDelay: Infinity })) {
    const row = Manifest.safeParse(JSON.parse(line)).data;
    if (row === undefined || (table !== undefined && row.table !== table)) continue;
    const { member, object_key: object, course_id: course } = row;
    const link = await linkOf(io.ledger, row.table, object);
    const none = { state: null, batch: null, load: null, snapshot: null, reason: null };
    // The object may have come with an earlier archive, too: here it is a member of this one.
    links.push({ ...(link ?? { table: row.table, course, object, ...none }), archive, member });
  }
  return { links, isComplete };
}

/** Newest first. */
export async function loadsOfTable({ io }: LineageHome, table: string): Promise<TableLoad[]> {
  const loads: TableLoad[] = [];
  for await (const { sk, data } of everyItem(io.ledger, `edxorg-table-load#${table}`)) {
    const { archive, batch, objects, counts, seconds, snapshots } = LoadRecord.parse(data);
    const { rowsRead = 0, inserted = 0, refreshed = 0, absent = 0, quarantined = 0 } = counts;
    loads.push({
      ...{ load: sk, archive, batch, objects, rowsRead, inserted, refreshed, absent, quarantined, seconds, snapshots },
    });
  }
  return loads.toReversed();
}

/** Backward: what a load, named by its id or by one of its snapshots, was made of. Undefined = there is none. */
export async function lineageOfLoad(
  home: LineageHome,
  table: string,
  wanted: string,
): Promise<TableLink[] | undefined> {
  const { io, settings } = home;
  const load = (await loadsOfTable(home, table)).find((one) => one.load === wanted || one.snapshots.includes(wanted));
  const item = load === undefined ? undefined : await io.ledger.get(`edxorg-table-load#${table}`, load.load);
  if (item === undefined) return undefined;
  const { listKey, archive } = LoadRecord.parse(item.data);
  const body = await text(await io.objects.get({ bucket: settings.buckets.artifacts, key: listKey }));
  const links: TableLink[] = [];
  for (const { key } of Listed.parse(JSON.parse(body))) {
    const link = await linkOf(io.ledger, table, key);
    if (link !== undefined) links.push({ ...link, archive });
  }
  return links;
}

/** A course whose table has come without rows, or not at all: those it had stay live. */
export interface MissingCourse {
  readonly course: string;
  /** What the newest archive has of it: no file, or one without rows. */
  readonly file: "missing" | "empty";
  /** The first complete archive without the file; the first with an empty one. */
  readonly since: string;
  /** The newest archive with a file, if only an empty one. */
  readonly lastSeen: string;
  /** The newest with rows, and how many they are. */
  readonly object: string;
  readonly rows: number | null;
}

const MissingMember = z.object({
  missingSince: z.string().optional(),
  emptySince: z.string().optional(),
  lastSeenArchive: z.string(),
  objectKey: z.string(),
  rows: z.number().nullable(),
});
const PROD = "|prod";

/** Undefined = no archive has brought such a table. */
export async function missingOfTable({ io }: LineageHome, name: string): Promise<MissingCourse[] | undefined> {
  const courses: MissingCourse[] = [];
  let members = 0;
  for await (const { sk, data } of everyItem(io.ledger, `edxorg-member#edxorg/raw_data/db_table/${name}`)) {
    members += 1;
    const member = MissingMember.safeParse(data).data;
    if (member === undefined || !sk.endsWith(PROD)) continue;
    const { missingSince, emptySince, lastSeenArchive: lastSeen, objectKey: object, rows } = member;
    const since = missingSince ?? emptySince;
    if (since === undefined) continue;
    const file = missingSince === undefined ? "empty" : "missing";
    courses.push({ course: sk.slice(0, -PROD.length), file, since, lastSeen, object, rows });
  }
  return members === 0 ? undefined : courses;
}
