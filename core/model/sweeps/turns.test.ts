import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { beginRound, failed, visited, type SweepState } from "./sweep-state.ts";
import { allot, nextTurn, spend, type Turn } from "./turns.ts";

interface World {
  /** Milliseconds of each page, by upstream. */
  readonly pages: Readonly<Record<string, readonly number[]>>;
  readonly budgetMs: number;
  readonly visitMs: number;
}

/** One call: what it visits, until nothing is left to do. A page that takes longer than it may is not read. */
function call(before: SweepState, { pages, ...limits }: World, start: number) {
  let [state, now] = [before, start];
  let spending = allot(state, limits, now);
  const visits: { id: string; tookMs: number; read: boolean }[] = [];
  for (let next = nextTurn(state, spending, now); next !== undefined; next = nextTurn(state, spending, now)) {
    const { turn }: { turn: Turn } = next;
    const { id, cursor } = turn.upstream;
    const page = Number(cursor ?? 0);
    const own = pages[id] ?? [];
    const cost = own[page] ?? 0;
    const read = cost <= turn.timeoutMs;
    const tookMs = Math.min(cost, turn.timeoutMs);
    now += tookMs;
    if (read)
      state = visited(
        state,
        id,
        { ...(page + 1 < own.length ? { next: String(page + 1) } : {}), counts: { pages: 1 } },
        now,
      );
    else if (turn.isFull) state = failed(state, id, "too slow", now);
    spending = spend(next.spending, turn, tookMs, !read && !turn.isFull);
    visits.push({ id, tookMs, read });
    if (visits.length > 10_000) throw new Error("It never ends.");
  }
  return { state, visits, spentMs: now - start, now };
}

const begin = (pages: World["pages"]): SweepState => beginRound(undefined, Object.keys(pages), { now: 0, dueAt: 0 });
const named = <T>(lists: readonly T[]): Record<string, T> =>
  Object.fromEntries(lists.map((list, index) => [`u${index}`, list]));

const world = fc.record({
  pages: fc.array(fc.array(fc.nat(400), { minLength: 1, maxLength: 12 }), { minLength: 1, maxLength: 6 }).map(named),
  budgetMs: fc.integer({ min: 1, max: 2_000 }),
  visitMs: fc.integer({ min: 1, max: 300 }),
});

describe("a sweep takes turns", () => {
  it("visits every upstream that is not at its end once before it visits one again", () => {
    const counts = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(counts, (lengths) => {
        const pages = named(lengths.map((length) => Array.from({ length }, () => 1)));
        const { visits, state } = call(begin(pages), { pages, budgetMs: 100_000, visitMs: 100 }, 0);
        const rounds = Math.max(...lengths);
        const expected = Array.from({ length: rounds }, (_, round) =>
          Object.keys(pages).filter((id) => (pages[id]?.length ?? 0) > round),
        );
        expect(visits.map(({ id }) => id)).toEqual(expected.flat());
        expect(state.finishedAt).not.toBeNull();
      }),
    );
  });

  it("spends its budget at most, and reads each page once, whatever the pages take", () => {
    fc.assert(
      fc.property(world, fc.integer({ min: 1, max: 20 }), (one, calls) => {
        let [state, now, pages] = [begin(one.pages), 0, 0];
        for (let index = 0; index < calls; index += 1) {
          const done = call(state, one, now);
          expect(done.spentMs).toBeLessThanOrEqual(one.budgetMs + 1e-6);
          pages += done.visits.filter(({ read }) => read).length;
          ({ state } = done);
          now = done.now + 60_000;
        }
        expect(state.counts["pages"] ?? 0).toBe(pages);
        for (const { id, cursor, done } of state.upstreams) {
          if (!done) expect(Number(cursor ?? 0)).toBeLessThan(one.pages[id]?.length ?? 0);
        }
      }),
    );
  });

  it("a slow upstream costs the others nothing beyond its share", () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(1, 50, 90, 100_000), { minLength: 2, maxLength: 6 }),
        fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 1, maxLength: 8 }),
        (slow, healthy) => {
          const total = healthy.reduce((sum, cost) => sum + cost, 0);
          const others = slow.map((cost) => Array.from({ length: 5_000 }, () => cost));
          const pages = { ...named(others), healthy };
          // Its pages fit into nine tenths of its share.
          const budgetMs = Math.max(100, total / 0.9) * (others.length + 1);
          const { state } = call(begin(pages), { pages, budgetMs, visitMs: 100 }, 0);
          expect(state.upstreams.find(({ id }) => id === "healthy")).toMatchObject({ done: true });
        },
      ),
    );
  });

  it("comes to everyone in the calls that follow when a budget is too small for all", () => {
    const pages = named(Array.from({ length: 20 }, () => [80]));
    let [state, now] = [begin(pages), 0];
    for (let calls = 0; calls < 10; calls += 1)
      ({ state, now } = call(state, { pages, budgetMs: 200, visitMs: 100 }, now));
    expect(state.finishedAt).not.toBeNull();
  });

  it("leaves one that fails alone for longer each time, and goes on with it where it stopped", () => {
    let state = visited(begin({ a: [], b: [] }), "a", { next: "5", counts: {} }, 0);
    for (const [at, rest] of [
      [0, 30_000],
      [30_000, 60_000],
      [90_000, 120_000],
    ] as const) {
      state = failed(state, "a", "no answer", at);
      expect(state.upstreams[0]).toMatchObject({ cursor: "5", done: false, notBefore: at + rest, error: "no answer" });
    }
    expect(failed(state, "a", "x", 0).upstreams[0]?.notBefore).toBeLessThanOrEqual(3_600_000);
    expect(visited(state, "a", { counts: {} }, 1).upstreams[0]).toMatchObject({ done: true, error: null, failures: 0 });
  });
});

describe("a round", () => {
  const all = visited(visited(begin({ a: [], b: [] }), "a", { counts: { n: 2 } }, 5), "b", { counts: { n: 3 } }, 9);

  it("that is finished stays so until the next is due", () => {
    expect(all).toMatchObject({ finishedAt: 9, counts: { n: 5 } });
    expect(beginRound(all, ["a", "b"], { now: 50, dueAt: 0 })).toEqual(all);
    expect(beginRound(all, ["a", "b"], { now: 50, dueAt: 40 })).toMatchObject({
      ...{ startedAt: 50, finishedAt: null, counts: {} },
      upstreams: [
        { id: "a", done: false },
        { id: "b", done: false },
      ],
    });
  });

  it("marked by a clock that is ahead is one round", () => {
    const ahead = beginRound(all, ["a"], { now: 50, dueAt: 90 });
    expect(beginRound(ahead, ["a"], { now: 60, dueAt: 90 })).toEqual(ahead);
  });

  it("that comes before the last is finished goes on with what is not, and begins the rest anew", () => {
    const half = visited(visited(begin({ a: [], b: [] }), "a", { counts: {} }, 5), "b", { next: "7", counts: {} }, 6);
    expect(beginRound(half, ["a", "b"], { now: 50, dueAt: 50 }).upstreams).toMatchObject([
      { id: "a", done: false, cursor: null },
      { id: "b", done: false, cursor: "7" },
    ]);
  });

  it("takes in an upstream that is new, and forgets one that is gone", () => {
    expect(beginRound(all, ["b", "c"], { now: 50, dueAt: 0 })).toMatchObject({
      ...{ finishedAt: null, startedAt: 0 },
      upstreams: [
        { id: "b", done: true },
        { id: "c", done: false },
      ],
    });
    expect(beginRound(undefined, [], { now: 1, dueAt: undefined })).toMatchObject({ finishedAt: 1 });
  });
});
