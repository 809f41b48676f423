import { createRandom, type Random } from "../chaos/random.ts";
import { shardOf } from "../../core/io/item-records.ts";
import { RUNS_AT_ONCE } from "../../core/model/lanes/declared-lanes.ts";
import type { ItemKey } from "../../core/model/items/item-key.ts";
import { newItem, type ItemState } from "../../core/model/items/item-state.ts";
import type { RunRequest } from "../../core/model/items/run-request.ts";
import {
  type CapState,
  IDLE_CAP,
  IDLE_LANE,
  type LaneLimits,
  type LaneState,
} from "../../core/model/lanes/lane-state.ts";
import type { QueueEntry } from "../../core/model/lanes/queue-entry.ts";
import { decide, type RunTarget } from "../../core/model/items/trigger-rule.ts";
import { Bucket } from "./bucket.ts";
import { Clock } from "./clock.ts";
import { LaneQueue } from "./lane-queue.ts";
import { Units } from "./units.ts";
import { Verdict } from "./verdict.ts";
import { Waits } from "./waits.ts";

const START = Date.UTC(2026, 0, 1);
const DAY_MS = 86_400_000;
export const YEAR_MS = 365 * DAY_MS;

/** Probabilities, of what may go wrong: per event, per await point and per run. */
export interface Faults {
  readonly lost: number;
  readonly late: number;
  readonly twice: number;
  /** That a coordinator dies, at each of its await points. */
  readonly death: number;
  /** That a run ends otherwise than by success. */
  readonly failure: number;
}

export interface Asset {
  readonly id: string;
  readonly index: number;
  readonly lane: string;
  readonly domain: string;
  /** What it is made from: a source outside, or another asset of the same partitions. */
  readonly upstream: string;
  readonly made?: Asset;
  readonly items: Item[];
  /** Of the clock of whoever observes its upstream. */
  readonly skewMs: number;
  codeVersion: string;
  /** Until then its upstream is slow and throttles. */
  slowUntil: number;
}

export interface Item {
  readonly key: ItemKey;
  readonly asset: Asset;
  readonly shard: string;
  /** Same partition of the asset that it is made from, and of those that are made from it. */
  readonly above?: Item;
  readonly below: Item[];
  state: ItemState;
  rev: number;
  /** Version of the upstream that there is really. */
  truth: string;
  /** Number of the latest request whose execution was started; Step Functions knows its name for 90 days. */
  started: number;
  running: { readonly number: number; readonly since: number } | undefined;
  /** Always fails. */
  poisoned: boolean;
}

/** How an execution has ended; null = it succeeded. */
export interface End {
  readonly at: number;
  readonly failure: string | null;
}

export interface Lane {
  readonly limits: LaneLimits;
  readonly queue: LaneQueue;
  state: LaneState;
  rev: number;
  /** Executions that run really. */
  running: number;
}

const SOURCES = 8;
const DERIVED = 4;
/** As lanes are declared: exports and course files on few slots, logs and tables on more. */
const SLOTS = [8, 20, 4, 40, 8, 120, 20, 200];
/** Less than what a sighting may lie in the future (observe.ts). */
const OBSERVER_SKEW_MS = 90_000;
const COORDINATOR_SKEW_MS = 2_000;
const COORDINATORS = 8;

/** All that there is: items, lanes, executions, and what is measured of them. */
export class World {
  readonly clock = new Clock(START);
  readonly end = START + YEAR_MS;
  readonly random: Random;
  readonly faults: Faults;
  readonly assets: readonly Asset[];
  readonly items: readonly Item[];
  readonly lanes: ReadonlyMap<string, Lane>;
  readonly capLimit = RUNS_AT_ONCE.production;
  cap: CapState = IDLE_CAP;
  capRev = 0;
  /** By name of the execution, from the decision to the end. */
  readonly requests = new Map<string, { readonly request: RunRequest; readonly item: Item }>();
  /** By the time at which they come due. */
  readonly delayed = new Set<QueueEntry>();
  /** How each latest execution of an item has ended, until the coordinators have heard of it. */
  readonly ends = new Map<string, End>();
  readonly units = new Units();
  readonly verdict = new Verdict();
  readonly waits = new Waits();
  /** https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html, us-east-1 */
  readonly starts = new Bucket(1_300, 300);
  readonly transitions = new Bucket(5_000, 1_500);
  readonly describes = new Bucket(300, 15);
  /** Of the coordinator, an Express machine. */
  readonly express = new Bucket(6_000, 6_000);
  /** Whoever hears of the end of an execution. */
  onEnd: (item: Item, request: RunRequest, end: End) => void = () => undefined;
  runs = 0;
  deaths = 0;
  conflicts = 0;
  contended = 0;
  delivered = 0;
  readonly #skews: readonly number[];

