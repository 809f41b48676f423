import { createHash } from "node:crypto";
import { text } from "node:stream/consumers";
import * as z from "zod";
import { objectMissing } from "../../../core/io/object-failures.ts";
import type { Io } from "../../../core/io/ports.ts";
import { retryConflict } from "../../../core/io/retry-conflict.ts";
import type { Settings } from "../../../core/io/settings.ts";
import { Failure } from "../../../core/model/failures.ts";
import { findArchive } from "../archive/archive-record.ts";
import { readManifest } from "../archive/manifest.ts";
import { LOADED_SOURCE } from "../sources/raw-tables.ts";
import { headsOf, noCounts, objectsOf, putObject, putOpen, writeAll, type OpenBatch } from "./records.ts";

export const BatchObject = z.object({
  key: z.string(),
  versionId: z.string(),
  sizeBytes: z.number(),
  courseId: z.string(),
  member: z.string(),
  /** 2 = quoted as RFC 4180 says; 1 = without quotes, as objects from before are. */
  dialect: z.union([z.literal(1), z.literal(2)]),
  /** As the manifest counts them; null = nobody has. */
  rows: z.number().nullable(),
  shortRows: z.number(),
  /** What the course holds now; another object was delivered before and is loaded late. */
  newest: z.boolean(),
});
export type BatchObject = z.infer<typeof BatchObject>;

type Home = { readonly io: Pick<Io, "objects" | "ledger">; readonly buckets: Settings["buckets"] };
type Delivered = Omit<BatchObject, "versionId" | "sizeBytes" | "dialect" | "newest"> & { readonly quoted: boolean };

/** What one archive has delivered of one table. Throws Rejected `archive_incomplete`. */
export async function deliveredBy(
  { io, buckets }: Home,
  table: string,
  archive: string,
): Promise<{ readonly version: string; readonly objects: readonly Delivered[] }> {
  const record = await findArchive(io.ledger, archive);
  if (record?.complete !== true) {
    throw new Failure("Rejected", `The archive ${archive} is not unpacked whole, so none of its tables are loaded.`, {
      code: "archive_incomplete",
      what: `load ${table} of ${archive}`,
      hint: "Land the whole archive; its manifest asks for the tables.",
    });
  }
  const objects: Delivered[] = [];
  for await (const row of readManifest(io.objects, buckets.artifacts, record.manifestKey)) {
    const { course_id: courseId, object_key: key, member, rows } = row;
    if (row.category !== "db_table" || row.table !== table || row.source !== LOADED_SOURCE) continue;
    if (courseId === null || key === null || (row.status !== "new" && row.status !== "unchanged")) continue;
    objects.push({ key, courseId, member, rows, shortRows: row.short_rows ?? 0, quoted: row.dialect === 2 });
  }
  return { version: record.version, objects };
}

/** Puts on record what nobody knows yet: it is seen while it queues. */
export const recordNew = (
  { io }: Pick<Home, "io">,
  table: string,
  archive: string,
  { version, objects }: Awaited<ReturnType<typeof deliveredBy>>,
): Promise<void> =>
  retryConflict(async () => {
    const known = await objectsOf(io.ledger, table);
    const at = new Date().toISOString();
    const unknown = objects.filter(({ key }) => !known.has(key));
    const writes = unknown.map(({ key, courseId, member }) =>
      putObject(table, key, { courseId, member, archive, archiveVersion: version, state: "new", at }, { absent: true }),
    );
    await writeAll(io.ledger, writes);
  });

/**
 * The batch of what an archive has brought and the table has not: objects that were never loaded, and those that are
 * what their course holds now, once more. Undefined = there is nothing. Under the lease of the table only.
 */
export async function openBatch(
  home: Home,
  table: string,
  archive: string,
  { version, objects }: Awaited<ReturnType<typeof deliveredBy>>,
): Promise<OpenBatch | undefined> {
  const { io, buckets } = home;
  const [known, heads] = [await objectsOf(io.ledger, table), await headsOf(io.ledger, table)];
  // Of two members of one course the later one counts, as it does in the archive's own records.
  const last = new Map(objects.map((object) => [object.courseId, object.key]));
  const chosen = objects.flatMap((object) => {
    const head = heads.get(object.courseId);
    const newest = last.get(object.courseId) === object.key && (head === undefined || archive >= head.archive);
    const isBack = newest && head?.objectKey !== object.key;
    return known.get(object.key)?.state === "loaded" && !isBack ? [] : [{ object, newest }];
  });
  if (chosen.length === 0) return undefined;
  const list: BatchObject[] = [];
  for (const { object, newest } of chosen) {
    const { quoted, ...delivered } = object;
    const ref = { bucket: buckets.landing, key: object.key };
    const head = await io.objects.head(ref);
    if (head === undefined) throw objectMissing(ref);
    const dialect = quoted || head.metadata["dialect"] === "2" ? 2 : 1;
    list.push({ ...delivered, versionId: head.versionId, sizeBytes: head.sizeBytes, dialect, newest });
  }
  const loadId = (Date.now() / 1_000).toFixed(6);
  const listKey = `edxorg/tables/${table}/${loadId}.json`;
  await io.objects.put(buckets.artifacts, listKey, JSON.stringify(list), { contentType: "application/json" });
  const open: OpenBatch = {
    ...{ batch: batchId(list), loadId, archive, archiveVersion: version, listKey, objects: list.length },
    ...{ startedAt: new Date().toISOString(), attempts: 0, cursor: { index: 0, offset: 0 }, slices: 0 },
    ...{ counts: noCounts, snapshots: [] },
  };
  const at = open.startedAt;
  const { batch } = open;
  await writeAll(io.ledger, [
    putOpen(table, open),
    ...list.map(({ key, courseId, member }) =>
      putObject(table, key, {
        ...{ courseId, member, archive, archiveVersion: version, state: "loading", batch, loadId, at },
      }),
    ),
  ]);
  return open;
}

/** The same objects have the same id, in whichever order they were found. */
export function batchId(objects: readonly Pick<BatchObject, "key" | "versionId">[]): string {
  const pairs = objects.map(({ key, versionId }) => [key, versionId]);
  const sorted = pairs.toSorted(([one = ""], [other = ""]) => (one < other ? -1 : 1));
  return createHash("sha256").update(JSON.stringify(sorted)).digest("hex");
}

export async function readList({ io, buckets }: Home, { listKey }: OpenBatch): Promise<BatchObject[]> {
  const body = await text(await io.objects.get({ bucket: buckets.artifacts, key: listKey }));
  return z.array(BatchObject).parse(JSON.parse(body));
}
