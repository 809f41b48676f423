import type { Io } from "../../../core/io/ports.ts";
import type { Settings } from "../../../core/io/settings.ts";
import { Failure } from "../../../core/model/failures.ts";
import { findArchive } from "../archive/archive-record.ts";
import { readManifest } from "../archive/manifest.ts";
import { LOADED_SOURCE } from "../sources/raw-tables.ts";
import type { DeliveredObject } from "./batch-object.ts";

export type ArchiveHome = { readonly io: Pick<Io, "objects" | "ledger">; readonly buckets: Settings["buckets"] };

/** What one archive has delivered of one table. */
export interface Delivered {
  readonly version: string;
  readonly objects: readonly DeliveredObject[];
  /** Courses of which the table has come, if only as an empty file or one that cannot be read. */
  readonly courses: ReadonlySet<string>;
  /** Courses whose file has no rows: no object is made of it. */
  readonly empty: ReadonlySet<string>;
}

/** Throws Rejected `archive_incomplete`. */
export async function deliveredBy({ io, buckets }: ArchiveHome, table: string, archive: string): Promise<Delivered> {
  const record = await findArchive(io.ledger, archive);
  if (record?.complete !== true) {
    throw new Failure("Rejected", `The archive ${archive} is not unpacked whole, so none of its tables are loaded.`, {
      code: "archive_incomplete",
      what: `load ${table} of ${archive}`,
      hint: "Land the whole archive; its manifest asks for the tables.",
    });
  }
  // Several files of one course may be one object: where the last one stands is its place.
  const objects = new Map<string, DeliveredObject>();
  const [courses, empty] = [new Set<string>(), new Set<string>()];
  for await (const row of readManifest(io.objects, buckets.artifacts, record.manifestKey)) {
    const { course_id: courseId, object_key: key, member, rows } = row;
    if (row.category !== "db_table" || row.table !== table || row.source !== LOADED_SOURCE) continue;
    if (courseId === null) continue;
    courses.add(courseId);
    if (row.status === "empty") empty.add(courseId);
    if (key === null || (row.status !== "new" && row.status !== "unchanged")) continue;
    objects.delete(key);
    objects.set(key, { key, courseId, member, rows, shortRows: row.short_rows ?? 0, quoted: row.dialect === 2 });
  }
  return { version: record.version, objects: [...objects.values()], courses, empty };
}
