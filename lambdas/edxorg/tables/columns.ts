import type { ColumnPlan } from "../../../core/model/commit-plan.ts";

/** What every row has beside the columns of its file, all of which are strings. */
export const COMMON: readonly ColumnPlan[] = [
  /** When the row came first. */
  { name: "_loaded_at", type: "timestamp" },
  /** Of the newest load that has seen the row. */
  { name: "_load_id", type: "string" },
  /** The newest object that had the row. */
  { name: "_source_uri", type: "string" },
  /** The same as `_load_id`: models from before find live rows by it. */
  { name: "_dlt_load_id", type: "string" },
  /** When the newest object of the course came without it; null = that has it. */
  { name: "_absent_since", type: "timestamp" },
];

export const strings = (names: readonly string[]): ColumnPlan[] => names.map((name) => ({ name, type: "string" }));

/** What tells rows apart. */
export const KEY = ["row_hash", "extracted_course_key"] as const;
export const COURSE = "extracted_course_key";
