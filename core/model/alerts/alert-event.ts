import * as z from "zod";
import { ENVIRONMENTS } from "../pipeline.ts";

const Text = z.string().min(1);

/**
 * Where the links of a message lead. Absent = the button is left off.
 * `execution`: console or Millrace page of the run. `logs`: a query of its logs. `runbook`: what to do.
 */
const Links = z.object({ execution: z.string(), logs: z.string(), runbook: z.string() }).partial();

const Run = z.object({
  /** The same for all attempts at one piece of work: the name of the first execution. */
  id: Text,
  /** From 1. */
  attempt: z.number().int().positive(),
  links: Links.default({}),
});

/** What a run is about; null = the run has no item. */
const Item = z.object({ asset: Text, partition: Text }).nullable();

const FailedStep = z.object({
  name: Text,
  /** One of the closed set, or the foreign name of a bug. */
  class: Text,
  /** The failure's code: two causes in one step have different ones. */
  errorName: Text,
  text: z.string(),
  /** Set for a dbt step: how many nodes its whole log calls failed, counted before `text` was cut. */
  dbtFailed: z.number().int().nonnegative().optional(),
});
export type FailedStep = z.infer<typeof FailedStep>;

const Next = z.discriminatedUnion("do", [
  z.object({ do: z.literal("retry"), at: Text }),
  z.object({ do: z.literal("nothing"), hint: z.string() }),
  z.object({ do: z.literal("lane-closed"), hint: z.string() }),
]);

const FailedCheck = z.object({
  asset: Text,
  check: Text,
  description: z.string().default(""),
  /** In the declared order; the first three are shown. */
  metadata: z.array(z.tuple([z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])])).default([]),
  /** Page of the run that found it. */
  url: z.string().optional(),
});
export type FailedCheck = z.infer<typeof FailedCheck>;

const common = {
  /** The same at every delivery of the event, as is `at`: together they are its identity. */
  id: Text,
  /** ISO 8601, UTC: when it happened. */
  at: z.iso.datetime(),
  environment: z.enum(ENVIRONMENTS),
  pipeline: Text,
};

const RunFailed = z.object({
  ...common,
  kind: z.literal("run-failed"),
  run: Run,
  item: Item,
  /** Empty = the run died before or between steps. */
  steps: z.array(FailedStep),
  /** The class of the whole run's failure and its code. */
  class: Text,
  errorName: Text,
  /** From the execution's history: memory, time-out, stopped. */
  reason: z.string().optional(),
  next: Next,
  sentryEventId: z.string().optional(),
});
export type RunFailed = z.infer<typeof RunFailed>;

/** A retry has cleared a failure: it is told once and quietly, so that races stay visible. */
const RunRecovered = z.object({
  ...common,
  kind: z.literal("run-recovered"),
  run: Run,
  item: Item,
  step: Text,
  class: Text,
  errorName: Text,
});

/** Tells nothing of itself: it resolves what was announced. Needed only after a failure of the same item. */
const RunSucceeded = z.object({ ...common, kind: z.literal("run-succeeded"), run: Run, item: Item });

const ChecksFailed = z.object({ ...common, kind: z.literal("checks-failed"), checks: z.array(FailedCheck).min(1) });
export type ChecksFailed = z.infer<typeof ChecksFailed>;

/** Nothing failed, and nothing came for longer than was declared. */
const Silence = z.object({
  ...common,
  kind: z.enum(["dead-man", "schedule-silent"]),
  /** Id of the schedule. */
  schedule: Text,
  /** ISO 8601; null = never. */
  lastSeenAt: z.string().nullable(),
  maxSilenceSeconds: z.number().positive(),
  links: Links.default({}),
});

/** A schedule that was silent has succeeded again. */
const ScheduleHeard = z.object({ ...common, kind: z.literal("schedule-heard"), schedule: Text });

/** It runs for longer than was declared, and nothing has ended it. */
const RunStuck = z.object({
  ...common,
  kind: z.literal("run-stuck"),
  run: Run,
  item: Item,
  startedAt: z.iso.datetime(),
  limitSeconds: z.number().positive(),
});

const LaneClosed = z.object({
  ...common,
  kind: z.literal("lane-closed"),
  lane: Text,
  class: Text,
  errorName: Text,
  hint: z.string(),
  waiting: z.number().int().nonnegative(),
  links: Links.default({}),
});

const LaneOpened = z.object({ ...common, kind: z.literal("lane-opened"), lane: Text });

/** The service that watches for our silence could not be told; the run's own result stands. */
const PingFailed = z.object({
  ...common,
  kind: z.literal("ping-failed"),
  /** Secret role of the check: `healthchecks/<deployment>`. */
  role: Text,
  signal: z.enum(["success", "fail", "start"]),
  class: Text,
  errorName: Text,
  text: z.string(),
});

/** All that SendAlert takes. `core/io/alerts.ts` keeps it as it came. */
export const AlertEvent = z.discriminatedUnion("kind", [
  RunFailed,
  RunRecovered,
  RunSucceeded,
  ChecksFailed,
  Silence,
  ScheduleHeard,
  RunStuck,
  LaneClosed,
  LaneOpened,
  PingFailed,
]);
export type AlertEvent = z.infer<typeof AlertEvent>;

/** Events that only end what others began. */
export type ClosingEvent = Extract<AlertEvent, { kind: "run-succeeded" | "lane-opened" | "schedule-heard" }>;
export type ToldEvent = Exclude<AlertEvent, ClosingEvent>;

export const isClosing = (event: AlertEvent): event is ClosingEvent =>
  event.kind === "run-succeeded" || event.kind === "lane-opened" || event.kind === "schedule-heard";