  constructor(seed: number, partitions: number, faults: Faults) {
    this.random = createRandom(seed);
    this.faults = faults;
    const { random } = this;
    this.#skews = Array.from({ length: COORDINATORS }, () => random.between(-COORDINATOR_SKEW_MS, COORDINATOR_SKEW_MS));
    this.assets = assetsOf(random);
    this.items = itemsOf(this.assets, partitions, random);
    this.lanes = new Map(
      SLOTS.map((slots, index) => {
        const limits = { id: `lane-${index}`, domain: `domain-${index % 6}`, slots };
        return [limits.id, { limits, queue: new LaneQueue(), state: IDLE_LANE, rev: 0, running: 0 }];
      }),
    );
  }

  /** The clock of one of the coordinators. */
  coordinatorNow(): number {
    return Math.round(this.clock.now) + (this.random.pick(this.#skews) ?? 0);
  }

  lane(id: string): Lane {
    const found = this.lanes.get(id);
    if (found === undefined) throw new Error(`No lane ${id}.`);
    return found;
  }

  /** A coordinator dies here. */
  dies = (): boolean => {
    const dies = this.random.next() < this.faults.death;
    if (dies) this.deaths += 1;
    return dies;
  };
}

export const targetOf = ({ domain, lane, id, codeVersion }: Asset): RunTarget => ({
  domain,
  lane,
  codeVersion,
  input: { job: id.split("/").at(-1) ?? id },
});

export const versionText = (number: number): string => `v${String(number).padStart(8, "0")}`;

function assetsOf(random: Random): Asset[] {
  const assets: Asset[] = [];
  for (let index = 0; index < SOURCES + DERIVED; index += 1) {
    const made = index < SOURCES ? undefined : assets[index - SOURCES];
    const lane = index % SLOTS.length;
    assets.push({
      id: `org/domain_${lane % 6}/asset_${index}`,
      index,
      lane: `lane-${lane}`,
      domain: `domain-${lane % 6}`,
      upstream: made?.id ?? "source",
      ...(made === undefined ? {} : { made }),
      items: [],
      skewMs: random.between(-OBSERVER_SKEW_MS, OBSERVER_SKEW_MS),
      codeVersion: versionText(1),
      slowUntil: 0,
    });
  }
  return assets;
}

/** Nine of ten have been made before; nobody has tried to make the others. */
function itemsOf(assets: readonly Asset[], partitions: number, random: Random): Item[] {
  const items: Item[] = [];
  for (let index = 0; index < partitions; index += 1) {
    const asset = assets[index % assets.length];
    if (asset === undefined) throw new Error("There are no assets.");
    const partition = `course-v1:Org+Course${Math.floor(index / assets.length)}+2026`;
    const above = asset.made?.items[asset.items.length];
    const key = { asset: asset.id, partition };
    const truth = versionText(0);
    const past = random.next() < 0.9;
    const item: Item = {
      ...{ key, asset, shard: shardOf(partition), below: [], rev: 1, truth, started: 0, running: undefined },
      state: past ? madeBefore(key, asset, truth) : newItem(START),
      // One of 10,000, and at least one.
      poisoned: index % 10_000 === 17,
      ...(above === undefined ? {} : { above }),
    };
    above?.below.push(item);
    asset.items.push(item);
    items.push(item);
  }
  return items;
}

const madeBefore = (key: ItemKey, { upstream, codeVersion }: Asset, version: string): ItemState =>
  decide(
    newItem(START),
    {
      type: "recorded",
      result: { status: "succeeded", run: null, at: START },
      versions: { [upstream]: version },
      codeVersion,
      dataVersion: version,
    },
    { key, now: START },
  ).state;
