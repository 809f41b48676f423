import * as z from "zod";
import { AskReason, AutomaticReason } from "./reasons.ts";

/** Epoch milliseconds. */
export const Instant = z.number().int().nonnegative();

/** Data version by the name of the upstream. */
export const Versions = z.record(z.string(), z.string());
export type Versions = z.infer<typeof Versions>;

/** A version and when its observer read it: with both, sightings may arrive in any order and any number of times. */
export const Sighting = z.object({ version: z.string().min(1), at: Instant });
export type Sighting = z.infer<typeof Sighting>;

/** What a person or a backfill wants; `id` makes the second delivery of the same wish harmless. */
export const Ask = z.object({
  id: z.string().min(1),
  reason: AskReason,
  /** Who takes turns in the lane: the backfill. Absent = the asset. */
  group: z.string().min(1).optional(),
  /** Merged over the input that the asset declares. */
  input: z.record(z.string(), z.unknown()).optional(),
});
export type Ask = z.infer<typeof Ask>;

/** An operator's, about the partition itself: why it is there, or is not. */
export const Order = z.object({ author: z.string().min(1), reason: z.string().min(1), at: Instant });
export type Order = z.infer<typeof Order>;

/** A run that has been asked for, or was started by somebody else, and is not known to have ended. */
export const ItemRun = z.object({
  /** Name of the execution. */
  name: z.string().min(1),
  /** Number of the request; null = started outside of one. */
  number: z.number().int().positive().nullable(),
  phase: z.enum(["queued", "running"]),
  since: Instant,
  /** The automatic reasons that the request has cleared: an interruption brings them back. */
  reasons: z.array(AutomaticReason),
  ask: Ask.nullable(),
  /** A person's, made while it waited: since then it has their priority. */
  wish: Ask.optional(),
  /** What was observed when it was asked for: it reads this or newer. */
  versions: Versions,
  codeVersion: z.string().nullable(),
});
export type ItemRun = z.infer<typeof ItemRun>;

export const ItemResult = z.object({
  status: z.enum(["succeeded", "failed"]),
  /** Null = from before Millrace kept this item. */
  run: z.string().nullable(),
  at: Instant,
  /** Of a failure. */
  class: z.string().optional(),
  code: z.string().optional(),
  message: z.string().optional(),
});
export type ItemResult = z.infer<typeof ItemResult>;

/**
 * All that the trigger rule knows of one (asset, partition). One ledger item, about 1 KB, changed by conditional
 * writes only; every list in it has a bound.
 */
export const ItemState = z.object({
  addedAt: Instant,
  retiredAt: Instant.nullable(),
  /** By which it was retired; or, of one that is not, added or returned. Absent = no person's doing. */
  order: Order.exactOptional(),
  observed: z.record(z.string(), Sighting),
  /** Latest sightings by a clock that ran ahead: their order is unknown, so their second delivery is told by equality. */
  ahead: z.array(Sighting.extend({ upstream: z.string() })),
  /** `stamped`: brought by a request; no event has told of it. */
  code: Sighting.extend({ stamped: z.literal(true).exactOptional() }).nullable(),
  /** Cleared by the request, not by the output. */
  pending: z.array(AutomaticReason),
  pendingSince: Instant.nullable(),
  asks: z.array(Ask),
  /** Ids of the latest asks that were turned into requests. */
  served: z.array(z.string()),
  /** Imported without versions: the first sighting of each upstream is taken as known, not as a change. */
  adopting: z.boolean(),
  /** Number of the latest request. */
  requests: z.number().int().nonnegative(),
  /** Of the latest request or start that was for the upstreams. */
  requested: Versions.nullable(),
  runs: z.array(ItemRun),
  /** Names of the latest runs from outside that have ended: their late events are known by it. */
  ended: z.array(z.string()),
  last: ItemResult.nullable(),
  /** First failure since the latest success. */
  failingSince: Instant.nullable(),
  /** The one re-request since the latest success has been earned already. */
  edgeSpent: z.boolean(),
  /** Times in a row that a throttled run went to the back of its lane. */
  requeues: z.number().int().nonnegative(),
  /** The next automatic request waits until then. */
  notBefore: Instant.nullable(),
  /** What the latest success was made from; null = never succeeded, or its output is lost. */
  success: z
    .object({
      run: z.string().nullable(),
      at: Instant,
      versions: Versions.nullable(),
      codeVersion: z.string().nullable(),
    })
    .nullable(),
  /** Of the newest output; null = none: the item may have succeeded without one. */
  dataVersion: z.string().nullable(),
});
export type ItemState = z.infer<typeof ItemState>;

/** A partition that is new: it asks for nothing but for `missing`. */
export const newItem = (now: number): ItemState => ({
  addedAt: now,
  retiredAt: null,
  observed: {},
  ahead: [],
  code: null,
  pending: ["missing"],
  pendingSince: now,
  asks: [],
  served: [],
  adopting: false,
  requests: 0,
  requested: null,
  runs: [],
  ended: [],
  last: null,
  failingSince: null,
  edgeSpent: false,
  requeues: 0,
  notBefore: null,
  success: null,
  dataVersion: null,
});
