import { Failure } from "../model/failures.ts";
import { isSettled, newBackfill, ordered, type Backfill, type BackfillOrder } from "../model/backfills/backfill.ts";
import { estimate, type Estimate } from "../model/backfills/estimate.ts";
import type { BackfillMode } from "../model/backfills/mode.ts";
import { progressOf, type BackfillProgress } from "../model/backfills/progress.ts";
import { selectionText, type Selection } from "../model/backfills/selection.ts";
import type { RunOutcome } from "../model/items/item-event.ts";
import { backfillOf, type RunRequest } from "../model/items/run-request.ts";
import { feedBackfill } from "./backfill-feed.ts";
import type { BackfillHome } from "./backfill-home.ts";
import { writeManifest } from "./backfill-manifest.ts";
import { isOpen, lookAfterOpen } from "./backfill-open.ts";
import {
  allBackfills,
  askId,
  backfillWrite,
  changeBackfill,
  findBackfill,
  needBackfill,
  openPk,
  outcomesPk,
  PartitionEnd,
  settlePartition,
} from "./backfill-records.ts";
import { selectPartitions, type SelectedPartition } from "./backfill-selection.ts";
import { recentDurations } from "./recent-durations.ts";
import { everyItem } from "./every-item.ts";

export type { BackfillHome } from "./backfill-home.ts";

export interface BackfillPlan {
  readonly asset: string;
  /** In words. */
  readonly selection: string;
  readonly mode: BackfillMode;
  /** Runs that it would make. */
  readonly total: number;
  /** Matched, and not run: by reason. `no-input`: no run is on record whose input could be used again. */
  readonly leftOut: Readonly<Partial<Record<NonNullable<SelectedPartition["leftOut"]>, number>>>;
  /** The first ones, in byte order. */
  readonly sample: readonly string[];
  /** Where the first of them would run. */
  readonly lane?: string;
  readonly slots?: number;
  readonly estimate: Estimate;
}

export interface NewBackfillOrder {
  /** Chosen by the caller: starting again under the same id is the same backfill. */
  readonly id: string;
  readonly selection: Selection;
  readonly mode: BackfillMode;
  readonly author: string;
  readonly now: number;
}

/** Backfills: many runs asked for at once, fed into their lanes by windows. Times are epoch milliseconds. */
export interface Backfills {
  /** Changes nothing. Throws Malformed `selection_invalid`, Rejected `partition_unknown`. */
  plan(selection: Selection, mode: BackfillMode): Promise<BackfillPlan>;
  /** Keeps the keys, then the record, and feeds the first window. Throws Rejected `nothing_selected` as well. */
  start(order: NewBackfillOrder): Promise<Backfill>;
  /** Idempotent, safe with several at once and after a crash anywhere. */
  feed(id: string, now: number): Promise<{ readonly asked: number }>;
  /**
   * To be told of every end of a requested run, after its item has been; gives the backfill that it was of, to be fed,
   * or undefined. A run that is to be repeated for the same ask (interrupted, throttled) has not ended for the backfill.
   */
  ended(
    request: Pick<RunRequest, "asset" | "partition" | "name" | "reason" | "group" | "backfill">,
    outcome: RunOutcome,
    now: number,
  ): Promise<string | undefined>;
  /** Finds lost ends, finishes what was cancelled and feeds the rest; gives the backfills that are not over. */
  sweep(now: number): Promise<readonly string[]>;
  /**
   * `pause`: nothing more is asked for, and what waits in the lane still runs. `cancel`: that is withdrawn too; what runs
   * finishes. Throws Rejected `backfill_unknown`, `backfill_over`.
   */
  order(id: string, order: BackfillOrder, by: string, now: number): Promise<Backfill>;
  show(id: string): Promise<{ readonly backfill: Backfill; readonly progress: BackfillProgress }>;
  /** Newest first. */
  list(): Promise<readonly Backfill[]>;
  /** Ends of partitions in byte order, optionally only of one outcome; at most `limit`. */
  ends(
    id: string,
    query: { readonly outcome?: PartitionEnd["outcome"]; readonly after?: string; readonly limit: number },
  ): Promise<readonly (PartitionEnd & { readonly partition: string })[]>;
}

const SAMPLE = 5;
/** Slots of a lane that is not known. */
const ONE = 1;

