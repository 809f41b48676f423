import type { Ledger } from "../../../core/io/ports.ts";
import { retryConflict } from "../../../core/io/retry-conflict.ts";
import type { DeliveredObject } from "./batch-object.ts";
import type { Delivered } from "./delivered.ts";
import { headsOf, lastSeenIn, objectsAmong, putHead, putObject, writeAll, type HeadRecord } from "./records.ts";

export interface News {
  /** Objects that were never loaded, and those that are what their course holds now, once more. */
  readonly objects: readonly { readonly object: DeliveredObject; readonly newest: boolean }[];
  /** What courses held before and the archive holds still. */
  readonly seen: readonly { readonly courseId: string; readonly head: HeadRecord }[];
}

/** What an archive has brought and the table has not. Under the lease of the table only. */
export async function newsOf(
  ledger: Ledger,
  table: string,
  archive: string,
  { objects }: Pick<Delivered, "objects">,
): Promise<News> {
  const keys = objects.map(({ key }) => key);
  const [known, heads] = [await objectsAmong(ledger, table, keys), await headsOf(ledger, table)];
  // Of two members of one course the later one counts, as it does in the archive's own records.
  const last = new Map(objects.map((object) => [object.courseId, object.key]));
  const news = objects.flatMap((object) => {
    const head = heads.get(object.courseId);
    const newest = last.get(object.courseId) === object.key && (head === undefined || archive >= lastSeenIn(head));
    const isBack = newest && head?.objectKey !== object.key;
    return known.get(object.key)?.state === "loaded" && !isBack ? [] : [{ object, newest }];
  });
  const seen = [...last].flatMap(([courseId, key]) => {
    const head = heads.get(courseId);
    return head?.objectKey === key && archive > lastSeenIn(head) ? [{ courseId, head }] : [];
  });
  return { objects: news, seen };
}

/**
 * Has courses know that what they hold was delivered again: an archive between the two that is loaded late is then known
 * to be older, also when it was another that brought the object. Under the lease of the table only.
 */
export const recordSeen = (ledger: Ledger, table: string, archive: string, { seen }: Pick<News, "seen">) =>
  writeAll(
    ledger,
    seen.map(({ courseId, head }) => putHead(table, courseId, { ...head, lastSeenArchive: archive })),
  );

/** Puts on record what nobody knows yet: it is seen while it queues. */
export const recordNew = (
  ledger: Ledger,
  table: string,
  archive: string,
  { version, objects }: Delivered,
): Promise<void> =>
  retryConflict(async () => {
    const keys = objects.map(({ key }) => key);
    const known = await objectsAmong(ledger, table, keys);
    const at = new Date().toISOString();
    const unknown = objects.filter(({ key }) => !known.has(key));
    const writes = unknown.map(({ key, courseId, member }) =>
      putObject(table, key, { courseId, member, archive, archiveVersion: version, state: "new", at }, { absent: true }),
    );
    await writeAll(ledger, writes);
  });

/** Courses that the table has rows of and the archive has not, or has as an empty file: their rows stay as they are. */
export async function withoutObject(
  ledger: Ledger,
  table: string,
  archive: string,
  { courses, empty }: Delivered,
): Promise<{ readonly missing: number; readonly emptied: number }> {
  let [missing, emptied] = [0, 0];
  for (const [courseId, head] of await headsOf(ledger, table)) {
    if (lastSeenIn(head) >= archive) continue;
    if (!courses.has(courseId)) missing += 1;
    else if (empty.has(courseId)) emptied += 1;
  }
  return { missing, emptied };
}
