import * as z from "zod";
import { Instant } from "../items/item-state.ts";

/** One slot, held by an execution: granted, started or about to be, and not known to have ended. */
export const Slot = z.object({
  /** Of the execution. */
  name: z.string().min(1),
  domain: z.string().min(1),
  /** Rises with every grant of the lane. */
  fence: z.number().int().positive(),
  grantedAt: Instant,
  /** Then somebody asks whether the execution still runs: a lost end, or a start that never came, heals there. */
  until: Instant,
});
export type Slot = z.infer<typeof Slot>;

/** Nothing new is granted; what runs goes on. */
export const Closure = z.object({
  /** For example `Misconfigured`, or `operator`. */
  class: z.string().min(1),
  /** For people: what is wrong and what opens it. */
  reason: z.string().min(1),
  since: Instant,
});
export type Closure = z.infer<typeof Closure>;

/** One item of the ledger, changed by conditional writes only: so no more slots are held than there are. */
export const LaneState = z.object({
  running: z.array(Slot),
  closed: Closure.nullable(),
  /** By priority, the group that had the latest turn. */
  turns: z.record(z.string(), z.string()),
  /** The latest that was given. */
  fence: z.number().int().nonnegative(),
});
export type LaneState = z.infer<typeof LaneState>;

/** What all lanes share; written in one transaction with the lane that it counts. */
export const CapState = z.object({
  /** Slots held, by lane; lanes without are left out. */
  running: z.record(z.string(), z.number().int().positive()),
  /** Lanes that have a free slot and a run for it, and wait for the cap alone. */
  short: z.array(z.string()),
});
export type CapState = z.infer<typeof CapState>;

export const IDLE_LANE: LaneState = { running: [], closed: null, turns: {}, fence: 0 };
export const IDLE_CAP: CapState = { running: {}, short: [] };

/** A lane as an environment has it. */
export interface LaneLimits {
  readonly id: string;
  readonly domain: string;
  readonly slots: number;
}
