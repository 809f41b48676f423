import { createHash } from "node:crypto";
import { text } from "node:stream/consumers";
import * as z from "zod";
import { BatchObject, located } from "./batch-object.ts";
import type { ArchiveHome, Delivered } from "./delivered.ts";
import { newsOf, recordSeen } from "./news.ts";
import { noCounts, putObject, putOpen, writeAll, type OpenBatch } from "./records.ts";

/**
 * The batch of what an archive has brought and the table has not: objects that were never loaded, and those that are
 * what their course holds now, once more. Undefined = there is nothing. Under the lease of the table only.
 */
export async function openBatch(
  home: ArchiveHome,
  table: string,
  archive: string,
  delivered: Delivered,
): Promise<OpenBatch | undefined> {
  const { io, buckets } = home;
  const news = await newsOf(io.ledger, table, archive, delivered);
  await recordSeen(io.ledger, table, archive, news);
  if (news.objects.length === 0) return undefined;
  const list: BatchObject[] = [];
  for (const { object, newest } of news.objects) list.push(await located(io.objects, buckets.landing, object, newest));
  const loadId = (Date.now() / 1_000).toFixed(6);
  const listKey = `edxorg/tables/${table}/${loadId}.json`;
  await io.objects.put(buckets.artifacts, listKey, JSON.stringify(list), { contentType: "application/json" });
  const open: OpenBatch = {
    ...{ batch: batchId(list), loadId, archive, archiveVersion: delivered.version, listKey, objects: list.length },
    ...{ startedAt: new Date().toISOString(), attempts: 0, cursor: { index: 0, offset: 0 }, slices: 0 },
    ...{ counts: noCounts, snapshots: [] },
  };
  const at = open.startedAt;
  const { batch } = open;
  await writeAll(io.ledger, [
    putOpen(table, open),
    ...list.map(({ key, courseId, member }) =>
      putObject(table, key, {
        ...{ courseId, member, archive, archiveVersion: delivered.version, state: "loading", batch, loadId, at },
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

export async function readList({ io, buckets }: ArchiveHome, { listKey }: OpenBatch): Promise<BatchObject[]> {
  const body = await text(await io.objects.get({ bucket: buckets.artifacts, key: listKey }));
  return z.array(BatchObject).parse(JSON.parse(body));
}
