import { Failure } from "../model/failures.ts";
import type { ItemEvent } from "../model/items/item-event.ts";
import type { ItemKey } from "../model/items/item-key.ts";
import { newItem, type Ask, type ItemState, type Order } from "../model/items/item-state.ts";
import { overtake, overtaken } from "../model/items/overtake.ts";
import { partitionProblem } from "../model/items/partition-key.ts";
import type { RunRequest } from "../model/items/run-request.ts";
import { statusOf, type ItemStatus } from "../model/items/status.ts";
import {
  decide,
  type Decision,
  type RuleContext,
  type RunTarget,
  type UpstreamFact,
} from "../model/items/trigger-rule.ts";
import { findItem, readCounts, writesOf, type FoundItem } from "./item-records.ts";
import { addItems, type Added } from "./items-add.ts";
import { pageItems, type ItemPage, type PageQuery } from "./items-page.ts";
import type { Lanes } from "./lanes.ts";
import type { Ledger, LedgerWrite } from "./ports.ts";
import { retryConflict } from "./retry-conflict.ts";

export interface ApplyOptions extends Pick<RuleContext, "automatic" | "failedOnceDelayMs"> {
  /** Epoch milliseconds. */
  readonly now: number;
  /** Absent = the event is recorded and no run requested; what is pending stays so until somebody evaluates it. */
  readonly enqueue?: {
    readonly target: RunTarget;
    /** What puts the request into its lane's queue; written with the item, all or nothing. Asked anew on each attempt. */
    readonly writesFor: (request: RunRequest) => readonly LedgerWrite[] | Promise<readonly LedgerWrite[]>;
    /** Lets a person's wish take over a request that waits; absent = the wish follows it. */
    readonly overtaking?: Lanes["overtaking"];
  };
  /** An unknown partition becomes one by this event: of a landing, not of what an authority lists. Default no. */
  readonly create?: boolean;
}

export interface Applied extends Pick<Decision, "request" | "waiting"> {
  /** What the event found; a new partition finds itself empty. */
  readonly before: ItemState;
  readonly state: ItemState;
  readonly status: ItemStatus;
  /** The event was news. */
  readonly changed: boolean;
}

export interface Items {
  read(key: ItemKey): Promise<ItemState | undefined>;
  /**
   * Applies an event by the trigger rule, in one transaction with the request that it leads to, its count and its index.
   * The same event again changes nothing, so whoever got no answer asks again. Undefined: there is no such partition.
   * Throws Rejected `partition_unknown` (a run of none was asked for) or `item_asks_full`, Malformed
   * `partition_invalid`, and Conflict when others change the same all the time.
   */
  apply(key: ItemKey, event: ItemEvent, options: ApplyOptions): Promise<Applied | undefined>;
  /** Idempotent and resumable; requests nothing. */
  addAll(asset: string, partitions: Iterable<string>, now: number, order?: Order): Promise<Added>;
  page(asset: string, query?: PageQuery): Promise<ItemPage>;
  /** Exact, by 16 reads. */
  counts(asset: string): Promise<Readonly<Record<ItemStatus, number>>>;
}

/** `upstreamsOf`: ids of the assets that are direct upstreams; their items of the same partition hold a request back. */
export function openItems(ledger: Ledger, upstreamsOf: (asset: string) => readonly string[] = () => []): Items {
  const apply: Items["apply"] = async (key, event, options) => {
    const applied = await retryConflict(() => applyOnce(ledger, key, event, options, upstreamsOf(key.asset)));
    // Who ended the upstream's run meanwhile has looked here before this was written.
    if (applied?.changed !== true || applied.waiting?.why !== "upstream-busy") return applied;
    const again = await apply(key, { type: "evaluated" }, options);
    return again?.changed === true ? { ...again, before: applied.before } : applied;
  };
  return {
    read: async (key) => (await findItem(ledger, key))?.state,
    apply,
    addAll: (asset, partitions, now, order) => addItems(ledger, asset, partitions, now, order),
    page: (asset, query = {}) => pageItems(ledger, asset, query),
    counts: async (asset) => {
      const counts = await readCounts(ledger, asset);
      const { in_progress = 0, failed = 0, missing = 0, stale = 0, materialised = 0, retired = 0 } = counts;
      return { in_progress, failed, missing, stale, materialised, retired };
    },
  };
}

