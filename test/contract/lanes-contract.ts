import { beforeEach, describe, expect, it } from "vitest";
import { openLanes, type LaneOptions, type Lanes } from "../../core/io/lanes.ts";
import type { ExecutionState, Ledger } from "../../core/io/ports.ts";
import { executionName, type RunRequest } from "../../core/model/items/run-request.ts";
import type { LaneLimits } from "../../core/model/lanes/lane-state.ts";
import { waitText } from "../../core/model/lanes/wait-reason.ts";
import { MemoryExecutions } from "../standins/memory-executions.ts";
import { titleOf, type Home, type Opened } from "./opened.ts";

export const LANES: readonly LaneLimits[] = [
  { id: "openedx", domain: "openedx", slots: 3 },
  { id: "canvas", domain: "canvas", slots: 1 },
  { id: "edxorg-tables", domain: "edxorg", slots: 5 },
];

export const T0 = Date.UTC(2026, 0, 15);

/** A request whose partition names it: `run("a")` is executed under `run("a").name`. */
export function run(partition: string, more: Partial<RunRequest> = {}): RunRequest {
  const { asset = "mitx/courses", number = 1 } = more;
  return {
    asset,
    partition,
    number,
    name: executionName({ asset, partition }, number),
    reason: "missing",
    priority: "event",
    group: asset,
    requestedAt: T0,
    domain: "openedx",
    lane: "openedx",
    input: { item: { asset, partition } },
    versions: {},
    codeVersion: null,
    ...more,
  };
}

