import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { walkRing, type RingCall } from "../../core/io/ring-sweep.ts";
import { Failure } from "../../core/model/failures.ts";
import { RingState } from "../../core/model/sweeps/ring.ts";
import { memoryLedger } from "../standins/memory-ledger.ts";
import { mortal } from "../standins/mortal.ts";
import { passingClock } from "../standins/passing-clock.ts";

const START = Date.UTC(2026, 0, 15);
const HOUR = 3_600_000;

/** Keys whose visits take milliseconds; never, where it is infinite. */
class World {
  readonly ledger = memoryLedger();
  readonly clock = passingClock(START);
  /** Every key's latest visit that ended, or that a walk left behind when its time was over. */
  readonly ended = new Map<string, number>();
  readonly times = new Map<string, number>();
  visits = 0;
  readonly #takes: readonly number[];

  constructor(takes: readonly number[]) {
    this.#takes = takes;
  }

  get keys(): string[] {
    return this.#takes.map((_, index) => `k${String(index).padStart(4, "0")}`);
  }

  readonly visit = async (key: string, signal: AbortSignal): Promise<string> => {
    this.visits += 1;
    this.times.set(key, (this.times.get(key) ?? 0) + 1);
    const begun = this.clock.now();
    signal.addEventListener("abort", () => this.ended.set(key, begun));
    const ms = this.#takes[this.keys.indexOf(key)] ?? 0;
    if (ms > 0) await this.clock.sleep(ms, signal);
    this.ended.set(key, begun);
    return "seen";
  };

  call(over: Partial<RingCall> = {}): RingCall {
    const { clock, keys } = this;
    return {
      id: "r",
      holder: "test",
      name: `walk-${clock.now()}`,
      keys,
      concurrency: 4,
      until: clock.now() + 30_000,
      clock,
      ...over,
    };
  }

  async state(): Promise<RingState | undefined> {
    return RingState.safeParse((await this.ledger.get("ring-sweep", "r"))?.data).data;
  }
}

