import { setTimeout as pause } from "node:timers/promises";
import * as z from "zod";
import { isFailure } from "../model/failures.ts";
import { Instant } from "../model/items/item-state.ts";
import { beginRound, failed, SweepState, visited, type SweepCounts } from "../model/sweeps/sweep-state.ts";
import { allot, hasTurn, nextTurn, spend } from "../model/sweeps/turns.ts";
import { withLease, type LeaseClock } from "./lease.ts";
import type { Ledger } from "./ports.ts";

/** What a sweep looks at: upstreams, each of them page by page. */
export interface SweepSource {
  /** At most a thousand; those that are gone are forgotten, new ones take part at once. */
  readonly upstreams: readonly string[];
  /**
   * Reads one page and does all that follows from it: a page that is done twice changes nothing more. `next` absent =
   * the last page. The signal aborts when its time is over; what it does later is not waited for.
   */
  read(
    upstream: string,
    cursor: string | undefined,
    signal: AbortSignal,
  ): Promise<{ readonly next?: string; readonly counts: SweepCounts }>;
}

export interface SweepCall {
  readonly id: string;
  /** Who sweeps, for people: run id, task and attempt. */
  readonly holder: string;
  /** Wall clock of this call. */
  readonly budgetMs: number;
  /** The longest that one page may take; default 10 s, which is also how often progress is saved at least. */
  readonly visitMs?: number;
  /** A round is due so long after the one before, marked or not; default never. */
  readonly everyMs?: number;
  readonly clock?: LeaseClock;
}

export interface SweepReport {
  /** `held`: somebody else sweeps now. `idle`: nothing was due. */
  readonly state: "held" | "idle" | "unfinished" | "finished";
  /** Of the round, earlier calls included. */
  readonly counts: SweepCounts;
  /** Of this call: pages that were read. */
  readonly pages: number;
  /** Of this call: visits that failed. All of them and no page is an error of whoever sweeps. */
  readonly failures: number;
  /** Not at their end yet. */
  readonly open: readonly string[];
  readonly failing: readonly { readonly upstream: string; readonly error: string }[];
  /** Age of a round that is not finished, in milliseconds. */
  readonly lagMs: number;
}

const VISIT_MS = 10_000;
const LEASE_SECONDS = 30;
const SWEEPS = "sweep";
const DUE = "sweep-due";

const systemClock: LeaseClock = {
  now: () => Date.now(),
  sleep: (ms, signal) => pause(ms, undefined, { signal }).catch(() => undefined),
};

/** Asks for a round; the next call begins it. */
export const markDue = (ledger: Ledger, id: string, at: number): Promise<void> =>
  ledger.write([{ put: { pk: DUE, sk: id, data: { at } }, if: { any: true } }]);

/** Whether a call would find anything to do. `everyMs` as in `SweepCall`. */
export async function isSweepDue(ledger: Ledger, id: string, now: number, everyMs = Infinity): Promise<boolean> {
  const [{ state }, mark] = await Promise.all([load(ledger, id), readMark(ledger, id)]);
  return isRoundDue(state, dueOf(state, mark, now, everyMs)) || (state !== undefined && hasTurn(state, now));
}

/**
 * Goes on with a sweep where it stopped, for at most its budget. Progress is saved after every page, under a lease and a
 * condition, so that a call that dies loses the page it was at and skips none.
 */
export async function continueSweep(ledger: Ledger, source: SweepSource, call: SweepCall): Promise<SweepReport> {
  const { id, holder, clock = systemClock } = call;
  try {
    return await withLease(
      ledger,
      `sweep/${id}`,
      { holder, ttlSeconds: LEASE_SECONDS, waitSeconds: 0, clock },
      ({ signal }) => sweep(ledger, source, { ...call, clock }, signal),
    );
  } catch (error) {
    if (!isFailure(error) || error.code !== "lease_held") throw error;
    return { state: "held", counts: {}, pages: 0, failures: 0, open: [], failing: [], lagMs: 0 };
  }
}

