import { isFailure, type Failure } from "../model/failures.ts";
import { describeFailure } from "../model/failures.ts";
import type { RunRequest } from "../model/items/run-request.ts";
import { capRoom, fairest, free, freeSlots, grant } from "../model/lanes/grant.ts";
import type { LaneLimits, Slot } from "../model/lanes/lane-state.ts";
import { nextGrants } from "./lane-queue.ts";
import { forgetRequest, leaving, readRequest, type KeptRequest } from "./lane-requests.ts";
import { changeLane, readCap } from "./lane-store.ts";
import type { Executions, ExecutionState, Ledger } from "./ports.ts";

export interface LaneHome {
  readonly ledger: Ledger;
  readonly executions: Executions;
  readonly lanes: readonly LaneLimits[];
  /** Runs at once in all lanes together. */
  readonly cap: number;
  /**
   * Told of a run's end that no event has told: found at the end of a lease, withdrawn before its start, or refused by
   * its machine. Called before the slot is free and the request forgotten, so at least once; what it throws leaves the
   * slot held until the next look.
   */
  settle(request: RunRequest, end: ExecutionState): Promise<void>;
  /** A running execution is asked after so often. */
  readonly leaseMs: number;
  /** One that was granted and perhaps never started is asked after so soon. */
  readonly graceMs: number;
}

/** What came of a look at the lanes, by name of the execution. */
export interface Dispatched {
  readonly started: string[];
  /** Will never start; `settle` has heard why. */
  readonly refused: string[];
  /** Not settled yet: they keep their slots, and the next tick after the lease tries again. */
  readonly failed: { readonly name: string; readonly error: unknown }[];
}

export const nothingYet = (): Dispatched => ({ started: [], refused: [], failed: [] });

/** Grants of one transaction, of which each takes one delete beside the lane and the shared item. */
const BATCH = 25;

/** Grants what may be granted in these lanes and, if the cap had kept others waiting, in those, and starts it. */
export async function dispatchLanes(home: LaneHome, ids: readonly string[], now: number): Promise<Dispatched> {
  const outcome = nothingYet();
  const done = new Set<string>();
  for (;;) {
    const { state: cap } = await readCap(home.ledger);
    const room = capRoom(cap, home.cap);
    const wanted = new Set(room > 0 ? [...ids, ...cap.short] : ids.filter((id) => !cap.short.includes(id)));
    const candidates = home.lanes.filter(({ id }) => wanted.has(id) && !done.has(id));
    const lane = fairest(candidates, cap, home.lanes);
    if (lane === undefined) return outcome;
    const most = Math.max(1, Math.floor(room / candidates.length));
    const { granted, short } = await grantSome(home, lane, { most: Math.min(BATCH, most), now });
    const refused = outcome.refused.length;
    await startAll(home, lane.id, granted, outcome);
    // The slot of one that was refused is for the next.
    const again = short || outcome.refused.length > refused;
    if (granted.length > 0 && again) continue;
    done.add(lane.id);
    // Nobody else had waited: who does since then has seen that the cap is reached, and is seen by the next end.
    if (candidates.length === 1 && cap.short.length === 0) return outcome;
  }
}

interface Granted {
  readonly granted: readonly Slot[];
  /** There are free slots and runs for them still. */
  readonly short: boolean;
  /** The run that was said to have ended held a slot. */
  readonly freed: boolean;
  /** The cap keeps other lanes waiting, and it is for `fairest` to say whose turn it is. */
  readonly others: boolean;
}

/** Gives at most `most` slots in one transaction, in which the one of a run that has `ended` becomes free. */
const grantSome = (
  { ledger, cap: limit, graceMs }: LaneHome,
  limits: LaneLimits,
  { most, now, ended }: { readonly most: number; readonly now: number; readonly ended?: string },
): Promise<Granted> =>
  changeLane<Granted>(ledger, limits.id, async (before, cap) => {
    const lane = ended === undefined ? before : free(before, ended);
    const freed = lane !== before;
    const others = cap.short.some((id) => id !== limits.id);
    const also = ended !== undefined && freed ? [forgetRequest(ended)] : [];
    const open = freeSlots(lane, limits);
    if (open === 0) return { lane, short: false, also, result: { granted: [], short: false, freed, others } };
    const room = capRoom(cap, limit) + before.running.length - lane.running.length;
    const count = freed && others ? 0 : Math.min(open, most, room);
    const waiting = await nextGrants(ledger, limits.id, lane.turns, count + 1);
    const taken = waiting.slice(0, count);
    const short = waiting.length > count && open > count;
    const entries = taken.map(({ entry }) => entry);
    const next = taken.length === 0 ? lane : grant(lane, entries, { now, until: now + graceMs });
    return {
      lane: next,
      short,
      also: [...also, ...taken.map(({ entry, rev }) => leaving(entry, rev))],
      result: { granted: next.running.slice(lane.running.length), short, freed, others },
    };
  });

