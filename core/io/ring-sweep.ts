import { setTimeout as pause } from "node:timers/promises";
import { isFailure } from "../model/failures.ts";
import { beginWalk, ringLag, RingState, walked } from "../model/sweeps/ring.ts";
import { withLease, type LeaseClock } from "./lease.ts";
import type { Ledger } from "./ports.ts";

export interface RingCall {
  readonly id: string;
  /** Who walks, for people: run id, task and attempt. */
  readonly holder: string;
  /** Of the run: an attempt after one that died walks the rest of that one's lap, and not a lap of its own. */
  readonly name: string;
  /** In any order. */
  readonly keys: readonly string[];
  /** Visits at a time. */
  readonly concurrency: number;
  /** Epoch milliseconds: visits that have not ended then are left behind. */
  readonly until: number;
  /** How long a holder that may be dead is waited for; default longer than its lease. */
  readonly waitSeconds?: number;
  readonly clock?: LeaseClock;
}

export interface RingVisitor {
  /**
   * Does all that a key asks for, and gives a word to count it by. A visit that is made twice changes nothing more.
   * Throws when it was no visit: Throttled breaks the walk off, as do 64 Transient ones in a row. What it does after the signal has aborted nobody waits for.
   */
  visit(key: string, signal: AbortSignal): Promise<string>;
  /** Before progress is saved, for what goes better for many visits at once. */
  flush?(): Promise<void>;
}

export interface RingReport {
  /** `held`: somebody else walks now. */
  readonly state: "held" | "walked";
  readonly total: number;
  readonly attempted: number;
  /** Visited by earlier attempts of the same run, which died. */
  readonly earlier: number;
  /** By the visitor's words. */
  readonly counts: Readonly<Record<string, number>>;
  readonly failed: number;
  /** Of the failed: the next walk begins with them, for the upstream had enough, or was down. */
  readonly postponed: number;
  /** Why the walk ended before its lap and its time; another attempt of the run walks the rest. */
  readonly brokenOff?: unknown;
  /** The first few of those that failed. */
  readonly failures: readonly { readonly key: string; readonly error: unknown }[];
  /** Age of the oldest visit of any key at most, in milliseconds. */
  readonly lagMs: number;
}

const RINGS = "ring-sweep";
const LEASE_SECONDS = 30;
const SAVE_MS = 10_000;
const SAVE_VISITS = 200;
const SAMPLE = 20;
/** So many failures and nothing in between: the upstream is down, and more requests do not help it up. */
const HOPELESS = 64;

const systemClock: LeaseClock = {
  now: () => Date.now(),
  sleep: (ms, signal) => pause(ms, undefined, { signal }).catch(() => undefined),
};

/**
 * Walks round a list, from where the last walk stopped, one lap at most. The paged sweep of `sweeps.ts` asks one page
 * after the other and counts a page that took too long as not read; here every key is a request of its own, many are
 * under way, and one that blocks must hold up neither progress nor its neighbours.
 *
 * Progress is saved every 10 s or 200 visits, under a lease and a condition: a walk that dies skips no key.
 */
export async function walkRing(ledger: Ledger, call: RingCall, visitor: RingVisitor): Promise<RingReport> {
  const { id, holder, waitSeconds = LEASE_SECONDS + 5, clock = systemClock } = call;
  const lease = { holder, ttlSeconds: LEASE_SECONDS, waitSeconds, clock };
  try {
    return await withLease(ledger, `ring-sweep/${id}`, lease, ({ signal }) =>
      walk(ledger, { ...call, clock }, visitor, signal),
    );
  } catch (error) {
    if (!isFailure(error) || error.code !== "lease_held") throw error;
    const nothing = { attempted: 0, earlier: 0, counts: {}, failed: 0, postponed: 0, failures: [], lagMs: 0 };
    return { state: "held", total: call.keys.length, ...nothing };
  }
}

