import { atOnce } from "../../../core/io/at-once.ts";
import { compareByteOrder } from "../../../core/model/content-digest.ts";
import type { TarballEntry } from "../drop/manifest.ts";
import { courseArchive, COURSES_AT_ONCE, type ArchiveHome } from "./course-archive.ts";

export interface TarballPlaces {
  readonly bucket: string;
  /** A copy becomes `<folder><course>.tar.gz`. */
  readonly folder: string;
  /** Epoch milliseconds. */
  readonly now: number;
}

/** The archive of every course, copied on the store's side. A course without one does not hold back the others. */
export async function copyTarballs(
  home: ArchiveHome,
  courses: readonly string[],
  places: TarballPlaces,
): Promise<readonly TarballEntry[]> {
  const entries = await atOnce(courses, COURSES_AT_ONCE, (course) => copyOne(home, course, places));
  return entries.toSorted((a, b) => compareByteOrder(a.course, b.course));
}

async function copyOne(
  home: ArchiveHome,
  course: string,
  { bucket, folder, now }: TarballPlaces,
): Promise<TarballEntry> {
  const { archive, behind, busy, failure } = await courseArchive(home, course);
  const why = busy ? "its export has not ended in time" : failure;
  if (archive === undefined) return { course, status: "failed", reason: why ?? "no archive of it was ever landed" };
  const { sha256, landedAt, publishedVersion } = archive;
  const copied = await home.objects.copy(archive, bucket, `${folder}${course}.tar.gz`, {
    contentType: "application/gzip",
  });
  const entry = { course, bytes: copied.sizeBytes, sha256 };
  if (!behind) return { ...entry, status: "ok" };
  return {
    ...entry,
    ...{ status: "stale", age_seconds: Math.round((now - landedAt) / 1_000) },
    ...(publishedVersion === undefined ? {} : { version: publishedVersion }),
    ...(why === undefined ? {} : { reason: why }),
  };
}
