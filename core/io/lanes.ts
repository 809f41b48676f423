import { Failure } from "../model/failures.ts";
import type { RunRequest } from "../model/items/run-request.ts";
import type { Closure, LaneLimits, Slot } from "../model/lanes/lane-state.ts";
import { DELAYED, QueueEntry } from "../model/lanes/queue-entry.ts";
import { grantOrder } from "../model/lanes/turns.ts";
import { waitReason, type WaitReason } from "../model/lanes/wait-reason.ts";
import {
  dispatchLanes,
  endRun,
  freeSlot,
  joined,
  nothingYet,
  type Dispatched,
  type LaneHome,
} from "./lane-dispatch.ts";
import { joinQueues, nextDelayed, renewLeases } from "./lane-leases.ts";
import { listQueue, oldestSince } from "./lane-queue.ts";
import { enqueueing, readRequest, replacing, withdrawRequest } from "./lane-requests.ts";
import { changeLane, isStale, readCap, readLane } from "./lane-store.ts";
import type { Ledger, LedgerWrite } from "./ports.ts";

export type { Dispatched, LaneHome } from "./lane-dispatch.ts";

const LEASE_MS = 5 * 60_000;
const GRACE_MS = 60_000;
/** Runs that a view of one queue tells of one by one. */
const LISTED = 10_000;
/** Runs that a count goes up to. */
const COUNTED = 1_000;

export interface WaitingRun extends QueueEntry {
  /** Runs of the lane that come before it, as things stand. */
  readonly behind: number;
  readonly reason: WaitReason;
}

export interface LaneView extends LaneLimits {
  readonly running: readonly Slot[];
  readonly closed: Closure | null;
  /** Delayed ones are not counted. `more` = at least so many. */
  readonly waiting: { readonly count: number; readonly more: boolean };
  /** Of the run that has waited longest, in milliseconds. */
  readonly oldestMs?: number;
}

/** The run queue. Times are epoch milliseconds of the caller's clock, which may differ by seconds between callers. */
export interface Lanes {
  /**
   * Keeps a request and has it wait; for a transaction of the caller's, two writes. Throws Misconfigured
   * `lane_undeclared`. Follow it by `dispatch`.
   */
  writesFor(request: RunRequest): readonly LedgerWrite[];
  /**
   * Has a request that waits wait as another, in the place that its new priority gives it; for a transaction of the
   * caller's, three writes. Undefined = it has a slot, or is over. Follow it by `dispatch`.
   */
  overtaking(name: string, change: (request: RunRequest) => RunRequest): Promise<readonly LedgerWrite[] | undefined>;
  /** Grants and starts what may start in these lanes; also in lanes that only the cap had kept waiting. */
  dispatch(lanes: readonly string[], now: number): Promise<Dispatched>;
  /** Frees the slot of a run that has ended and gives it to the next. A late or second end changes nothing. */
  ended(name: string, now: number): Promise<Dispatched & { readonly freed: boolean }>;
  /**
   * Leases that are over, delayed requests that are due, grants that somebody left behind. `next` is when to call again
   * at the latest; undefined = nothing runs and nothing is delayed.
   */
  tick(now: number): Promise<Dispatched & { readonly next?: number }>;
  /** `waited`: it will never start. `stopping`: it had a slot, and is stopped. Undefined: nobody knows it any more. */
  withdraw(
    name: string,
    reason: { readonly error: string; readonly cause: string },
  ): Promise<"waited" | "stopping" | undefined>;
  close(lane: string, closure: Closure): Promise<void>;
  /** Opens it and grants what has waited. */
  open(lane: string, now: number): Promise<Dispatched>;
  /** The slot that the execution holds; undefined = none, so it must write nothing any more. */
  slotOf(name: string): Promise<Slot | undefined>;
  /** In the order in which they will be granted, delayed ones last; the first 10,000 of a lane. */
  waiting(lane: string, page: { readonly from?: number; readonly limit: number }): Promise<readonly WaitingRun[]>;
  state(now: number): Promise<readonly LaneView[]>;
}

/** What `openLanes` stands on; leases last 5 minutes, a grant that is not started 1 minute. */
export type LaneOptions = Omit<LaneHome, "leaseMs" | "graceMs"> & Partial<Pick<LaneHome, "leaseMs" | "graceMs">>;

