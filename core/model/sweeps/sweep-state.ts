import * as z from "zod";
import { Instant } from "../items/item-state.ts";

/** How far one upstream has been swept in this round. */
export const UpstreamProgress = z.object({
  id: z.string().min(1),
  /** Where its next page begins, in its own words; null = at its beginning. */
  cursor: z.string().nullable(),
  done: z.boolean(),
  /** In a row. */
  failures: z.number().int().nonnegative(),
  /** It is left alone until then. */
  notBefore: Instant.nullable(),
  /** Why its latest visit failed, for people. */
  error: z.string().nullable(),
});
export type UpstreamProgress = z.infer<typeof UpstreamProgress>;

/** What the pages of a round have come to, by a name of the observer's. */
export const SweepCounts = z.record(z.string(), z.number());
export type SweepCounts = z.infer<typeof SweepCounts>;

/** One sweep: one ledger item, about 200 bytes an upstream, so a thousand of them at most. */
export const SweepState = z.object({
  /** When this round was due, at the earliest. */
  startedAt: Instant,
  finishedAt: Instant.nullable(),
  /** Who was visited last; null = nobody in this round. */
  last: z.string().nullable(),
  upstreams: z.array(UpstreamProgress),
  counts: SweepCounts,
});
export type SweepState = z.infer<typeof SweepState>;

const fresh = (id: string): UpstreamProgress => ({
  ...{ id, cursor: null, done: false, failures: 0, notBefore: null, error: null },
});

/**
 * The state that a visit begins with: the same round with today's upstreams, or a new one when `dueAt` is later than
 * the round that is known. What a round has not finished the next one continues: it began no later.
 */
export function beginRound(
  known: SweepState | undefined,
  upstreams: readonly string[],
  { now, dueAt }: { readonly now: number; readonly dueAt: number | undefined },
): SweepState {
  const isNew = known === undefined || (dueAt !== undefined && dueAt > known.startedAt);
  const before = new Map(known?.upstreams.map((upstream) => [upstream.id, upstream]));
  const progress = [...new Set(upstreams)].map((id) => {
    const old = before.get(id);
    return old === undefined || (isNew && old.done) ? fresh(id) : old;
  });
  const state: SweepState = {
    startedAt: isNew ? Math.max(now, dueAt ?? now) : known.startedAt,
    finishedAt: isNew ? null : known.finishedAt,
    last: known?.last ?? null,
    upstreams: progress,
    counts: isNew ? {} : known.counts,
  };
  return settled(state, now);
}

const LONGEST_REST_MS = 60 * 60_000;
const FIRST_REST_MS = 30_000;
const ERROR_MAX_CHARS = 300;

/** A page has been read, and what follows from it has been done. `next` absent = it was the last. */
export function visited(
  state: SweepState,
  id: string,
  { next, counts }: { readonly next?: string; readonly counts: SweepCounts },
  now: number,
): SweepState {
  const totals = { ...state.counts };
  for (const [name, count] of Object.entries(counts)) totals[name] = (totals[name] ?? 0) + count;
  const progress = { failures: 0, notBefore: null, error: null };
  const at = next === undefined ? { cursor: null, done: true } : { cursor: next, done: false };
  return settled({ ...changed(state, id, () => ({ ...progress, ...at })), counts: totals }, now);
}

/** It could not be read, or took too long: it rests, twice as long each time, and goes on where it stopped. */
export const failed = (state: SweepState, id: string, error: string, now: number): SweepState =>
  changed(state, id, ({ failures }) => ({
    failures: failures + 1,
    notBefore: now + Math.min(LONGEST_REST_MS, FIRST_REST_MS * 2 ** Math.min(failures, 10)),
    error: error.slice(0, ERROR_MAX_CHARS),
  }));

const changed = (
  state: SweepState,
  id: string,
  change: (progress: UpstreamProgress) => Partial<UpstreamProgress>,
): SweepState => ({
  ...state,
  last: id,
  upstreams: state.upstreams.map((one) => (one.id === id ? { ...one, ...change(one) } : one)),
});

const settled = (state: SweepState, now: number): SweepState => {
  const isDone = state.upstreams.every(({ done }) => done);
  return isDone ? { ...state, finishedAt: state.finishedAt ?? now } : { ...state, finishedAt: null };
};