export function openBackfills(home: BackfillHome): Backfills {
  const { ledger, objects, bucket, items, lanes } = home;
  const feed = (id: string, now: number) => feedBackfill(home, id, now);
  return {
    async plan(selection, mode) {
      const leftOut: Partial<Record<string, number>> = {};
      const sample: string[] = [];
      let total = 0;
      for await (const { partition, leftOut: reason } of selectPartitions(home, selection, mode)) {
        if (reason !== undefined) leftOut[reason] = (leftOut[reason] ?? 0) + 1;
        else if ((total += 1) <= SAMPLE) sample.push(partition);
      }
      const { asset } = selection;
      const [first] = sample;
      const target = first === undefined ? undefined : await home.targetOf({ asset, partition: first });
      const slots = target === undefined ? undefined : home.slotsOf(target.lane);
      return {
        ...{ asset, selection: selectionText(selection), mode, total, leftOut, sample },
        ...(target === undefined ? {} : { lane: target.lane }),
        ...(slots === undefined ? {} : { slots }),
        estimate: estimate(await recentDurations(home, asset), total, slots ?? ONE),
      };
    },

    async start({ id, selection, mode, author, now }) {
      const known = await findBackfill(ledger, id);
      if (known === undefined) {
        const keys = async function* (): AsyncGenerator<string> {
          for await (const { partition, leftOut } of selectPartitions(home, selection, mode)) {
            if (leftOut === undefined) yield partition;
          }
        };
        const total = await writeManifest(objects, bucket, id, keys());
        const { asset } = selection;
        if (total === 0) throw nothingSelected(selection, mode);
        const text = selectionText(selection);
        const backfill = newBackfill({ id, asset, selection: text, mode, author, createdAt: now, total });
        await ledger.write([backfillWrite(backfill, 0)]);
      }
      await feed(id, now);
      return (await needBackfill(ledger, id)).backfill;
    },

    feed,

    async ended(request, outcome, now) {
      const { asset, partition, name } = request;
      const id = backfillOf(request);
      if (id === undefined) return undefined;
      const state = await items.read({ asset, partition });
      const isSame = state?.runs.some((run) => run.name === name) === true;
      if (!isSame && isOpen(state, askId(id, partition))) return id;
      const { status } = outcome;
      if (status === "interrupted") return id;
      const { class: failureClass, code, message } = status === "failed" ? outcome : {};
      await settlePartition(ledger, id, partition, {
        ...{ outcome: status, at: now, run: name },
        ...(failureClass === undefined ? {} : { class: failureClass }),
        ...(code === undefined ? {} : { code }),
        ...(message === undefined ? {} : { message: message.slice(0, 300) }),
      });
      return id;
    },

    async sweep(now) {
      const open = (await allBackfills(ledger)).filter((backfill) => !isSettled(backfill)).map(({ id }) => id);
      for (const id of open) {
        await lookAfterOpen(home, id, now);
        await feed(id, now);
      }
      return open;
    },

    async order(id, order, by, now) {
      await changeBackfill(ledger, id, (backfill) => ordered(backfill, order, by, now));
      if (order === "cancel") await lookAfterOpen(home, id, now);
      if (order === "resume") await feed(id, now);
      return (await needBackfill(ledger, id)).backfill;
    },

    async show(id) {
      const { backfill } = await needBackfill(ledger, id);
      let running = 0;
      for await (const { sk: partition } of everyItem(ledger, openPk(id))) {
        const state = await items.read({ asset: backfill.asset, partition });
        const run = state?.runs.find((one) => one.ask?.id === askId(id, partition));
        if (run !== undefined && (await lanes.slotOf(run.name)) !== undefined) running += 1;
      }
      return { backfill, progress: progressOf(backfill, running) };
    },

    list: async () => (await allBackfills(ledger)).toSorted((a, b) => b.createdAt - a.createdAt),

    async ends(id, { outcome, after, limit }) {
      await needBackfill(ledger, id);
      const found: (PartitionEnd & { partition: string })[] = [];
      for await (const { sk: partition, data } of everyItem(ledger, outcomesPk(id), after)) {
        const end = PartitionEnd.parse(data);
        if (outcome === undefined || end.outcome === outcome) found.push({ partition, ...end });
        if (found.length >= limit) break;
      }
      return found;
    },
  };
}

const nothingSelected = (selection: Selection, mode: BackfillMode): Failure =>
  new Failure("Rejected", `Nothing of ${selection.asset} is to be run: ${selectionText(selection)}, mode ${mode}.`, {
    code: "nothing_selected",
    what: "start a backfill",
    hint: "`backfill plan` with the same options tells what was left out and why.",
  });
