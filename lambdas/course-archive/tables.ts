import type { ColumnPlan } from "../../core/model/commit-plan.ts";
import { COURSE_ENTITIES, type CourseEntity } from "./sources/entities.ts";

const strings = (...names: string[]): ColumnPlan[] => names.map((name) => ({ name, type: "string" }));

/** What every row says of where it comes from, behind the columns that its home gives it. */
const ORIGIN: readonly ColumnPlan[] = [
  ...strings("archive_sha256"),
  /** When the archive landed. */
  { name: "retrieved_at", type: "timestamp" },
  ...strings("run_id"),
  { name: "loaded_at", type: "timestamp" },
];

/** Raw tables of one course archive: `raw__<deployment>__openedx__xml__<entity>`. All rows of a course are replaced together. */
const ENTITIES = {
  course_metadata: [
    ...strings("course_id", "course_number", "semester", "institution", "title", "course_start", "course_end"),
    ...strings("enrollment_start", "enrollment_end", "instructor_info"),
    { name: "self_paced", type: "boolean" },
  ],
  course_video: strings("course_id", "video_block_id", "edx_video_id", "duration"),
  course_xml_blocks: strings(
    ...["course_id", "block_id", "block_type", "block_display_name", "xml_attributes", "xml_path", "raw_xml"],
    ...["edx_video_id", "duration", "max_attempts", "weight", "markdown"],
  ),
  course_blocks: [
    ...strings("course_id", "block_id", "usage_key", "block_type", "block_title", "block_start", "block_due"),
    ...strings("block_parent", "parent_usage_key"),
    { name: "block_index", type: "long" },
    { name: "block_depth", type: "int" },
    { name: "is_inline", type: "boolean" },
    ...strings("xml_path", "block_content_hash"),
  ],
  course_policy: [
    ...strings("course_id", "policy_key", "advanced_modules", "discussions_settings", "display_coursenumber"),
    { name: "self_paced", type: "boolean" },
    ...strings("tabs", "tags", "policy", "grading_policy"),
  ],
  course_signatories: strings(
    ...["course_id", "certificate_id", "id", "name", "title", "organization", "signature_image_path", "details"],
  ),
  course_static_assets: [
    ...strings("course_id", "path", "mime_type"),
    { name: "size_bytes", type: "long" },
    ...strings("sha256", "data_version"),
  ],
  course_documents: [
    ...strings("course_id", "path", "file_extension", "content_type", "edx_module_id", "title", "text", "sha256"),
    { name: "size_bytes", type: "long" },
    ...strings("status", "detail"),
  ],
  course_transcripts: [
    ...strings("course_id", "path", "format", "language", "edx_module_id", "text"),
    { name: "cues", type: "long" },
    { name: "end_ms", type: "long" },
    ...strings("sha256"),
    { name: "size_bytes", type: "long" },
    ...strings("status", "detail"),
  ],
} satisfies Record<CourseEntity, ColumnPlan[]>;

export interface EntityTable {
  readonly entity: CourseEntity;
  readonly table: string;
  /** Columns that the rows themselves hold. */
  readonly own: readonly ColumnPlan[];
  readonly origin: readonly ColumnPlan[];
}

/** `origin`: names of the columns that their home gives all rows. */
export const tablesOf = (table: (entity: CourseEntity) => string, origin: readonly string[]): EntityTable[] =>
  COURSE_ENTITIES.map((entity) => ({
    entity,
    table: table(entity),
    own: ENTITIES[entity],
    origin: [...strings(...origin), ...ORIGIN],
  }));
