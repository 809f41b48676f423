import * as z from "zod";
import { Ask, Instant, ItemResult, Order, Versions } from "./item-state.ts";

/** How a run ended. `class` is a name of the closed set, or a bug's own name. */
export const RunOutcome = z.discriminatedUnion("status", [
  z.object({
    status: z.literal("succeeded"),
    /** Null = it legitimately emitted nothing; absent = the output is the one that was there (`unchanged`). */
    dataVersion: z.string().min(1).nullable().optional(),
  }),
  z.object({
    status: z.literal("failed"),
    class: z.string().min(1),
    code: z.string().optional(),
    message: z.string().optional(),
    retryAfterMs: z.number().int().nonnegative().optional(),
  }),
  /** Ended by a deploy, a reclaim of spot capacity, a shutdown: no failure, it runs again. */
  z.object({ status: z.literal("interrupted") }),
  /** Ended by a person: no failure, and it does not run again by itself; the item stays stale. */
  z.object({ status: z.literal("cancelled") }),
]);
export type RunOutcome = z.infer<typeof RunOutcome>;

const at = Instant;
const run = z.string().min(1);

/**
 * What may happen to an item. Every event may come twice, late, out of order, or never: sweeps repeat what they see.
 * `at` is when it happened by the clock of whoever saw it, in epoch milliseconds.
 */
export const ItemEvent = z.discriminatedUnion("type", [
  /** An upstream was read, or has been materialised. */
  z.object({ type: z.literal("observed"), upstream: z.string().min(1), version: z.string().min(1), at }),
  /**
   * The code version that the asset declares since the deployment at `at`. `before`: the one that items were made with
   * which have never heard of any.
   */
  z.object({ type: z.literal("code-version"), version: z.string().min(1), before: z.string().optional(), at }),
  /** `versions`: what it was started for, when no request of the rule did it. */
  z.object({ type: z.literal("run-started"), run, at, versions: Versions.optional() }),
  z.object({ type: z.literal("run-ended"), run, at, outcome: RunOutcome }),
  z.object({ type: z.literal("requested"), ask: Ask }),
  /** A person wants the latest run, which failed, to go on from where it stands; `count` = the first time is 1. */
  z.object({ type: z.literal("redriven"), run, count: z.number().int().positive(), requestedBy: z.string() }),
  /** A person or a backfill wants it no more; what is queued already has to be cancelled as a run. */
  z.object({ type: z.literal("withdrawn"), id: z.string().min(1) }),
  /** Its output was found gone: the producer is missing again. */
  z.object({ type: z.literal("lost"), at }),
  /** At first start: how the item stood before. Counts only for an item without a result. */
  z.object({
    type: z.literal("recorded"),
    result: ItemResult,
    versions: Versions.optional(),
    codeVersion: z.string().optional(),
    dataVersion: z.string().optional(),
  }),
  z.object({ type: z.literal("retired"), order: Order.exactOptional() }),
  z.object({ type: z.literal("returned"), order: Order.exactOptional() }),
  /** Nothing is new of the item itself: an upstream's run has ended, a lane has opened, the sweep looks. */
  z.object({ type: z.literal("evaluated") }),
]);
export type ItemEvent = z.infer<typeof ItemEvent>;
export type ItemEventOf<Type extends ItemEvent["type"]> = Extract<ItemEvent, { type: Type }>;
