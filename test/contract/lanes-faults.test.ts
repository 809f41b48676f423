import fc from "fast-check";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { openLanes, type Lanes } from "../../core/io/lanes.ts";
import { Failure } from "../../core/model/failures.ts";
import { PRIORITIES } from "../../core/model/items/reasons.ts";
import { processOf, type Fault } from "../standins/faults.ts";
import { LANES, run, T0 } from "./lanes-contract.ts";
import { LanesWorld, NOTHING } from "./lanes-world.ts";

const healthy = (): ReturnType<typeof processOf> => processOf(() => "none");
const REASON = { error: "Cancelled", cause: "By an operator." };

// Pauses of jitter are as short as they can be: the histories are in the schedule, not in the clock.
beforeAll(() => {
  const random = vi.spyOn(Math, "random").mockReturnValue(0);
  return () => random.mockRestore();
});

describe("a dispatcher that dies or gets no answer at any one of its calls", () => {
  /** Grants, an end, the next grant, a lease that is over, a delayed request: every step of the protocol. */
  async function history(world: LanesWorld, lanes: Lanes): Promise<void> {
    await lanes.dispatch(["openedx"], world.now);
    const name = world.end(0);
    if (name !== undefined) {
      world.told.add(name);
      await lanes.ended(name, world.now);
    }
    world.now += 70_000;
    world.end(0);
    await lanes.tick(world.now);
    world.now += 600_000;
    await lanes.tick(world.now);
    await lanes.withdraw(run("unwanted").name, REASON);
  }

  it.each(["fails", "answer-lost", "killed-before", "killed-after"] as const)("%s", async (fault) => {
    for (let at = 1; ; at += 1) {
      const world = new LanesWorld(LANES, 4);
      const process = processOf((call): Fault => (call === at ? fault : "none"));
      const calm = world.dispatcher(healthy());
      for (const partition of ["a", "b", "c", "d", "e"]) await world.enqueue(calm, run(partition));
      await world.enqueue(calm, run("delayed", { notBefore: T0 + 300_000 }));
      await world.enqueue(calm, run("unwanted", { notBefore: T0 + 9_000_000, priority: "backfill" }));
      world.withdrawn.add(run("unwanted").name);
      const restarted = processOf(() => "none");
      await history(world, world.dispatcher(process)).catch(() => history(world, world.dispatcher(restarted)));
      await world.settle(calm);
      expect(world.unfinished()).toEqual(NOTHING);
      if (process.calls() < at) {
        expect(at).toBeGreaterThan(40);
        break;
      }
    }
  });
});

it("starts at once what was granted by a write whose answer was lost", async () => {
  const world = new LanesWorld(LANES, 4);
  let writes = 0;
  const lanes = openLanes({
    ledger: {
      ...world.ledger,
      write: async (batch) => {
        await world.ledger.write(batch);
        writes += 1;
        if (writes === 1) throw new Failure("Transient", "No answer.", { code: "no_answer", what: "write" });
      },
    },
    executions: world.executions,
    lanes: LANES,
    cap: 4,
    settle: async () => undefined,
  });
  await world.enqueue(world.dispatcher(healthy()), run("a"));
  expect(await lanes.dispatch(["openedx"], T0)).toMatchObject({ started: [run("a").name], failed: [] });
});

it("stops what a starter that slept through its request's end has started after all", async () => {
  const world = new LanesWorld(LANES, 4);
  const calm = world.dispatcher(healthy());
  const [asleep, wake] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const sleepy = openLanes({
    ledger: world.ledger,
    executions: {
      describe: world.executions.describe,
      redrive: world.executions.redrive,
      stop: world.executions.stop,
      start: async (execution) => {
        asleep.resolve();
        await wake.promise;
        return world.executions.start(execution);
      },
    },
    lanes: LANES,
    cap: 4,
    settle: async () => undefined,
  });
  await world.enqueue(calm, run("a"));
  world.withdrawn.add(run("a").name);
  const late = sleepy.dispatch(["openedx"], T0);
  await asleep.promise;
  expect(await calm.withdraw(run("a").name, REASON)).toBe("stopping");
  expect(await calm.tick(T0 + 60_000)).toMatchObject({ refused: [run("a").name] });
  wake.resolve();
  await late;
  expect(world.executions.all.map(({ state }) => state.status)).toEqual(["ABORTED"]);
  expect(world.unfinished()).toEqual(NOTHING);
});