/**
 * Frees the slot of a run that has ended and gives it to the next of its lane. In a lane with a queue that is one
 * transaction, and the shared item, on which all lanes meet, stays as it is.
 */
export async function endRun(
  home: LaneHome,
  limits: LaneLimits,
  name: string,
  now: number,
): Promise<Dispatched & { readonly freed: boolean }> {
  const outcome = nothingYet();
  const { granted, short, freed, others } = await grantSome(home, limits, { most: BATCH, now, ended: name });
  await startAll(home, limits.id, granted, outcome);
  if (freed && !short && !others && outcome.refused.length === 0) return { ...outcome, freed };
  const more = await dispatchLanes(home, [limits.id], now);
  return { ...joined(outcome, more), freed };
}

export const joined = (a: Dispatched, b: Dispatched): Dispatched => ({
  started: [...a.started, ...b.started],
  refused: [...a.refused, ...b.refused],
  failed: [...a.failed, ...b.failed],
});

async function startAll(home: LaneHome, lane: string, slots: readonly Slot[], outcome: Dispatched): Promise<void> {
  await Promise.all(
    slots.map(async ({ name }) => {
      try {
        outcome[await startGranted(home, lane, name)].push(name);
      } catch (error) {
        outcome.failed.push({ name, error });
      }
    }),
  );
}

/** Starts what has been granted, as often as it is asked to: the execution's name makes one start of it. */
export async function startGranted(home: LaneHome, lane: string, name: string): Promise<"started" | "refused"> {
  const kept = await readRequest(home.ledger, name);
  if (kept === undefined) {
    // It has ended meanwhile.
    await freeSlot(home, lane, name);
    return "started";
  }
  if (kept.withdrawn !== undefined) return settleUnstarted(home, kept, "ABORTED", kept.withdrawn);
  const { domain, input, redrive } = kept.request;
  try {
    if (redrive === undefined) await home.executions.start({ domain, name, input });
    else await home.executions.redrive({ domain, name, count: redrive });
  } catch (error) {
    if (!isFailure(error) || error.name === "Transient" || error.name === "Throttled") throw error;
    return settleUnstarted(home, kept, "FAILED", refusalOf(error));
  }
  // Whoever withdrew it in between has found nothing to stop.
  const now = await readRequest(home.ledger, name);
  if (now === undefined || now.withdrawn !== undefined) {
    await home.executions.stop({ domain, name, ...(now?.withdrawn ?? LATE) });
  }
  return "started";
}

/** Of a starter that came to itself when all was over; on what has ended it has no effect. */
const LATE = { error: "Late", cause: "It was started after its request had been settled." };

const refusalOf = (error: Failure): { error: string; cause: string } => ({
  error: error.name,
  cause: JSON.stringify(describeFailure(error)),
});

async function settleUnstarted(
  home: LaneHome,
  kept: KeptRequest,
  status: "ABORTED" | "FAILED",
  reason: { readonly error: string; readonly cause: string },
): Promise<"refused"> {
  const at = new Date(kept.request.requestedAt);
  await settleAndFree(home, kept.request, { status, startedAt: at, endedAt: at, ...reason });
  return "refused";
}

export async function settleAndFree(home: LaneHome, request: RunRequest, end: ExecutionState): Promise<void> {
  await home.settle(request, end);
  await freeSlot(home, request.lane, request.name);
}

/** Gives the slot back and forgets the request; false = nobody of that name held one. */
export const freeSlot = ({ ledger }: LaneHome, id: string, name: string): Promise<boolean> =>
  changeLane(ledger, id, (lane) => {
    const next = free(lane, name);
    return next === lane ? { result: false } : { lane: next, also: [forgetRequest(name)], result: true };
  });
