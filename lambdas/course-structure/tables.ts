import type { ColumnPlan } from "../../core/model/commit-plan.ts";

const strings = (...names: string[]): ColumnPlan[] => names.map((name) => ({ name, type: "string" }));

/** Columns of the raw tables. All rows of a course are replaced together. Objects are JSON. */
export const STRUCTURE_COLUMNS = {
  course_structure: strings("course_id", "content_hash", "course_structure", "course_structure_flattened"),
  course_blocks: [
    ...strings("course_id", "block_id", "block_type", "block_title", "block_start", "block_due", "block_parent"),
    { name: "block_index", type: "long" },
    ...strings("block_details", "block_content_hash", "course_title", "course_start", "course_content_hash"),
  ],
} as const satisfies Record<string, readonly ColumnPlan[]>;

/** What every row says of where it comes from, behind the columns that its home gives it. */
const STRUCTURE_ORIGIN: readonly ColumnPlan[] = [
  /** When the LMS was asked. */
  { name: "retrieved_at", type: "timestamp" },
  ...strings("run_id"),
  { name: "loaded_at", type: "timestamp" },
];

export type StructureEntity = keyof typeof STRUCTURE_COLUMNS;
export const STRUCTURE_ENTITIES = ["course_structure", "course_blocks"] as const satisfies readonly StructureEntity[];

/** All columns of a table; `origin`: those that its home gives all rows. */
export const structureColumns = (entity: StructureEntity, origin: readonly string[]): ColumnPlan[] => [
  ...STRUCTURE_COLUMNS[entity],
  ...strings(...origin),
  ...STRUCTURE_ORIGIN,
];