async function applyOnce(
  ledger: Ledger,
  key: ItemKey,
  event: ItemEvent,
  options: ApplyOptions,
  upstreams: readonly string[],
): Promise<Applied | undefined> {
  const { now, enqueue, create = false } = options;
  const found = await findItem(ledger, key);
  if (found === undefined && !create) {
    if (event.type === "requested") throw unknownPartition(key);
    return undefined;
  }
  const problem = found === undefined ? partitionProblem(key.partition) : undefined;
  if (problem !== undefined) throw invalidPartition(key, problem);
  const before = found?.state ?? newItem(now);
  if (event.type === "requested" && found !== undefined) {
    const applied = await overtakeWaiting(ledger, key, found, event.ask, options);
    if (applied !== undefined) return applied;
  }
  const { automatic, failedOnceDelayMs } = options;
  const context: RuleContext = {
    key,
    now,
    ...(enqueue === undefined ? {} : { target: enqueue.target }),
    ...(automatic === undefined ? {} : { automatic }),
    ...(failedOnceDelayMs === undefined ? {} : { failedOnceDelayMs }),
  };
  let decision = decide(before, event, context);
  // The upstreams are read only where their answer matters.
  if (decision.request !== undefined && upstreams.length > 0) {
    const facts = await Promise.all(upstreams.map((asset) => factOf(ledger, asset, key.partition)));
    decision = decide(before, event, { ...context, upstreams: facts });
  }
  const { state, request } = decision;
  const changed = found === undefined || state !== before;
  if (changed) {
    const writes = await writesOf(ledger, key, found, state);
    const queued = request === undefined ? [] : await enqueue?.writesFor(request);
    await ledger.write([...writes, ...(queued ?? [])]);
  }
  const { waiting } = decision;
  return {
    before,
    state,
    status: statusOf(state),
    changed,
    ...(request === undefined ? {} : { request }),
    ...(waiting === undefined ? {} : { waiting }),
  };
}

/** The request that waits becomes the wish's, unless its lane has granted it meanwhile: then one of the two writes fails. */
async function overtakeWaiting(
  ledger: Ledger,
  key: ItemKey,
  found: FoundItem,
  wish: Ask,
  { now, enqueue }: ApplyOptions,
): Promise<Applied | undefined> {
  const before = found.state;
  const theirs = overtake(before, wish);
  if (theirs === undefined || enqueue?.overtaking === undefined) return undefined;
  const { run, state } = theirs;
  let request: RunRequest | undefined;
  const moved = await enqueue.overtaking(run.name, (waiting) => {
    return (request = overtaken(waiting, run, wish, { now, throttled: before.requeues > 0 }));
  });
  if (moved === undefined || request === undefined) return undefined;
  await ledger.write([...(await writesOf(ledger, key, found, state)), ...moved]);
  return { before, state, status: statusOf(state), changed: true, request };
}

/** One that starts between this look and the write ends with a new version, which is a change of its own. */
async function factOf(ledger: Ledger, asset: string, partition: string): Promise<UpstreamFact> {
  const state = (await findItem(ledger, { asset, partition }))?.state;
  return {
    upstream: asset,
    busy: state !== undefined && state.runs.length > 0,
    materialised: state !== undefined && state.success !== null,
  };
}

const unknownPartition = ({ asset, partition }: ItemKey): Failure =>
  new Failure("Rejected", `${asset} has no partition "${partition.slice(0, 80)}".`, {
    code: "partition_unknown",
    what: `request a run of ${asset}`,
    hint: `\`npx millrace partitions list ${asset}\` shows them; what is new upstream is added when it is found or lands.`,
  });

const invalidPartition = ({ asset, partition }: ItemKey, problem: string): Failure =>
  new Failure("Malformed", `"${partition.slice(0, 80)}" cannot be a partition of ${asset}: ${problem}.`, {
    code: "partition_invalid",
    what: `add a partition of ${asset}`,
    hint: "Rename it at its source.",
  });
