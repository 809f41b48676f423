import { createReadStream } from "node:fs";
import type { Objects } from "../../core/io/ports.ts";
import type { ExtractedCourse } from "./extract.ts";
import type { CourseHome } from "./course-home.ts";
import { COURSE_ENTITIES } from "./sources/entities.ts";

export interface CourseContent {
  /** Local path of the archive's bytes; absent = they landed under their key. */
  readonly file?: string;
  /** Key that they get. */
  readonly contentPath: string;
  readonly sha256: string;
  readonly digest: string;
  readonly publishedVersion?: string;
}

/** Static assets are in the manifest. */
const ROW_FILES = COURSE_ENTITIES.filter((entity) => entity !== "course_static_assets");

/** Objects by content are written once and kept; only the manifest is a pointer and changes. */
export async function landCourse(
  objects: Objects,
  bucket: string,
  home: CourseHome,
  course: ExtractedCourse,
  { file, contentPath, sha256, digest, publishedVersion }: CourseContent,
): Promise<void> {
  const { manifest } = course.assets;
  const courseId = home.courseId(course.key);
  const keys = home.processedKeys(courseId, sha256, manifest.data_version);
  const gzip = { ifAbsent: true, contentType: "application/gzip" };
  const json = { ifAbsent: true, contentType: "application/json" };
  // Metadata is ASCII; Open edX allows letters of any script in a key.
  const metadata = {
    ...{ course_id: encodeURI(courseId), object_key: encodeURI(contentPath), content_digest: digest },
    ...(publishedVersion === undefined ? {} : { courseware_published_version: encodeURI(publishedVersion) }),
  };
  if (file !== undefined) await objects.put(bucket, contentPath, createReadStream(file), { ...gzip, metadata });
  for (const entity of ROW_FILES) {
    await objects.put(bucket, keys[entity], createReadStream(course.rows[entity].path), json);
  }
  await objects.put(bucket, keys.bundle, createReadStream(course.bundlePath), gzip);
  await objects.put(bucket, keys.manifest, JSON.stringify(manifest), { contentType: "application/json" });
}
