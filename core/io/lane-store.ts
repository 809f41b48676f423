import { isDeepStrictEqual } from "node:util";
import { isFailure } from "../model/failures.ts";
import { counted } from "../model/lanes/grant.ts";
import { CapState, IDLE_CAP, IDLE_LANE, LaneState } from "../model/lanes/lane-state.ts";
import type { Ledger, LedgerCondition, LedgerWrite } from "./ports.ts";
import { outlast } from "./retry-conflict.ts";

const LANES = "lane";
/** What all lanes share, beside them. */
const CAP = "*";

interface Kept<T> {
  readonly state: T;
  /** 0 = there is no such item yet. */
  readonly rev: number;
}

export async function readLane(ledger: Ledger, lane: string): Promise<Kept<LaneState>> {
  const item = await ledger.get(LANES, lane);
  return item === undefined ? { state: IDLE_LANE, rev: 0 } : { state: LaneState.parse(item.data), rev: item.rev };
}

export async function readCap(ledger: Ledger): Promise<Kept<CapState>> {
  const item = await ledger.get(LANES, CAP);
  return item === undefined ? { state: IDLE_CAP, rev: 0 } : { state: CapState.parse(item.data), rev: item.rev };
}

/** What a decision makes of a lane. What is left out, or is the same object, stays as it is. */
export interface LaneChange<T> {
  readonly lane?: LaneState;
  /** Whether the cap alone keeps a run of the lane waiting. */
  readonly short?: boolean;
  /** Written in the same transaction. */
  readonly also?: readonly LedgerWrite[];
  readonly result: T;
}

/** Dispatchers of one environment meet on the shared item: a burst of them passes within this many tries. */
const PATIENCE = { attempts: 40, firstPauseMs: 1, lastPauseMs: 200 } as const;

/** Decides on what is there and writes it, all or nothing; decides anew when somebody else was faster. */
export const changeLane = <T>(
  ledger: Ledger,
  id: string,
  decide: (lane: LaneState, cap: CapState) => Promise<LaneChange<T>> | LaneChange<T>,
): Promise<T> =>
  outlast(() => changeOnce(ledger, id, decide), {
    ...PATIENCE,
    code: "lane_contended",
    what: `change the lane ${id}`,
  });

async function changeOnce<T>(
  ledger: Ledger,
  id: string,
  decide: (lane: LaneState, cap: CapState) => Promise<LaneChange<T>> | LaneChange<T>,
): Promise<T> {
  // In this order: a lane that is read before the shared item may be older than what is written of it there.
  const [cap, lane] = [await readCap(ledger), await readLane(ledger, id)];
  const change = await decide(lane.state, cap.state);
  const { lane: next = lane.state, short = cap.state.short.includes(id), also = [], result } = change;
  const held = next === lane.state ? (cap.state.running[id] ?? 0) : next.running.length;
  const nextCap = counted(cap.state, id, held, short);
  const writes = [
    ...(next === lane.state ? [] : [put(id, next, lane.rev)]),
    ...(nextCap === cap.state ? [] : [put(CAP, nextCap, cap.rev)]),
    ...also,
  ];
  if (writes.length === 0) return result;
  try {
    await ledger.write(writes);
    return result;
  } catch (error) {
    if (!isStale(error) && next !== lane.state && (await isWritten(ledger, id, next, lane.rev + 1))) return result;
    throw error;
  }
}

/** Whether a write whose answer was lost has happened after all. */
async function isWritten(ledger: Ledger, id: string, wanted: LaneState, rev: number): Promise<boolean> {
  const found = await readLane(ledger, id).catch(() => undefined);
  return found?.rev === rev && isDeepStrictEqual(found.state, wanted);
}

const put = (sk: string, data: LaneState | CapState, rev: number): LedgerWrite => ({
  put: { pk: LANES, sk, data },
  if: atRev(rev),
});

const atRev = (rev: number): LedgerCondition => (rev === 0 ? { absent: true } : { rev });

export const isStale = (error: unknown): boolean => isFailure(error) && error.code === "stale_item";
