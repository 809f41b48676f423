import type { ColumnPlan } from "../../../core/model/commit-plan.ts";
import type { CatalogueEntity } from "../sources/catalogue.ts";

const strings = (...names: string[]): ColumnPlan[] => names.map((name) => ({ name, type: "string" }));
const described = strings("title", "short_description", "full_description", "level_type", "marketing_url");
const image = strings("image__url", "image__description");

/** Numbers and lists are JSON text, as they came. */
export const CATALOGUE_COLUMNS: Readonly<Record<CatalogueEntity, readonly ColumnPlan[]>> = {
  program_metadata: strings(
    ...["uuid", "title", "subtitle", "type", "status", "authoring_organizations", "data_modified_timestamp"],
  ),
  program_course_metadata: strings(
    ...["program_uuid", "course_key", "course_title", "course_short_description", "course_type"],
  ),
  course_metadata: [
    ...[...strings("course_key", "owner"), ...described, ...image],
    ...strings("course_type", "subjects", "prerequisites", "prerequisites_raw", "modified"),
  ],
  course_run_metadata: [
    ...[...strings("course_key", "run_key"), ...described, ...image],
    ...strings("languages", "start_on", "end_on", "enrollment_start", "enrollment_end", "announcement"),
    ...strings("pacing_type", "enrollment_type", "availability", "status"),
    { name: "is_enrollable", type: "boolean" },
    ...strings("seats", "staff", "weeks_to_complete", "min_effort", "max_effort", "estimated_hours", "modified"),
  ],
};

/** What every row says of where it comes from. All rows of a table are replaced together: those of one system. */
export const CATALOGUE_ORIGIN: readonly ColumnPlan[] = [
  ...strings("source_system"),
  { name: "retrieved_at", type: "timestamp" },
  ...strings("run_id"),
  { name: "loaded_at", type: "timestamp" },
];

/** A value as its column holds it; `image` is two columns. */
export function columnValue(row: Readonly<Record<string, unknown>>, { name, type }: ColumnPlan): unknown {
  const [head = name, tail] = name.split("__");
  const value = tail === undefined ? row[name] : member(row[head], tail);
  if (value === undefined || value === null) return null;
  if (type === "boolean") return typeof value === "boolean" ? value : null;
  // Half a surrogate pair has no UTF-8 form.
  return typeof value === "string" ? value.toWellFormed() : JSON.stringify(value);
}

const member = (value: unknown, name: string): unknown =>
  typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