async function walk(
  ledger: Ledger,
  { id, name, keys, concurrency, until, clock }: RingCall & { readonly clock: LeaseClock },
  { visit, flush }: RingVisitor,
  lost: AbortSignal,
): Promise<RingReport> {
  const found = await load(ledger, id);
  let { rev } = found;
  const plan = beginWalk(found.state, keys, clock.now(), name);
  const { order, owed, late, circle } = plan;
  const total = owed + circle.length + late;
  const over = new AbortController();
  const ended = new AbortController();
  const open = new Set<string>();
  const postponed = new Set<string>();
  const counts: Record<string, number> = {};
  const failures: { key: string; error: unknown }[] = [];
  let [begun, finished, failed, unsaved] = [0, 0, 0, 0];
  const inRow: string[] = [];
  let brokenOff: { readonly error: unknown } | undefined;

  const write = async (state: RingState): Promise<RingState> => {
    // A holder that lost its lease unawares meets the other's revision here, and stops.
    lost.throwIfAborted();
    await ledger.write([{ put: { pk: RINGS, sk: id, data: state }, if: rev === 0 ? { absent: true } : { rev } }]);
    rev += 1;
    return state;
  };
  const save = async (isLast: boolean): Promise<RingState> => {
    unsaved = 0;
    // As it is now: what ends while this is written is visited again by whoever goes on from here.
    const progress = walked(plan, { begun, open: [...open, ...postponed], over: isLast });
    await flush?.();
    return write(progress);
  };
  let saving: Promise<unknown> = write(plan.begun);
  await saving;
  const saveNow = (): Promise<unknown> => (saving = saving.then(() => save(false)));

  const walker = async (): Promise<void> => {
    while (!over.signal.aborted && brokenOff === undefined && clock.now() < until) {
      const key = order[begun];
      if (key === undefined) return;
      begun += 1;
      open.add(key);
      try {
        const word = await visit(key, over.signal);
        if (over.signal.aborted) return;
        counts[word] = (counts[word] ?? 0) + 1;
        finished += 1;
        inRow.length = 0;
      } catch (error) {
        if (over.signal.aborted) return;
        failed += 1;
        if (failures.length < SAMPLE) failures.push({ key, error });
        const kind = isFailure(error) ? error.name : undefined;
        if (kind === "Transient") inRow.push(key);
        const isHopeless = finished === 0 && (kind === "Misconfigured" || failed >= HOPELESS);
        if (kind === "Throttled" || inRow.length >= HOPELESS || isHopeless) brokenOff ??= { error };
        if (kind === "Throttled") postponed.add(key);
        // Not their fault, nor that of those who fail while the last ones end.
        if (brokenOff !== undefined) for (const one of inRow.splice(0)) postponed.add(one);
      }
      open.delete(key);
      unsaved += 1;
      if (unsaved >= SAVE_VISITS) await saveNow();
    }
  };
  const ticker = async (): Promise<void> => {
    while (!ended.signal.aborted) {
      await clock.sleep(SAVE_MS, ended.signal);
      if (!ended.signal.aborted && unsaved > 0) await saveNow();
    }
  };
  try {
    const all = Promise.all(Array.from({ length: concurrency }, walker));
    const late = clock.sleep(Math.max(0, until - clock.now()), ended.signal);
    // The ticker ends only by an error or together with the rest.
    await Promise.race([all, late, ticker().then(() => late)]);
  } finally {
    over.abort();
    ended.abort();
  }
  await saving;
  const state = await save(brokenOff === undefined);
  return {
    ...{ state: "walked", total, attempted: begun, earlier: total - order.length, counts },
    ...{ failed, postponed: postponed.size, failures, ...(brokenOff && { brokenOff: brokenOff.error }) },
    lagMs: ringLag(state, clock.now()),
  };
}

/** A record that nobody can read is none: the walk begins at the beginning. */
async function load(ledger: Ledger, id: string): Promise<{ state: RingState | undefined; rev: number }> {
  const item = await ledger.get(RINGS, id);
  return { state: RingState.safeParse(item?.data).data, rev: item?.rev ?? 0 };
}
