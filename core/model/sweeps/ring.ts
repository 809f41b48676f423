import * as z from "zod";
import { compareByteOrder } from "../content-digest.ts";
import { Instant } from "../items/item-state.ts";

/** How far a walk round a list has come. A key marks the place, not a number: the list may grow and shrink meanwhile. */
export const RingState = z.object({
  /** Where the next walk begins: this key, or the first after it. Null = at the beginning. */
  at: z.string().nullable(),
  /** Begun and not known to have ended when this was saved: the next walk begins with them. */
  open: z.array(z.string()),
  /** The same of a walk that had begun with them: the next one ends with them, for one of them may be what kills it. */
  again: z.array(z.string()).default([]),
  /** The walk that has not told its end, and how many keys it had still to begin. */
  walk: z.object({ name: z.string(), left: z.number().int().nonnegative() }).nullable().default(null),
  /** Steps of the lap that is under way, and when its first one was. */
  lap: z.object({ steps: z.number().int().nonnegative(), since: Instant }),
  /** Every key has been visited since then; at first, when the ring began. */
  since: Instant,
});
export type RingState = z.infer<typeof RingState>;

export const newRing = (now: number): RingState => ({
  ...{ at: null, open: [], again: [], walk: null, lap: { steps: 0, since: now }, since: now },
});

export interface Walk {
  /** Every key once, in the order in which it is visited; of a walk that goes on, those that are left. */
  readonly order: readonly string[];
  /** So many of them, in front, were begun by a walk that never told their end. */
  readonly owed: number;
  /** So many of them, at the end, were so twice. */
  readonly late: number;
  /** What is neither, from the place where the ring goes on all round it: the middle of `order`, or begins with it. */
  readonly circle: readonly string[];
  readonly state: RingState;
  /** To be saved before the first visit: what kills a walk twice comes last in the third, and kills no lap. */
  readonly begun: RingState;
  readonly begunAt: number;
}

/**
 * A walk of one lap at most, from where the last one stopped. Under the name of one that never told its end it is that
 * one's remainder: together they are one lap.
 */
export function beginWalk(known: RingState | undefined, keys: readonly string[], now: number, name: string): Walk {
  const sorted = [...new Set(keys)].sort(compareByteOrder);
  const { at, open, again, walk, lap, since } = known ?? newRing(now);
  const place = sorted.findIndex((key) => at === null || compareByteOrder(key, at) >= 0);
  const from = Math.max(0, place);
  const there = new Set(sorted);
  const owed = open.filter((key) => there.has(key));
  const late = again.filter((key) => there.has(key) && !owed.includes(key));
  const apart = new Set([...owed, ...late]);
  const circle = [...sorted.slice(from), ...sorted.slice(0, from)].filter((key) => !apart.has(key));
  const rest = circle.slice(0, walk?.name === name ? walk.left : circle.length);
  const fresh = { steps: 0, since: now };
  const state: RingState = {
    ...{ at, open: owed, again: late, walk: { name, left: rest.length } },
    ...{ lap: lap.steps === 0 ? fresh : lap, since },
  };
  const begun: RingState = { ...state, open: [], again: [...owed, ...late] };
  const order = [...owed, ...rest, ...late];
  return { order, owed: owed.length, late: late.length, circle, state, begun, begunAt: now };
}

/**
 * The state after the first `begun` keys of a walk were begun; `open` are those of them that have not ended, or were no
 * visits. A walk that is `over` steps over these, and over one key at least: who always blocks costs one lap and starves
 * nobody.
 */
export function walked(
  { order, owed, late, circle, state, begunAt }: Walk,
  { begun, open, over }: { readonly begun: number; readonly open: readonly string[]; readonly over: boolean },
): RingState {
  const steps = Math.min(order.length, over ? Math.max(1, begun) : begun);
  const lateFrom = order.length - late;
  const apart = new Set([...order.slice(0, owed), ...order.slice(lateFrom)]);
  // Owed keys lie before the place where the lap goes on, which they do not move.
  const moved = Math.min(Math.max(0, steps - owed), lateFrom - owed);
  const at = moved === 0 ? state.at : (circle[moved % circle.length] ?? null);
  const unpaid = over ? [] : open;
  const notReached = order.slice(Math.max(steps, lateFrom));
  const next = {
    at,
    open: [...order.slice(steps, owed), ...unpaid.filter((key) => !apart.has(key))],
    // What the time was too short for has its old place in the ring again: at the end it might never be reached.
    again: over ? [] : [...unpaid.filter((key) => apart.has(key)), ...notReached],
    walk: over || state.walk === null ? null : { ...state.walk, left: state.walk.left - moved },
  };
  if (over && notReached.length > 0) return { ...next, lap: { steps: 0, since: begunAt }, since: state.since };
  // What is owed counts when somebody has paid it, and no lap is whole without it.
  const total = circle.length + owed + late;
  const debts = next.open.length + next.again.length;
  const lapSteps = Math.min(state.lap.steps + steps - unpaid.length, debts > 0 ? total - debts : Infinity);
  if (lapSteps < total) return { ...next, lap: { ...state.lap, steps: lapSteps }, since: state.since };
  // What goes beyond the lap belongs to the next one, which began no earlier than this walk.
  const more = Math.min(lapSteps - total, steps);
  return { ...next, lap: { steps: more, since: begunAt }, since: state.lap.since };
}

/** Age of the oldest visit at most, in milliseconds. */
export const ringLag = ({ since }: RingState, now: number): number => Math.max(0, now - since);
