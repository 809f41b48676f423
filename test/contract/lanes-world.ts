import { expect } from "vitest";
import { openLanes, type Lanes } from "../../core/io/lanes.ts";
import type { LedgerItem } from "../../core/io/ports.ts";
import type { RunRequest } from "../../core/model/items/run-request.ts";
import { CapState, LaneState, type LaneLimits } from "../../core/model/lanes/lane-state.ts";
import { executionsOf, ledgerOf, type Process } from "../standins/faults.ts";
import { MemoryExecutions } from "../standins/memory-executions.ts";
import { memoryLedger } from "../standins/memory-ledger.ts";
import { T0 } from "./lanes-contract.ts";

export const NOTHING = { neverRan: [], notAskedFor: [], running: [], untold: [], left: [], held: [] };

/** One environment's lanes, executions and clock, and what must hold of them at every instant. */
export class LanesWorld {
  readonly ledger = memoryLedger();
  readonly executions = new MemoryExecutions();
  /** Names whose end somebody was told. */
  readonly told = new Set<string>();
  readonly accepted: RunRequest[] = [];
  readonly withdrawn = new Set<string>();
  readonly lanes: readonly LaneLimits[];
  readonly cap: number;
  now = T0;

  constructor(lanes: readonly LaneLimits[], cap: number) {
    this.lanes = lanes;
    this.cap = cap;
    const { write } = this.ledger;
    this.ledger.write = async (writes) => {
      await write(writes);
      this.check();
    };
    this.executions.onStart = ({ name }) => {
      const held = this.held().map((slot) => slot.name);
      if (!this.withdrawn.has(name)) expect(held, "a run without a slot").toContain(name);
    };
  }

  /** A dispatcher in a process of its own, with a clock of its own. */
  dispatcher(process: Process): Lanes {
    return openLanes({
      ledger: ledgerOf(process, this.ledger),
      executions: executionsOf(process, this.executions),
      lanes: this.lanes,
      cap: this.cap,
      settle: async ({ name }) => void this.told.add(name),
    });
  }

  async enqueue(lanes: Lanes, request: RunRequest): Promise<void> {
    await this.ledger.write(lanes.writesFor(request));
    this.accepted.push(request);
  }

  /** Ends one of those that run, by its place among them. */
  end(place: number): string | undefined {
    const running = this.executions.running();
    const one = running[place % Math.max(1, running.length)];
    if (one !== undefined) this.executions.end(one.domain, one.name, { status: "SUCCEEDED" });
    return one?.name;
  }

  /** No end is told any more, and nobody dies: leases alone must bring everything to its end. */
  async settle(lanes: Lanes): Promise<void> {
    for (let look = 0; look < 3 * this.accepted.length + 5; look += 1) {
      const { failed, next } = await lanes.tick(this.now);
      expect(failed).toEqual([]);
      if (next === undefined) break;
      expect(next).toBeGreaterThan(this.now - 1);
      this.now = Math.max(next, this.now + 1);
      while (this.end(0) !== undefined);
    }
  }

  /** What is not as it must be once all has settled. */
  unfinished(): Record<string, readonly unknown[]> {
    const wanted = this.accepted.map(({ name }) => name).filter((name) => !this.withdrawn.has(name));
    const ran = this.executions.all.map(({ name }) => name);
    return {
      neverRan: wanted.filter((name) => !ran.includes(name)),
      notAskedFor: ran.filter((name) => !this.accepted.some((one) => one.name === name)),
      running: this.executions.running(),
      untold: wanted.filter((name) => !this.told.has(name)),
      left: this.ledger.items().filter(({ pk }) => pk !== "lane"),
      held: this.held(),
    };
  }

  private states(): LedgerItem[] {
    return this.ledger.items().filter(({ pk }) => pk === "lane");
  }

  private held(): LaneState["running"] {
    return this.states().flatMap(({ sk, data }) => (sk === "*" ? [] : LaneState.parse(data).running));
  }

  private check(): void {
    const states = this.states();
    const counts: Record<string, number> = {};
    for (const { sk, data } of states) {
      if (sk === "*") continue;
      const { running } = LaneState.parse(data);
      const { slots = 0 } = this.lanes.find(({ id }) => id === sk) ?? {};
      expect(running.length, `slots of ${sk}`).toBeLessThanOrEqual(slots);
      expect(new Set(running.map(({ fence }) => fence)).size).toBe(running.length);
      if (running.length > 0) counts[sk] = running.length;
    }
    const shared = states.find(({ sk }) => sk === "*");
    if (shared !== undefined) expect(CapState.parse(shared.data).running).toEqual(counts);
    expect(this.held().length, "cap").toBeLessThanOrEqual(this.cap);
    const slots = new Set(this.held().map(({ name }) => name));
    const loose = this.executions.running().filter(({ name }) => !slots.has(name) && !this.withdrawn.has(name));
    expect(loose, "runs outside of slots").toEqual([]);
  }
}