describe("a walk", () => {
  it("visits everything once, so many at a time, and saves on its way", async () => {
    const world = new World(Array.from({ length: 1_000 }, () => 100));
    let [now, most] = [0, 0];
    const visit = async (key: string, signal: AbortSignal): Promise<string> => {
      now += 1;
      most = Math.max(most, now);
      const word = await world.visit(key, signal);
      now -= 1;
      return word;
    };
    const saved: number[] = [];
    const flush = async (): Promise<void> => void saved.push(world.visits);
    const report = await walkRing(world.ledger, world.call({ concurrency: 16 }), { visit, flush });
    expect(report).toMatchObject({
      state: "walked",
      total: 1_000,
      attempted: 1_000,
      counts: { seen: 1_000 },
      failed: 0,
    });
    expect([world.times.size, world.visits, most]).toEqual([1_000, 1_000, 16]);
    expect(saved.length).toBeGreaterThanOrEqual(6);
    expect(report.lagMs).toBeLessThan(10_000);
  });

  it("saves every ten seconds where visits are slow", async () => {
    const world = new World(Array.from({ length: 12 }, () => 9_000));
    const saved: number[] = [];
    const flush = async (): Promise<void> => void saved.push(world.clock.now() - START);
    await walkRing(world.ledger, world.call(), { visit: world.visit, flush });
    expect(saved).toEqual([10_000, 20_000, 27_000]);
  });

  it("ends with its time, leaves behind what still goes on, and goes on behind it", async () => {
    const world = new World([Infinity, Infinity, 1_000, 1_000, 1_000, 1_000]);
    const short = (): RingCall => world.call({ until: world.clock.now() + 1_500, concurrency: 3 });
    expect(await walkRing(world.ledger, short(), { visit: world.visit })).toMatchObject({
      attempted: 4,
      counts: { seen: 1 },
    });
    expect(world.clock.now() - START).toBe(1_500);
    expect(await world.state()).toMatchObject({ at: "k0004", open: [] });
    expect(await walkRing(world.ledger, short(), { visit: world.visit })).toMatchObject({ counts: { seen: 2 } });
    expect([...world.times.values()]).toEqual([2, 2, 2, 1, 1, 1]);
  });

  it("counts failures and stops where there is nothing else", async () => {
    const world = new World(Array.from({ length: 300 }, () => 0));
    const some = await walkRing(world.ledger, world.call(), {
      visit: async (key) => {
        if (key.endsWith("7")) throw new Error(`no ${key}`);
        return "seen";
      },
    });
    expect(some).toMatchObject({ attempted: 300, counts: { seen: 270 }, failed: 30 });
    expect(some.failures).toHaveLength(20);
    const visit = (error: Error) => ({
      visit: async (): Promise<string> => {
        throw error;
      },
    });
    const down = await walkRing(world.ledger, world.call(), visit(new Error("down")));
    expect([down.failed, down.attempted <= 64 + 4]).toEqual([down.attempted, true]);
    const wrong = new Failure("Misconfigured", "no", { code: "c", what: "w" });
    expect((await walkRing(world.ledger, world.call(), visit(wrong))).attempted).toBeLessThanOrEqual(8);
  });

  it("is ended by an upstream that refuses more, and the next begins with what was refused, once, then ends with it", async () => {
    const world = new World(Array.from({ length: 30 }, () => 100));
    const refused: string[] = [];
    const visit = async (key: string, signal: AbortSignal): Promise<string> => {
      if (key === "k0009") {
        refused.push(key);
        throw new Failure("Throttled", "too many", { code: "c", what: "w" });
      }
      return world.visit(key, signal);
    };
    const walk = (name: string) => walkRing(world.ledger, world.call({ name }), { visit });
    const first = await walk("tick");
    expect(first).toMatchObject({ failed: 1, postponed: 1, brokenOff: { name: "Throttled" } });
    expect(first.attempted).toBeLessThan(16);
    // What goes on is waited for, and is a visit.
    expect(world.times.size).toBe(first.attempted - 1);
    expect(await world.state()).toMatchObject({ open: ["k0009"] });
    expect(await walk("tick")).toMatchObject({ failed: 1, attempted: 4 });
    expect(await world.state()).toMatchObject({ open: [], again: ["k0009"] });
    // From now on it comes last, and the others come round.
    expect(await walk("tick")).toMatchObject({ attempted: 30 - first.attempted - 3 + 1, failed: 1 });
    expect([world.visits, world.times.size]).toEqual([29, 29]);
    expect(await walk("next")).toMatchObject({ attempted: 30, failed: 1 });
    expect([refused.length, world.visits]).toEqual([4, 58]);
  });

  it("is broken off by an upstream that goes down, and goes on with all that it did not answer", async () => {
    const world = new World(Array.from({ length: 400 }, () => 100));
    let isDown = false;
    const visit = async (key: string, signal: AbortSignal): Promise<string> => {
      isDown ||= world.visits === 100;
      if (isDown) throw new Failure("Transient", "down", { code: "c", what: "w" });
      return world.visit(key, signal);
    };
    const walk = () => walkRing(world.ledger, world.call({ name: "tick", until: world.clock.now() + HOUR }), { visit });
    const first = await walk();
    expect(first).toMatchObject({ counts: { seen: 100 }, brokenOff: { message: "down" } });
    expect(first.failed).toBe(first.postponed);
    expect(first.failed).toBeLessThan(64 + 4);
    expect(await walk()).toMatchObject({ counts: {} });
    isDown = false;
    world.visits = 101;
    await walk();
    expect([...world.times.values()]).toEqual(Array.from({ length: 400 }, () => 1));
  });

  it("is one at a time, and an unreadable record is none", async () => {
    const world = new World([5_000]);
    const call = (): RingCall => world.call({ waitSeconds: 0 });
    const [one, other] = [walkRing(world.ledger, call(), world), walkRing(world.ledger, call(), world)];
    expect([(await one).state, (await other).state].toSorted()).toEqual(["held", "walked"]);
    await world.ledger.write([{ put: { pk: "ring-sweep", sk: "r", data: { at: 7 } }, if: { any: true } }]);
    expect(await walkRing(world.ledger, call(), world)).toMatchObject({ attempted: 1 });
    expect(await walkRing(world.ledger, { ...call(), keys: [] }, world)).toMatchObject({ total: 0, attempted: 0 });
  });
});

