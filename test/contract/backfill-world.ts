import { openBackfills, type BackfillHome, type Backfills } from "../../core/io/backfills.ts";
import { openItems, type Items } from "../../core/io/items.ts";
import { readRequest } from "../../core/io/lane-requests.ts";
import { openLanes, type Lanes } from "../../core/io/lanes.ts";
import type { Ledger, Objects } from "../../core/io/ports.ts";
import { openRecovery, type Recovery } from "../../core/io/recovery.ts";
import type { RunOutcome } from "../../core/model/items/item-event.ts";
import { MemoryExecutions } from "../standins/memory-executions.ts";

export const ASSET = "mitx/openedx/raw_data/tracking_logs";
export const T0 = Date.UTC(2026, 0, 15);
const LANES = [{ id: "logs", domain: "openedx", slots: 4 }];
const INPUT = { job: "tracking_log" };
const AUTOMATIC = ["failed-once", "upstream-changed", "code-changed"] as const;

/** Items, lanes and executions, and what the coordinator does at the end of a run; ports may be those of a dying process. */
export class BackfillWorld {
  readonly executions: MemoryExecutions;
  readonly items: Items;
  readonly lanes: Lanes;
  readonly home: BackfillHome;
  readonly backfills: Backfills;
  readonly recovery: Recovery;
  readonly ledger: Ledger;
  /** Partitions that no run is on record of. */
  readonly without = new Set<string>();
  now = T0;
  /** Whose end nobody has told the coordinator. */
  readonly #stopped: string[] = [];

  constructor(ledger: Ledger, objects: Objects, bucket: string, executions = new MemoryExecutions()) {
    this.ledger = ledger;
    this.executions = executions;
    executions.clock = () => new Date(this.now);
    const { stop } = executions;
    executions.stop = async (order) => {
      await stop(order);
      this.#stopped.push(order.name);
    };
    this.items = openItems(ledger);
    this.lanes = openLanes({ ledger, executions, lanes: LANES, cap: 16, settle: async () => undefined });
    this.home = {
      ...{ ledger, objects, bucket, executions, items: this.items, lanes: this.lanes },
      slotsOf: (lane) => LANES.find(({ id }) => id === lane)?.slots,
      targetOf: async ({ partition }) =>
        this.without.has(partition) ? undefined : { domain: "openedx", lane: "logs", input: INPUT },
      rules: { automatic: AUTOMATIC },
    };
    this.backfills = openBackfills(this.home);
    this.recovery = openRecovery(this.home);
  }

  add = (partitions: readonly string[]) => this.items.addAll(ASSET, partitions, T0);

  start = (id: string, more: Partial<Parameters<Backfills["start"]>[0]["selection"]> = {}) =>
    this.backfills.start({
      ...{ id, mode: "missing-only", author: "ada", now: this.now },
      selection: { asset: ASSET, status: "all", ...more },
    });

  running = (): { name: string; partition: string; input: Record<string, unknown> }[] =>
    this.executions.running().map(({ name, input }) => {
      const { item, ...rest } = input as { item: { partition: string } };
      return { name, partition: item.partition, input: rest };
    });

  async end(name: string, outcome: RunOutcome, options?: { lost?: boolean }): Promise<void> {
    const status = { succeeded: "SUCCEEDED", failed: "FAILED", cancelled: "ABORTED", interrupted: "ABORTED" } as const;
    this.executions.end("openedx", name, { status: status[outcome.status] });
    this.now += 1_000;
    await this.followUp(name, outcome, options);
  }

  /** What the coordinator does when it is told of an end, perhaps again. `lost`: it does not tell the backfill. */
  async followUp(name: string, outcome: RunOutcome, { lost = false } = {}): Promise<void> {
    const request = (await readRequest(this.ledger, name))?.request;
    if (request === undefined) return;
    const { domain, lane } = request;
    const enqueue = { target: { domain, lane, input: INPUT }, writesFor: this.lanes.writesFor };
    const event = { type: "run-ended", run: name, at: this.now, outcome } as const;
    await this.items.apply(request, event, { now: this.now, ...this.home.rules, enqueue });
    const id = lost ? undefined : await this.backfills.ended(request, outcome, this.now);
    await this.lanes.ended(name, this.now);
    if (id !== undefined) await this.backfills.feed(id, this.now);
  }

  /** Tells of the runs that were stopped; gives how many. */
  async tellStopped(): Promise<number> {
    const names = this.#stopped.splice(0);
    for (const name of names) await this.followUp(name, { status: "cancelled" });
    return names.length;
  }

  /** Lets all that runs, and what follows it, end. Gives how many ran. */
  async finish(outcomeOf: (partition: string) => RunOutcome = () => ({ status: "succeeded" })): Promise<number> {
    for (let ran = 0; ; ran += 1) {
      const [next] = this.running();
      if (next === undefined) return ran;
      await this.end(next.name, outcomeOf(next.partition));
    }
  }
}
