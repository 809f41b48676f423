import type { Objects } from "../../../core/io/ports.ts";
import { compareByteOrder } from "../../../core/model/content-digest.ts";
import type { TarballEntry } from "./manifest.ts";

/** Lists and copies are calls of S3 that take their time on its side. */
const AT_ONCE = 16;
/** `<sha256 of the bytes>.xml.tar.gz` */
const ARCHIVE = /(?:^|\/)([0-9a-f]{64})\.xml\.tar\.gz$/;

export interface TarballPlaces {
  readonly landing: string;
  /** Archives of a course lie under `<archives><course>/`. */
  readonly archives: string;
  readonly bucket: string;
  /** A copy becomes `<folder><course>.tar.gz`. */
  readonly folder: string;
}

/** The newest archive of every course, copied on the store's side. A course without one does not hold back the others. */
export async function copyTarballs(
  objects: Objects,
  courses: readonly string[],
  places: TarballPlaces,
): Promise<readonly TarballEntry[]> {
  const entries: TarballEntry[] = [];
  const waiting = courses.values();
  const work = async (): Promise<void> => {
    for (const course of waiting) entries.push(await copyOne(objects, course, places));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return entries.toSorted((a, b) => compareByteOrder(a.course, b.course));
}

async function copyOne(objects: Objects, course: string, places: TarballPlaces): Promise<TarballEntry> {
  const { landing, archives, bucket, folder } = places;
  const { objects: found } = await objects.list(landing, `${archives}${course}/`);
  const newest = found
    .filter(({ key }) => ARCHIVE.test(key))
    .toSorted((a, b) => a.lastModified.getTime() - b.lastModified.getTime())
    .at(-1);
  if (newest === undefined) return { course, status: "failed", reason: "no archive of this course was ever landed" };
  const key = `${folder}${course}.tar.gz`;
  const { sizeBytes } = await objects.copy(newest, bucket, key, { contentType: "application/gzip" });
  return { course, status: "ok", bytes: sizeBytes, sha256: ARCHIVE.exec(newest.key)?.[1] ?? "" };
}
