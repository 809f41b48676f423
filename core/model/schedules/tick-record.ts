import * as z from "zod";
import { TickStart } from "./declaration.ts";

const TICK_OUTCOMES = ["started", "skipped: off", "skipped: overlap", "skipped: misfire"] as const;

/** What became of one tick, once and for all. */
export const TickRecord = z.object({
  schedule: z.string(),
  scheduledTime: z.string(),
  outcome: z.enum(TICK_OUTCOMES),
  /** One sentence for people. */
  why: z.string(),
  decidedAt: z.string(),
  /** What this decision started: the tick's run, or that of a newer missed tick in its place. */
  start: TickStart.optional(),
});
export type TickRecord = z.infer<typeof TickRecord>;
export type TickOutcome = TickRecord["outcome"];

/** One item per schedule that every decision goes through, so that two of them cannot start two runs. */
export const ScheduleState = z.object({
  /** The newest tick that is on record. */
  newest: z.string(),
  /** How the ticks were computed then: others were never due. */
  expression: z.string(),
  timeZone: z.string(),
  /** The latest run, by scheduled time. */
  started: z.object({ scheduledTime: z.string(), decidedAt: z.string(), start: TickStart }).nullable(),
});
export type ScheduleState = z.infer<typeof ScheduleState>;

/** What is known of a run: `unknown` was never started, or not yet. */
export type RunStatus = "running" | "ended" | "unknown";
