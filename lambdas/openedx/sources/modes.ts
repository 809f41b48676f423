import { takenMode, type BackfillMode } from "../../../core/model/backfills/mode.ts";

/** What a run of each job may be asked to do. Nothing is sent out for a tracking log, so nothing can be sent again. */
export const jobModes = {
  tracking_log: ["missing-only", "all", "reload"],
  course_archive: ["missing-only", "all", "reload", "redeliver"],
  course_structure: ["missing-only", "all", "reload"],
} as const satisfies Record<string, readonly BackfillMode[]>;

/** What a person alone may ask for, for one file: the complete lines of a tracking log that was cut. */
const SALVAGE = "salvage";
export type LogMode = BackfillMode | typeof SALVAGE;

/** Throws Rejected `mode_not_taken`. */
export const logMode = (wanted: string | undefined): LogMode =>
  wanted === SALVAGE ? SALVAGE : takenMode(wanted, jobModes.tracking_log, "tracking_log");