/** Of a dispatcher that is killed right after its n-th write of the ledger. */
const killedAfterWrite = (world: LanesWorld, nth: number): Lanes => {
  let [writes, dead] = [0, false];
  const alive = async <T>(work: () => Promise<T>): Promise<T> => {
    if (dead) throw new Error("killed");
    return work();
  };
  return openLanes({
    ledger: {
      get: (...args) => alive(() => world.ledger.get(...args)),
      query: (...args) => alive(() => world.ledger.query(...args)),
      write: async (batch) => {
        await alive(() => world.ledger.write(batch));
        writes += 1;
        dead = writes === nth;
      },
    },
    executions: {
      start: (...args) => alive(() => world.executions.start(...args)),
      describe: (...args) => alive(() => world.executions.describe(...args)),
      redrive: (...args) => alive(() => world.executions.redrive(...args)),
      stop: (...args) => alive(() => world.executions.stop(...args)),
    },
    lanes: world.lanes,
    cap: world.cap,
    settle: async () => undefined,
  });
};

it("gives on at the second telling the slot that was freed by somebody who died then", async () => {
  const world = new LanesWorld(LANES, 1);
  const calm = world.dispatcher(healthy());
  const other = run("b", { lane: "canvas", domain: "canvas" });
  await world.enqueue(calm, run("a"));
  await calm.dispatch(["openedx"], T0);
  await world.enqueue(calm, other);
  await calm.dispatch(["canvas"], T0);
  world.end(0);
  await expect(killedAfterWrite(world, 1).ended(run("a").name, T0)).rejects.toThrow("killed");
  expect(await calm.ended(run("a").name, T0)).toMatchObject({ freed: false, started: [other.name] });
});

it("gives the slot on in one transaction with the end, so that no death comes between", async () => {
  const world = new LanesWorld([{ id: "openedx", domain: "openedx", slots: 1 }], 4);
  const calm = world.dispatcher(healthy());
  for (const partition of ["a", "b"]) await world.enqueue(calm, run(partition));
  await calm.dispatch(["openedx"], T0);
  world.end(0);
  await killedAfterWrite(world, 1).ended(run("a").name, T0);
  expect(await calm.slotOf(run("b").name)).toMatchObject({ fence: 2, until: T0 + 60_000 });
  expect(await calm.tick(T0 + 60_000)).toMatchObject({ started: [run("b").name] });
});

it("never starts what was withdrawn between its grant and its start", async () => {
  const world = new LanesWorld(LANES, 4);
  const calm = world.dispatcher(healthy());
  await world.enqueue(calm, run("a"));
  world.withdrawn.add(run("a").name);
  await killedAfterWrite(world, 1)
    .dispatch(["openedx"], T0)
    .catch(() => undefined);
  expect(await calm.withdraw(run("a").name, REASON)).toBe("stopping");
  expect(await calm.tick(T0 + 60_000)).toMatchObject({ refused: [run("a").name] });
  expect(world.executions.all).toEqual([]);
  expect(world.unfinished()).toEqual(NOTHING);
});

it("stops at the end of its lease what somebody withdrew who died before he stopped it", async () => {
  const world = new LanesWorld(LANES, 4);
  const calm = world.dispatcher(healthy());
  await world.enqueue(calm, run("a"));
  await calm.dispatch(["openedx"], T0);
  await expect(killedAfterWrite(world, 1).withdraw(run("a").name, REASON)).rejects.toThrow("killed");
  expect(world.executions.running()).toHaveLength(1);
  await calm.tick(T0 + 60_000);
  expect(world.executions.running()).toEqual([]);
});

it("lets delayed requests in although one of them is taken back at that moment", async () => {
  const world = new LanesWorld(LANES, 4);
  const calm = world.dispatcher(healthy());
  for (const partition of ["a", "b", "c"]) await world.enqueue(calm, run(partition, { notBefore: T0 + 1_000 }));
  const lanes = openLanes({
    ledger: {
      ...world.ledger,
      query: async (pk, options) => {
        const page = await world.ledger.query(pk, options);
        if (pk === "delayed") await calm.withdraw(run("b").name, REASON);
        return page;
      },
    },
    executions: world.executions,
    lanes: LANES,
    cap: 4,
    settle: async () => undefined,
  });
  expect((await lanes.tick(T0 + 1_000)).started.toSorted()).toEqual([run("a").name, run("c").name].toSorted());
});

