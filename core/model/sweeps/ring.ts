import * as z from "zod";
import { compareByteOrder } from "../content-digest.ts";
import { Instant } from "../items/item-state.ts";

/** How far a walk round a list has come. A key marks the place, not a number: the list may grow and shrink meanwhile. */
export const RingState = z.object({
  /** Where the next walk begins: this key, or the first after it. Null = at the beginning. */
  at: z.string().nullable(),
  /** Begun and not known to have ended when this was saved. */
  open: z.array(z.string()),
  /** Steps of the lap that is under way, and when its first one was. */
  lap: z.object({ steps: z.number().int().nonnegative(), since: Instant }),
  /** Every key has been visited since then; at first, when the ring began. */
  since: Instant,
});
export type RingState = z.infer<typeof RingState>;

export const newRing = (now: number): RingState => ({
  ...{ at: null, open: [], lap: { steps: 0, since: now }, since: now },
});

export interface Walk {
  /** Every key once, in the order in which it is visited. */
  readonly order: readonly string[];
  /** So many of them, in front, were begun by a walk that never told their end. */
  readonly owed: number;
  readonly state: RingState;
  /**
   * To be saved before the first visit: what is owed is on record no more, so that what kills a walk twice is stepped
   * over. The lap would lack it and begins anew.
   */
  readonly begun: RingState;
  readonly begunAt: number;
}

/** A walk of one lap at most, from where the last one stopped. */
export function beginWalk(known: RingState | undefined, keys: readonly string[], now: number): Walk {
  const sorted = [...new Set(keys)].sort(compareByteOrder);
  const { at, open, lap, since } = known ?? newRing(now);
  const place = sorted.findIndex((key) => at === null || compareByteOrder(key, at) >= 0);
  const from = Math.max(0, place);
  const there = new Set(sorted);
  const owed = open.filter((key) => there.has(key));
  const rest = [...sorted.slice(from), ...sorted.slice(0, from)].filter((key) => !owed.includes(key));
  const fresh = { steps: 0, since: now };
  const state: RingState = { at, open: [], lap: lap.steps === 0 ? fresh : lap, since };
  const begun = owed.length === 0 ? state : { ...state, lap: fresh };
  return { order: [...owed, ...rest], owed: owed.length, state, begun, begunAt: now };
}

/**
 * The state after the first `begun` keys of a walk were begun; `open` are those of them that have not ended. A walk that
 * is `over` steps over these, and over one key at least: who always blocks costs one lap and starves nobody.
 */
export function walked(
  { order, owed, state, begunAt }: Walk,
  { begun, open, over }: { readonly begun: number; readonly open: readonly string[]; readonly over: boolean },
): RingState {
  const steps = Math.min(order.length, over ? Math.max(1, begun) : begun);
  // Owed keys lie before the place where the lap goes on, which they do not move.
  const at = steps <= owed ? state.at : (order[steps] ?? order[owed] ?? null);
  const waiting = [...order.slice(steps, owed), ...(over ? [] : open)];
  // What is owed counts when somebody has paid it, and no lap is whole without it.
  const unpaid = over ? 0 : open.length;
  const lapSteps = Math.min(state.lap.steps + steps - unpaid, unpaid > 0 ? order.length - unpaid : Infinity);
  if (lapSteps < order.length) return { at, open: waiting, lap: { ...state.lap, steps: lapSteps }, since: state.since };
  // What goes beyond the lap belongs to the next one, which began no earlier than this walk.
  const more = Math.min(lapSteps - order.length, steps);
  return { at, open: waiting, lap: { steps: more, since: begunAt }, since: state.lap.since };
}

/** Age of the oldest visit at most, in milliseconds. */
export const ringLag = ({ since }: RingState, now: number): number => Math.max(0, now - since);
