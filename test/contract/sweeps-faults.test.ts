import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { continueSweep, type SweepSource } from "../../core/io/sweeps.ts";
import { memoryLedger } from "../standins/memory-ledger.ts";
import { mortal } from "../standins/mortal.ts";
import { passingClock } from "../standins/passing-clock.ts";

const START = Date.UTC(2026, 0, 15);
const call = { id: "reconcile", holder: "test", budgetMs: 40_000 };

/** Upstreams whose pages take milliseconds; never, where it is infinite. */
class World {
  readonly ledger = memoryLedger();
  readonly clock = passingClock(START);
  readonly seen: string[] = [];
  readonly #pages: Readonly<Record<string, readonly number[]>>;
  readonly source: SweepSource;

  constructor(pages: Readonly<Record<string, readonly number[]>>) {
    this.#pages = pages;
    this.source = {
      upstreams: Object.keys(pages),
      read: (upstream, cursor) => this.#read(upstream, Number(cursor ?? 0)),
    };
  }

  async #read(upstream: string, page: number) {
    const own = this.#pages[upstream] ?? [];
    await this.clock.sleep(own[page] ?? 0, new AbortController().signal);
    this.seen.push(`${upstream}/${page}`);
    return { ...(page + 1 < own.length ? { next: String(page + 1) } : {}), counts: { pages: 1 } };
  }

  get all(): string[] {
    return Object.entries(this.#pages).flatMap(([id, pages]) => pages.map((_, page) => `${id}/${page}`));
  }
}

describe("a sweep that is killed", () => {
  it("at any calls to the outside loses the page it was at, skips none, and ends", async () => {
    const pages = fc.array(fc.array(fc.integer({ min: 1, max: 2_000 }), { minLength: 1, maxLength: 5 }), {
      minLength: 1,
      maxLength: 4,
    });
    const deaths = fc.array(fc.tuple(fc.nat(40), fc.boolean()), { maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(pages, deaths, async (lists, kills) => {
        const world = new World(Object.fromEntries(lists.map((list, index) => [`u${index}`, list])));
        const { ledger, clock, source } = world;
        let died = 0;
        for (const [at, effect] of kills) {
          const death = mortal(at, effect);
          const life = { ...call, clock };
          const dying = { ...source, read: death.wrap({ read: source.read }).read };
          if ((await death.live(() => continueSweep(death.wrap(ledger), dying, life))) === "killed") died += 1;
          clock.skip(31_000);
        }
        expect(await continueSweep(ledger, source, { ...call, clock })).toMatchObject({ open: [] });
        expect(new Set(world.seen)).toEqual(new Set(world.all));
        expect(world.seen.length).toBeLessThanOrEqual(world.all.length + died);
        const counted = (await ledger.get("sweep", call.id))?.data as { counts: { pages: number } };
        expect(counted.counts.pages).toBe(world.all.length);
      }),
      { numRuns: 200 },
    );
  });
});

describe("an upstream that never answers", () => {
  it("is left behind at its time, and costs the others nothing", async () => {
    const healthy = Array.from({ length: 8 }, () => 1_000);
    const world = new World({ hangs: [Infinity], a: healthy, b: healthy });
    const begun = world.clock.now();
    const report = await continueSweep(world.ledger, world.source, { ...call, clock: world.clock });
    expect(report).toMatchObject({ state: "unfinished", open: ["hangs"], pages: 16 });
    expect(report.failing).toEqual([{ upstream: "hangs", error: "A page took longer than 10000 ms." }]);
    expect(world.clock.now() - begun).toBe(26_000);
  });

  it("lets a call end within its budget, with every page that was read on record", async () => {
    const world = new World({ a: Array.from({ length: 100 }, () => 3_000), hangs: [Infinity] });
    const begun = world.clock.now();
    const report = await continueSweep(world.ledger, world.source, { ...call, clock: world.clock });
    expect(world.clock.now() - begun).toBeLessThanOrEqual(40_000);
    expect(report).toMatchObject({ state: "unfinished", pages: 9, open: ["a", "hangs"] });
    const { pages, counts } = await continueSweep(world.ledger, world.source, { ...call, clock: world.clock });
    expect(counts).toEqual({ pages: 9 + pages });
    expect(world.seen).toEqual(expect.arrayContaining(world.all.slice(0, 9 + pages)));
  });
});