export function openLanes(options: LaneOptions): Lanes {
  const home: LaneHome = { leaseMs: LEASE_MS, graceMs: GRACE_MS, ...options };
  const { ledger, executions, lanes } = home;
  const limitsOf = (id: string): LaneLimits | undefined => lanes.find((lane) => lane.id === id);
  const declared = (id: string): LaneLimits => {
    const found = limitsOf(id);
    if (found === undefined) throw undeclared(id, lanes);
    return found;
  };

  const all = lanes.map(({ id }) => id);

  const renewAll = async (now: number): Promise<Dispatched> => {
    const outcome = nothingYet();
    // A lane that is declared no more may have runs still.
    const holding = Object.keys((await readCap(ledger)).state.running);
    for (const id of new Set([...all, ...holding])) await renewLeases(home, id, now, outcome);
    return outcome;
  };

  return {
    writesFor: (request) => {
      declared(request.lane);
      return enqueueing(request);
    },

    overtaking: (name, change) => replacing(ledger, name, change),

    dispatch: (ids, now) => dispatchLanes(home, ids, now),

    async ended(name, now) {
      const lane = (await readRequest(ledger, name))?.request.lane;
      const limits = lane === undefined ? undefined : limitsOf(lane);
      if (limits !== undefined) return endRun(home, limits, name, now);
      const freed = lane !== undefined && (await freeSlot(home, lane, name));
      // Perhaps whoever freed it died before it gave the slot to the next: then this second end is the last that tells.
      return { ...(await dispatchLanes(home, all, now)), freed };
    },

    async tick(now) {
      const renewed = await renewAll(now);
      await joinQueues(ledger, now);
      const granted = await dispatchLanes(home, all, now);
      const next = await nextLook(home, now);
      return { ...joined(renewed, granted), ...(next === undefined ? {} : { next }) };
    },

    async withdraw(name, reason) {
      for (;;) {
        const kept = await readRequest(ledger, name);
        if (kept === undefined) return undefined;
        try {
          if (await withdrawRequest(ledger, kept, reason)) return "waited";
        } catch (error) {
          // It was granted, or has ended, in between: each of them happens once.
          if (isStale(error)) continue;
          throw error;
        }
        await executions.stop({ domain: kept.request.domain, name, ...reason });
        return "stopping";
      }
    },

    async close(id, closed) {
      declared(id);
      await changeLane(ledger, id, (lane) => ({ lane: { ...lane, closed }, short: false, result: undefined }));
    },

    async open(id, now) {
      declared(id);
      await changeLane(ledger, id, (lane) =>
        lane.closed === null ? { result: undefined } : { lane: { ...lane, closed: null }, result: undefined },
      );
      return dispatchLanes(home, [id], now);
    },

    async slotOf(name) {
      const kept = await readRequest(ledger, name);
      if (kept === undefined) return undefined;
      const { state } = await readLane(ledger, kept.request.lane);
      return state.running.find((slot) => slot.name === name);
    },

    async waiting(id, { from = 0, limit }) {
      const [{ state: lane }, { state: cap }] = [await readLane(ledger, id), await readCap(ledger)];
      const { entries } = await listQueue(ledger, id, LISTED);
      const runs = grantOrder(entries, lane.turns).map((entry, behind): WaitingRun => {
        const reason = waitReason(behind, limitsOf(id), lane, { state: cap, limit: home.cap });
        return { ...entry, behind, reason };
      });
      const later = (await delayedOf(ledger, id)).map((entry, index): WaitingRun => {
        return { ...entry, behind: runs.length + index, reason: { why: "delayed", until: entry.since } };
      });
      return [...runs, ...later].slice(from, from + limit);
    },

    state: (now) => Promise.all(lanes.map((limits) => viewOf(ledger, limits, now))),
  };
}

async function viewOf(ledger: Ledger, limits: LaneLimits, now: number): Promise<LaneView> {
  const { running, closed } = (await readLane(ledger, limits.id)).state;
  const { entries, more } = await listQueue(ledger, limits.id, COUNTED);
  const since = await oldestSince(ledger, limits.id);
  const waiting = { count: entries.length, more };
  return {
    ...limits,
    running,
    closed,
    waiting,
    ...(since === undefined ? {} : { oldestMs: Math.max(0, now - since) }),
  };
}

async function delayedOf(ledger: Ledger, lane: string): Promise<QueueEntry[]> {
  const { items } = await ledger.query(DELAYED, { limit: 1_000 });
  return items.map(({ data }) => QueueEntry.parse(data)).filter((entry) => entry.lane === lane);
}

/** The earliest end of a lease, or the next delayed request; what could not be settled now is looked at soon. */
async function nextLook({ ledger, graceMs }: LaneHome, now: number): Promise<number | undefined> {
  const holding = Object.keys((await readCap(ledger)).state.running);
  const states = await Promise.all(holding.map((id) => readLane(ledger, id)));
  const leases = states.flatMap(({ state }) => state.running.map(({ until }) => (until > now ? until : now + graceMs)));
  const due = await nextDelayed(ledger);
  const times = [...leases, ...(due === undefined ? [] : [Math.max(due, now)])];
  return times.length === 0 ? undefined : Math.min(...times);
}

const undeclared = (id: string, lanes: readonly LaneLimits[]): Failure =>
  new Failure("Misconfigured", `The lane "${id}" is not declared in this environment.`, {
    code: "lane_undeclared",
    what: `use the lane ${id}`,
    hint: `Declare it in the domain's pipeline.ts; there are: ${lanes.map((lane) => lane.id).join(", ")}.`,
  });
