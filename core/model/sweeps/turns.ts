import type { SweepState, UpstreamProgress } from "./sweep-state.ts";

/** What one call of a sweep may spend, and has spent. Milliseconds. */
export interface Spending {
  readonly leftMs: number;
  /** What each upstream may have spent by now. */
  readonly shareMs: number;
  readonly spentMs: Readonly<Record<string, number>>;
  /** The longest that one visit may take. */
  readonly visitMs: number;
  /** Whose visit was cut off because little was left: a shorter one would end the same way. */
  readonly cut: readonly string[];
}

export interface Turn {
  readonly upstream: UpstreamProgress;
  /** The visit is over by then. */
  readonly timeoutMs: number;
  /** It had all the time that a visit may take: to miss it is a failure, and not only bad luck. */
  readonly isFull: boolean;
}

/** Less is not worth a visit. */
const LEAST_OF_VISIT = 0.02;

/** Upstreams that may be visited now, from the one after the last visited on. */
function waiting({ upstreams, last }: SweepState, now: number): UpstreamProgress[] {
  const after = upstreams.findIndex(({ id }) => id === last) + 1;
  return [...upstreams.slice(after), ...upstreams.slice(0, after)].filter(
    ({ done, notBefore }) => !done && (notBefore === null || notBefore <= now),
  );
}

/** Whether a call would find anything to do. */
export const hasTurn = (state: SweepState, now: number): boolean => waiting(state, now).length > 0;

/** A call's budget in equal shares, but none too small for one visit: then it is the next calls that serve the others. */
export function allot(state: SweepState, limits: { budgetMs: number; visitMs: number }, now: number): Spending {
  const { budgetMs } = limits;
  const visitMs = Math.min(limits.visitMs, budgetMs);
  const open = Math.max(1, waiting(state, now).length);
  return { leftMs: budgetMs, shareMs: Math.max(visitMs, budgetMs / open), spentMs: {}, visitMs, cut: [] };
}

/**
 * Who is visited next, and for how long at most: in turn, each up to its share; what the others leave over is shared
 * again. Undefined = nothing can be done in what is left.
 */
export function nextTurn(
  state: SweepState,
  spending: Spending,
  now: number,
): { readonly turn: Turn; readonly spending: Spending } | undefined {
  const { leftMs, shareMs, spentMs, visitMs, cut } = spending;
  const able = waiting(state, now);
  const open = able.filter(({ id }) => !cut.includes(id));
  const least = visitMs * LEAST_OF_VISIT;
  if (able.length === 0 || leftMs <= least) return undefined;
  const sliceOf = ({ id }: UpstreamProgress): number => Math.min(visitMs, shareMs - (spentMs[id] ?? 0), leftMs);
  const upstream = open.find((one) => sliceOf(one) > least);
  if (upstream === undefined) {
    // Whose share was too small for a whole visit may have one now; in less than that it would be cut off again.
    const again = leftMs >= visitMs ? able : open;
    if (again.length === 0) return undefined;
    const most = Math.max(shareMs, ...again.map(({ id }) => spentMs[id] ?? 0));
    const more = { shareMs: most + Math.max(visitMs, leftMs / again.length), cut: leftMs >= visitMs ? [] : cut };
    return nextTurn(state, { ...spending, ...more }, now);
  }
  const timeoutMs = sliceOf(upstream);
  return { turn: { upstream, timeoutMs, isFull: timeoutMs === visitMs }, spending };
}

export function spend(spending: Spending, { upstream: { id } }: Turn, tookMs: number, wasCut: boolean): Spending {
  return {
    ...spending,
    leftMs: spending.leftMs - tookMs,
    spentMs: { ...spending.spentMs, [id]: (spending.spentMs[id] ?? 0) + tookMs },
    cut: wasCut ? [...spending.cut, id] : spending.cut,
  };
}
