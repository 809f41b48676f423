import type { Source } from "../archive/member-name.ts";

/** What the archives hold of a course beside tables: as it came, and what is made of it. */
export const RAW_COURSE_XML = "edxorg/raw_data/course_xml";
export const RAW_COURSE_STRUCTURE = "edxorg/raw_data/course_structure";
export const COURSE_XML = "edxorg/processed_data/course_xml";
export const COURSE_STRUCTURE = "edxorg/processed_data/course_structure";

/** Where runs that work on one course wait: the name of their domain. */
export const COURSES_LANE = "edxorg_courses";

/** As MIT Learn names edx.org. */
export const LEARN_SOURCE = "mit_edx";

/** One row per source of courses. */
export interface CourseSource {
  readonly source: Source;
  /** Of its records and plans. */
  readonly home: string;
  /** Whether MIT Learn is told about new course content. */
  readonly announcesContent: boolean;
}

export const courseSources: readonly CourseSource[] = [
  { source: "prod", home: "edxorg/prod", announcesContent: true },
  { source: "edge", home: "edxorg/edge", announcesContent: true },
];

/** Column of the id by which the archives know a course: `<org>-<number>-<run>`. */
export const EDXORG_COURSE_ID = "edxorg_course_id";

/** Raw tables of course exports; both sources share them. */
export const courseXmlTable = (entity: string): string => `raw__edxorg__s3__xml__${entity}`;

/** Raw tables of course structures; both sources share them. */
export const courseStructureTable = (entity: "course_structure" | "course_blocks"): string =>
  `raw__edxorg__s3__${entity}`;
