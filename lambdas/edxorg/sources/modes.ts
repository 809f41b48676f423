import type { BackfillMode } from "../../../core/model/backfills/mode.ts";

/** What a run of each job may be asked to do. */
export const jobModes = {
  course_xml: ["missing-only", "all", "reload", "redeliver"],
  course_structure: ["missing-only", "all", "reload"],
  catalogue: ["missing-only", "all"],
} as const satisfies Record<string, readonly BackfillMode[]>;