describe("two dispatchers at once, whatever happens to them", () => {
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.record({ do: fc.constant("dispatch" as const), lane: fc.nat(2) }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constant("end" as const), place: fc.nat(5), told: fc.nat(2) }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant("tick" as const), later: fc.nat(400_000) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("close" as const), lane: fc.nat(2) }) },
  );
  const fault = fc.oneof(
    { weight: 30, arbitrary: fc.constant<Fault>("none") },
    { weight: 4, arbitrary: fc.constantFrom<Fault>("fails", "answer-lost", "killed-before", "killed-after") },
  );
  const request = fc.record({
    lane: fc.nat(2),
    group: fc.nat(2),
    priority: fc.constantFrom(...PRIORITIES),
    delay: fc.constantFrom(0, 0, 100_000),
  });
  const history = {
    requests: fc.array(request, { minLength: 1, maxLength: 10 }),
    slots: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 2 }), fc.integer({ min: 1, max: 2 })),
    cap: fc.integer({ min: 1, max: 5 }),
    steps: fc.array(fc.array(step, { maxLength: 6 }), { minLength: 2, maxLength: 2 }),
    faults: fc.array(fc.infiniteStream(fault), { minLength: 2, maxLength: 2 }),
    skew: fc.integer({ min: -5_000, max: 5_000 }),
    unwanted: fc.option(fc.nat(9), { nil: undefined }),
  };

  it("starts everything once, loses nothing, and never holds more slots than there are", async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.record(history), async (s, { requests, slots, cap, steps, ...rest }) => {
        const limits = LANES.map((lane, index) => ({ ...lane, slots: slots[index] ?? 1 }));
        const world = new LanesWorld(limits, cap);
        const calm = world.dispatcher(healthy());
        const turn = (): Promise<void> => s.schedule(Promise.resolve());
        const wanted = requests.map(({ lane, group, priority, delay }, index) => {
          const { id = "", domain = "" } = limits[lane] ?? {};
          const due = delay === 0 ? {} : { notBefore: T0 + delay };
          return run(`${index}`, { lane: id, domain, group: `${group}`, priority, requestedAt: T0 + index, ...due });
        });
        const enqueue = async (): Promise<void> => {
          for (const one of wanted) {
            await turn();
            await world.enqueue(calm, one);
          }
        };
        const unwanted = rest.unwanted === undefined ? undefined : wanted[rest.unwanted]?.name;
        const act = async (lanes: Lanes, skew: number, one: (typeof steps)[number][number]): Promise<unknown> => {
          await turn();
          switch (one.do) {
            case "dispatch":
              return lanes.dispatch([limits[one.lane]?.id ?? ""], world.now + skew);
            case "tick":
              world.now += one.later;
              return lanes.tick(world.now + skew);
            case "close": {
              const id = limits[one.lane]?.id ?? "";
              await lanes.close(id, { class: "operator", reason: "Maintenance.", since: world.now });
              return lanes.open(id, world.now);
            }
            case "end": {
              const name = world.end(one.place);
              if (name === undefined) return undefined;
              for (let times = 0; times < one.told; times += 1) {
                world.told.add(name);
                await lanes.ended(name, world.now + skew);
              }
            }
          }
        };
        const dispatcher = async (index: number): Promise<void> => {
          const faults = rest.faults[index];
          const fate = (): Fault => faults?.next().value ?? "none";
          let process = processOf(fate, turn);
          let lanes = world.dispatcher(process);
          for (const one of steps[index] ?? []) {
            await act(lanes, index * rest.skew, one).catch((error: unknown) => {
              if (error instanceof Error && error.name === "AssertionError") throw error;
            });
            if (!process.isKilled()) continue;
            process = processOf(fate, turn);
            lanes = world.dispatcher(process);
          }
        };
        const withdraw = async (): Promise<void> => {
          if (unwanted === undefined) return;
          await turn();
          world.withdrawn.add(unwanted);
          await world.dispatcher(processOf(() => "none", turn)).withdraw(unwanted, REASON);
        };
        await s.waitFor(Promise.all([enqueue(), dispatcher(0), dispatcher(1), withdraw()]));
        for (const { id } of limits) await calm.open(id, world.now);
        await world.settle(calm);
        expect(world.unfinished()).toEqual(NOTHING);
      }),
      { numRuns: 300 },
    );
  });
});