async function sweep(
  ledger: Ledger,
  source: SweepSource,
  { id, budgetMs, visitMs = VISIT_MS, everyMs = Infinity, clock }: SweepCall & { readonly clock: LeaseClock },
  lost: AbortSignal,
): Promise<SweepReport> {
  const begun = clock.now();
  const [found, mark] = await Promise.all([load(ledger, id), readMark(ledger, id)]);
  const dueAt = dueOf(found.state, mark, begun, everyMs);
  const isDue = isRoundDue(found.state, dueAt);
  let state = beginRound(found.state, source.upstreams, { now: begun, dueAt });
  let { rev } = found;
  const save = async (next: SweepState): Promise<void> => {
    // A holder that lost its lease unawares meets the other's revision here, and stops.
    lost.throwIfAborted();
    await ledger.write([{ put: { pk: SWEEPS, sk: id, data: next }, if: rev === 0 ? { absent: true } : { rev } }]);
    rev += 1;
    state = next;
  };
  if (isDue) await save(state);
  let spending = allot(state, { budgetMs: budgetMs - (clock.now() - begun), visitMs }, clock.now());
  let [pages, failures] = [0, 0];
  for (;;) {
    const now = clock.now();
    const next = nextTurn(state, spending, now);
    if (next === undefined) break;
    const { turn } = next;
    const { upstream, timeoutMs, isFull } = turn;
    const outcome = await visit(source, upstream.id, upstream.cursor ?? undefined, timeoutMs, clock);
    const cut = outcome === "timeout" && !isFull;
    if (outcome !== "timeout" && !(outcome instanceof Error)) {
      pages += 1;
      await save(visited(state, upstream.id, outcome, clock.now()));
    } else if (!cut) {
      failures += 1;
      const error = outcome instanceof Error ? outcome.message : `A page took longer than ${timeoutMs} ms.`;
      await save(failed(state, upstream.id, error, clock.now()));
    }
    spending = spend(next.spending, turn, clock.now() - now, cut);
  }
  return report(state, { pages, failures }, isDue, clock.now());
}

/** A page, why there is none, or that it took too long: then whoever reads it is left behind. */
async function visit(
  source: SweepSource,
  upstream: string,
  cursor: string | undefined,
  timeoutMs: number,
  clock: LeaseClock,
): Promise<Awaited<ReturnType<SweepSource["read"]>> | Error | "timeout"> {
  const over = new AbortController();
  const read = source
    .read(upstream, cursor, over.signal)
    .catch((error: unknown) => (error instanceof Error ? error : new Error(String(error))));
  const ended = new AbortController();
  const late = clock.sleep(timeoutMs, ended.signal).then(() => "timeout" as const);
  const outcome = await Promise.race([read, late]);
  ended.abort();
  if (outcome === "timeout") over.abort();
  return outcome;
}

function report(
  state: SweepState,
  call: Pick<SweepReport, "pages" | "failures">,
  isDue: boolean,
  now: number,
): SweepReport {
  const open = state.upstreams.filter(({ done }) => !done);
  return {
    state: open.length > 0 ? "unfinished" : call.pages === 0 && !isDue ? "idle" : "finished",
    counts: state.counts,
    ...call,
    open: open.map(({ id }) => id),
    failing: open.flatMap(({ id, error }) => (error === null ? [] : [{ upstream: id, error }])),
    lagMs: open.length > 0 ? Math.max(0, now - state.startedAt) : 0,
  };
}

/** A record that nobody can read is none: the round begins anew. */
async function load(ledger: Ledger, id: string): Promise<{ state: SweepState | undefined; rev: number }> {
  const item = await ledger.get(SWEEPS, id);
  return { state: SweepState.safeParse(item?.data).data, rev: item?.rev ?? 0 };
}

const isRoundDue = (state: SweepState | undefined, dueAt: number | undefined): boolean =>
  state === undefined || (dueAt !== undefined && dueAt > state.startedAt);

const dueOf = (state: SweepState | undefined, mark: number | undefined, now: number, everyMs: number) =>
  state !== undefined && now - state.startedAt >= everyMs ? now : mark;

async function readMark(ledger: Ledger, id: string): Promise<number | undefined> {
  return z
    .object({ at: Instant })
    .optional()
    .parse((await ledger.get(DUE, id))?.data)?.at;
}