/** Each test has lanes of its own on one ledger that it finds empty. */
export function lanesContract(home: Home<Opened<Ledger>>): void {
  describe.skipIf(home.skip !== undefined)(titleOf("lanes", home), () => {
    let opened: Opened<Ledger>;
    let executions: MemoryExecutions;
    let settled: [string, ExecutionState][];
    let lanes: Lanes;
    beforeEach(async () => {
      opened = await home.open();
      executions = new MemoryExecutions(["openedx", "canvas", "edxorg"]);
      settled = [];
      lanes = open();
      return () => opened.close();
    });

    const open = (more: Partial<LaneOptions> = {}): Lanes =>
      openLanes({
        ledger: opened.port,
        executions,
        lanes: LANES,
        cap: 6,
        settle: async ({ partition }, end) => void settled.push([partition, end]),
        ...more,
      });
    const enqueue = async (...requests: readonly RunRequest[]): Promise<void> => {
      for (const request of requests) await opened.port.write(lanes.writesFor(request));
    };
    const partitions = (): string[] =>
      executions.all.map(({ input }) => (input as { item: { partition: string } }).item.partition);
    const end = async (request: RunRequest, now = T0): Promise<void> => {
      executions.end(request.domain, request.name, { status: "SUCCEEDED" });
      await lanes.ended(request.name, now);
    };
    const waiting = async (lane = "openedx"): Promise<string[]> =>
      (await lanes.waiting(lane, { limit: 100 })).map(({ partition, reason }) => `${partition}: ${waitText(reason)}`);
    const left = async (): Promise<number> => {
      const views = await lanes.state(T0);
      return views.reduce((sum, { running, waiting: { count } }) => sum + running.length + count, 0);
    };

    it("starts as many as there are slots, and the next when one ends, once", async () => {
      const runs = ["a", "b", "c", "d", "e"].map((name) => run(name));
      await enqueue(...runs);
      await lanes.dispatch(["openedx"], T0);
      expect(partitions().toSorted()).toEqual(["a", "b", "c"]);
      executions.end("openedx", run("b").name, { status: "SUCCEEDED" });
      expect(await lanes.ended(run("b").name, T0)).toMatchObject({ freed: true, started: [run("d").name] });
      expect(await lanes.ended(run("b").name, T0)).toMatchObject({ freed: false, started: [] });
      await lanes.dispatch(["openedx"], T0);
      expect(partitions().toSorted()).toEqual(["a", "b", "c", "d"]);
      for (const one of ["a", "c", "d", "e"]) await end(run(one));
      expect(await left()).toBe(0);
      await expect(opened.port.write(lanes.writesFor(run("a")))).resolves.toBeUndefined();
    });

    it("keeps a request once, whoever repeats it", async () => {
      await enqueue(run("a"));
      await expect(enqueue(run("a"))).rejects.toMatchObject({ name: "Conflict", code: "stale_item" });
      await lanes.dispatch(["openedx"], T0);
      await expect(enqueue(run("a"))).rejects.toMatchObject({ name: "Conflict", code: "stale_item" });
      expect(() => lanes.writesFor(run("b", { lane: "nowhere" }))).toThrow('"nowhere" is not declared');
    });

    it("goes by priority, and lets groups take turns within one", async () => {
      lanes = open({ lanes: [{ id: "openedx", domain: "openedx", slots: 1 }] });
      const many = ["1", "2", "3", "4"].map((name, index) =>
        run(`big-${name}`, { group: "big#50%", requestedAt: T0 + index }),
      );
      await enqueue(...many, run("small-1", { group: "small" }), run("late", { priority: "backfill", group: "a" }));
      await lanes.dispatch(["openedx"], T0);
      await enqueue(run("small-2", { group: "small", requestedAt: T0 + 9 }), run("now", { priority: "manual" }));
      const expected = (await lanes.waiting("openedx", { limit: 9 })).map(({ partition }) => partition);
      while (executions.running().length > 0) {
        const [one] = executions.running();
        await end(run(String(partitions().at(-1)), { name: one?.name ?? "" }));
      }
      expect(partitions()).toEqual(["big-1", "now", "small-1", "big-2", "small-2", "big-3", "big-4", "late"]);
      expect(partitions().slice(1)).toEqual(expected);
    });

    it("never runs more than the cap, and gives what is left to the domain that has least", async () => {
      lanes = open({ cap: 4 });
      const many = (lane: string, domain: string): RunRequest[] =>
        ["1", "2", "3", "4"].map((name) => run(`${lane}-${name}`, { lane, domain }));
      await enqueue(...many("edxorg-tables", "edxorg"));
      await lanes.dispatch(["edxorg-tables"], T0);
      await enqueue(...many("openedx", "openedx"));
      await lanes.dispatch(["openedx"], T0);
      expect(executions.running()).toHaveLength(4);
      expect(await waiting()).toEqual(
        ["1", "2", "3", "4"].map((one) => `openedx-${one}: as many runs as may run at once in the environment: 4`),
      );
      await enqueue(run("edxorg-tables-5", { lane: "edxorg-tables", domain: "edxorg" }));
      for (const one of ["1", "2"]) await end(run(`edxorg-tables-${one}`, { domain: "edxorg" }));
      expect(partitions().slice(4)).toEqual(["openedx-1", "openedx-2"]);
      await end(run("openedx-1"));
      expect(executions.running()).toHaveLength(4);
      expect(partitions().at(-1)).toBe("openedx-3");
    });

    it("says why each run waits", async () => {
      await enqueue(...["a", "b"].map((name) => run(name, { lane: "canvas", domain: "canvas" })));
      await lanes.dispatch(["canvas"], T0);
      await enqueue(run("later", { lane: "canvas", domain: "canvas", notBefore: T0 + 600_000 }));
      expect(await waiting("canvas")).toEqual([
        `b: all 1 slots are held by ${run("a").name}`,
        "later: delayed until 2026-01-15T00:10:00.000Z",
      ]);
      await lanes.close("canvas", { class: "Misconfigured", reason: "The token is wrong.", since: T0 });
      expect((await waiting("canvas"))[0]).toBe("b: lane closed: Misconfigured: The token is wrong.");
      await enqueue(...["1", "2", "3", "4"].map((name) => run(name)));
      expect(await waiting()).toEqual([...["1", "2", "3"].map((name) => `${name}: starts next`), "4: behind 3 others"]);
      const views = await lanes.state(T0 + 5_000);
      expect(views.map(({ id, waiting: queue, oldestMs }) => [id, queue.count, oldestMs])).toEqual([
        ["openedx", 4, 5_000],
        ["canvas", 1, 5_000],
        ["edxorg-tables", 0, undefined],
      ]);
    });

    it("starts nothing in a closed lane, lets its runs end, and goes on when it opens", async () => {
      const runs = ["a", "b"].map((name) => run(name, { lane: "canvas", domain: "canvas" }));
      await enqueue(...runs);
      await lanes.dispatch(["canvas"], T0);
      await lanes.close("canvas", { class: "operator", reason: "Maintenance.", since: T0 });
      await end(run("a", { domain: "canvas" }));
      await lanes.tick(T0);
      expect(partitions()).toEqual(["a"]);
      expect(await lanes.open("canvas", T0)).toMatchObject({ started: [run("b").name] });
    });

    it("holds back what is delayed until it is due", async () => {
      await enqueue(run("a", { notBefore: T0 + 600_000 }));
      expect(await lanes.tick(T0 + 599_999)).toMatchObject({ started: [], next: T0 + 600_000 });
      expect(await lanes.tick(T0 + 600_000)).toMatchObject({ started: [run("a").name] });
      expect(await waiting()).toEqual([]);
    });

    it("asks after a run at the end of its lease: extends it, or settles an end that nobody told", async () => {
      await enqueue(run("a"), run("b"));
      await lanes.dispatch(["openedx"], T0);
      expect(await lanes.tick(T0 + 60_000)).toMatchObject({ next: T0 + 360_000 });
      executions.end("openedx", run("b").name, { status: "FAILED", error: "Rejected", cause: "{}" });
      await lanes.tick(T0 + 359_999);
      expect(settled).toEqual([]);
      await lanes.tick(T0 + 360_000);
      expect(settled).toEqual([["b", expect.objectContaining({ status: "FAILED", error: "Rejected" })]]);
      expect(await lanes.slotOf(run("a").name)).toMatchObject({ fence: 1, until: T0 + 660_000 });
      expect(await lanes.slotOf(run("b").name)).toBeUndefined();
    });

    it("settles what its machine will never start, and gives the slot to the next", async () => {
      const nobody = run("a", { lane: "canvas", domain: "nobody" });
      await enqueue(nobody, run("b", { lane: "canvas", domain: "canvas" }));
      expect(await lanes.dispatch(["canvas"], T0)).toMatchObject({ refused: [nobody.name], started: [run("b").name] });
      expect(settled).toEqual([["a", expect.objectContaining({ status: "FAILED", error: "Misconfigured" })]]);
    });

    it("takes a request back: before its grant for good, after it by stopping the run", async () => {
      const reason = { error: "Cancelled", cause: "By an operator." };
      await enqueue(run("a", { lane: "canvas", domain: "canvas" }), run("b", { lane: "canvas", domain: "canvas" }));
      await enqueue(run("c", { notBefore: T0 + 1_000 }));
      await lanes.dispatch(["canvas"], T0);
      expect(await lanes.withdraw(run("b").name, reason)).toBe("waited");
      expect(await lanes.withdraw(run("c").name, reason)).toBe("waited");
      expect(await lanes.withdraw(run("a").name, reason)).toBe("stopping");
      expect(executions.running()).toEqual([]);
      await lanes.ended(run("a").name, T0);
      expect(await lanes.withdraw(run("a").name, reason)).toBeUndefined();
      expect(await lanes.tick(T0 + 2_000)).toEqual({ started: [], refused: [], failed: [] });
      expect(partitions()).toEqual(["a"]);
      expect(await left()).toBe(0);
    });

    it("is steered by many at once", async () => {
      const runs = Array.from({ length: 20 }, (_, index) => run(`${index}`, { group: `${index % 4}` }));
      let most = 0;
      executions.onStart = () => {
        most = Math.max(most, executions.running().length);
      };
      const several = [lanes, open(), open()];
      await Promise.all(runs.map((one) => enqueue(one).then(() => lanes.dispatch(["openedx"], T0))));
      while (executions.running().length > 0) {
        const [one] = executions.running();
        executions.end("openedx", one?.name ?? "", { status: "SUCCEEDED" });
        await Promise.all(several.map((each) => each.ended(one?.name ?? "", T0)));
      }
      expect(most).toBeLessThanOrEqual(3);
      expect(partitions()).toHaveLength(20);
      expect(await left()).toBe(0);
    });
  });
}
