/** The times of a schedule. */
export interface Ticks {
  /** The first tick strictly after `after`, or undefined when there is none. */
  next(after: Date): Date | undefined;
  /** The last tick that is not after `until`, or undefined when there is none. */
  latest(until: Date): Date | undefined;
}

/** Ticks in (after, until], at most `most`. */
export function ticksBetween(ticks: Ticks, after: Date, until: Date, most: number): Date[] {
  const found: Date[] = [];
  let tick = ticks.next(after);
  while (tick !== undefined && tick <= until && found.length < most) {
    found.push(tick);
    tick = ticks.next(tick);
  }
  return found;
}

/** `2026-03-29T01:00:00Z`: how Scheduler writes a tick's time, and its key in the ledger. */
export const tickTime = (tick: Date): string => `${tick.toISOString().slice(0, 19)}Z`;
