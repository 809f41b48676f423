/** What a course archive becomes, a raw table of each for every home: assets are declared and rows are loaded by this list. */
export const COURSE_ENTITIES = [
  "course_metadata",
  "course_video",
  "course_xml_blocks",
  "course_blocks",
  "course_policy",
  "course_signatories",
  "course_static_assets",
  "course_documents",
  "course_transcripts",
] as const;

export type CourseEntity = (typeof COURSE_ENTITIES)[number];