describe("a walk that is killed", () => {
  it("at any calls to the outside skips no key and never believes that it was visited", async () => {
    const takes = fc.array(fc.constantFrom(0, 1, 500, 3_000, 12_000, Infinity), { minLength: 1, maxLength: 12 });
    const kills = fc.array(fc.tuple(fc.nat(30), fc.boolean()), { maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(takes, kills, fc.integer({ min: 500, max: 40_000 }), async (list, deaths, budgetMs) => {
        const world = new World(list);
        let first: number | undefined;
        const walk = async (death?: ReturnType<typeof mortal>): Promise<void> => {
          const call = world.call({ until: world.clock.now() + budgetMs });
          if (death === undefined) await walkRing(world.ledger, call, world);
          else await death.live(() => walkRing(death.wrap(world.ledger), call, death.wrap({ visit: world.visit })));
          const since = (await world.state())?.since;
          if (since === undefined) return;
          first ??= since;
          // Until a lap is whole it is the age of the ring itself.
          const answering = world.keys.filter((_, index) => list[index] !== Infinity);
          for (const key of since > first ? answering : []) {
            expect(world.ended.get(key) ?? 0, key).toBeGreaterThanOrEqual(since);
          }
        };
        for (const [at, effect] of deaths) {
          await walk(mortal(at, effect));
          world.clock.skip(31_000);
        }
        const before = world.clock.now();
        for (let laps = 0; laps <= list.length * 2; laps += 1) await walk();
        for (const key of world.keys) expect(world.ended.get(key) ?? 0, key).toBeGreaterThanOrEqual(before);
      }),
      { numRuns: 150 },
    );
  });

  it("at any calls to the outside is one lap together with the attempts after it", async () => {
    const takes = fc.array(fc.constantFrom(0, 1, 500, 3_000), { minLength: 1, maxLength: 40 });
    const kills = fc.array(fc.tuple(fc.nat(60), fc.boolean()), { maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(takes, kills, async (list, deaths) => {
        const world = new World(list);
        const call = (): RingCall => world.call({ name: "one", until: world.clock.now() + HOUR });
        let ended = false;
        for (const [at, effect] of deaths) {
          const death = mortal(at, effect);
          const dying = death.wrap({ visit: world.visit });
          ended ||= (await death.live(() => walkRing(death.wrap(world.ledger), call(), dying))) !== "killed";
          world.clock.skip(31_000);
        }
        if (!ended) await walkRing(world.ledger, call(), world);
        expect([...world.ended.keys()].toSorted()).toEqual(world.keys);
      }),
      { numRuns: 150 },
    );
  });

  it("in the middle of 3,500 keys loses 200 visits at most, and its successor visits the rest first", async () => {
    const world = new World(Array.from({ length: 3_500 }, () => 300));
    const death = mortal(2_000, true);
    const dying = death.wrap({ visit: world.visit });
    const call = () => world.call({ name: "tick", concurrency: 16, until: world.clock.now() + 180_000 });
    expect(await death.live(() => walkRing(death.wrap(world.ledger), call(), dying))).toBe("killed");
    world.clock.skip(31_000);
    const done = world.visits;
    expect(done).toBeGreaterThan(1_800);
    const { attempted, earlier } = await walkRing(world.ledger, { ...call(), keys: world.keys }, world);
    expect([world.times.size, attempted + earlier]).toEqual([3_500, 3_500]);
    expect(world.visits).toBeLessThanOrEqual(3_500 + 200 + 16);
  });
});

it("keeps to an hour's rhythm", async () => {
  const world = new World(Array.from({ length: 100 }, () => 1_000));
  const lags: number[] = [];
  for (let tick = 0; tick < 6; tick += 1) {
    // Six in ten fit.
    lags.push((await walkRing(world.ledger, world.call({ until: world.clock.now() + 15_000 }), world)).lagMs);
    world.clock.skip(HOUR);
  }
  expect(Math.max(...lags)).toBeLessThan(3 * HOUR);
  const counts = [...world.times.values()];
  expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
});
