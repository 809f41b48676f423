import type { ColumnPlan } from "../../core/model/commit-plan.ts";

/** The 14 known fields of a tracking event, in the order of the normalised file. */
export const FIELDS = [
  "username",
  "event_source",
  "event_type",
  "name",
  "session",
  "host",
  "agent",
  "ip",
  "page",
  "context",
  "event",
  "time",
  "referer",
  "accept_language",
] as const;

export const CONTEXT = FIELDS.indexOf("context");
export const EVENT = FIELDS.indexOf("event");
export const TIME = FIELDS.indexOf("time");

/** The raw table, column for column, as it is staged and committed. */
export const TABLE_COLUMNS: readonly ColumnPlan[] = [
  ...FIELDS.map((name) => ({ name, type: "string" as const })),
  { name: "event_time", type: "timestamp" },
  { name: "time_raw", type: "string" },
  { name: "time_status", type: "string" },
  { name: "event_kind", type: "string" },
  { name: "context_kind", type: "string" },
  { name: "extra", type: "string" },
  { name: "log_date", type: "date" },
  { name: "source_file", type: "string" },
  { name: "source_sha256", type: "string" },
  { name: "source_version", type: "string" },
  { name: "source_line", type: "long" },
  { name: "source_offset", type: "long" },
  { name: "run_id", type: "string" },
  { name: "loaded_at", type: "timestamp" },
  { name: "_airbyte_extracted_at", type: "timestamp" },
  { name: "_ab_source_file_last_modified", type: "timestamp" },
  { name: "_ab_source_file_url", type: "string" },
];

export const SORT_ORDER = ["event_time", "source_file", "source_line"] as const;
