import type { CourseHome } from "../../course-archive/course-home.ts";
import { tablesOf } from "../../course-archive/tables.ts";
import { partitionText } from "../../../core/model/items/partition-key.ts";
import {
  COURSE_XML,
  courseXmlTable,
  EDXORG_COURSE_ID,
  LEARN_SOURCE,
  RAW_COURSE_XML,
  type CourseSource,
} from "../sources/course-sources.ts";

const processed = (...parts: string[]): string => ["edxorg/processed_data", ...parts].join("/");

/** Courses of edx.org are kept by the id that the archive has for them, whatever their `course.xml` says. */
export function edxorgHome({ source, home, announcesContent }: CourseSource, courseId: string): CourseHome {
  const json = (name: string, sha256: string) => processed(name, source, courseId, `${sha256}.json`);
  return {
    ...{ id: home, asset: COURSE_XML, tables: courseXmlTables },
    courseId: () => courseId,
    partition: (course) => partitionText([course, source]),
    origin: (course) => ({ source_system: source, [EDXORG_COURSE_ID]: course }),
    replace: (course) => [
      { column: EDXORG_COURSE_ID, value: course },
      { column: "source_system", value: source },
    ],
    contentKey: (course, sha256) => `${RAW_COURSE_XML}/${source}/${course}/${sha256}.xml.tar.gz`,
    processedKeys: (course, sha256, bundle) => ({
      course_metadata: json("course_metadata", sha256),
      course_video: json("course_video", sha256),
      course_xml_blocks: json("course_xml_blocks", sha256),
      // `course_blocks` without "archive" holds those of the structure that the archive has beside the export.
      course_blocks: json("course_archive_blocks", sha256),
      course_policy: json("course_policy", sha256),
      course_signatories: json("course_certificate_signatory", sha256),
      course_documents: json("course_documents", sha256),
      course_transcripts: json("course_transcripts", sha256),
      bundle: processed("course_static_assets", source, course, `${bundle}.tar.gz`),
      manifest: processed("course_static_assets_manifest", source, course, "manifest.json"),
    }),
    ...(announcesContent ? { learnSource: LEARN_SOURCE } : {}),
    check: () => undefined,
    publishedVersion: async () => undefined,
  };
}

const courseXmlTables = tablesOf(courseXmlTable, ["source_system", EDXORG_COURSE_ID]);
