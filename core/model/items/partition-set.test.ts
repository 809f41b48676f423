import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { planPartitions } from "./partition-set.ts";
import { ItemStatus } from "./status.ts";

const known = (...entries: readonly (readonly [string, ItemStatus])[]) =>
  entries.map(([partition, status]) => ({ partition, status }));
const complete = (...keys: string[]) => ({ keys, complete: true });
const numbered = (count: number): string[] => Array.from({ length: count }, (_, index) => `key-${index}`);
const present = (count: number) => known(...numbered(count).map((key) => [key, "materialised"] as const));

describe("what an authority's read changes", () => {
  it("adds what is new, restores what is back, retires what is gone, defers what is at work", () => {
    const there = known(
      ["a", "materialised"],
      ["b", "retired"],
      ["c", "failed"],
      ["d", "in_progress"],
      ["e", "retired"],
    );
    expect(planPartitions(complete("a", "b", "f", "f", "/g"), there)).toEqual({
      add: ["f"],
      restore: ["b"],
      retire: ["c"],
      deferred: ["d"],
      skipped: { count: 1, sample: [{ key: "/g", problem: "it starts or ends with a slash" }] },
    });
  });

  it.each([
    ["incomplete", { keys: ["new"], complete: false }],
    ["empty", { keys: [], complete: true }],
    ["of nothing but bad ids", { keys: ["//"], complete: true }],
  ])("removes nothing when it is %s", (_, read) => {
    expect(planPartitions(read, present(3))).toMatchObject({ retire: [], deferred: [] });
  });

  it("stops before it removes more than a fifth and more than five", () => {
    const guard = expect.objectContaining({ name: "Rejected", code: "partition_guard" });
    expect(() => planPartitions(complete(...numbered(20)), present(26))).toThrow(guard);
    expect(() => planPartitions(complete("other"), present(6))).toThrow(guard);
    expect(planPartitions(complete("other"), present(5)).retire).toHaveLength(5);
    expect(planPartitions(complete(...numbered(24)), present(30)).retire).toHaveLength(6);
  });

  it("goes on when an operator has agreed to that many", () => {
    expect(planPartitions(complete("other"), present(6), 6).retire).toHaveLength(6);
    expect(() => planPartitions(complete("other"), present(7), 6)).toThrow("lacks 7 of 7");
  });

  it("is empty once it was done", () => {
    const keys = fc.uniqueArray(fc.constantFrom(...numbered(12)), { minLength: 1 });
    const state = fc.dictionary(fc.constantFrom(...numbered(12)), fc.constantFrom(...ItemStatus.options));
    fc.assert(
      fc.property(keys, state, (upstream, before) => {
        const there = known(...Object.entries(before));
        const plan = planPartitions(complete(...upstream), there, 100);
        const done = new Map(Object.entries(before));
        for (const key of plan.retire) done.set(key, "retired");
        for (const key of [...plan.add, ...plan.restore]) done.set(key, "missing");
        const again = planPartitions(complete(...upstream), known(...done), 100);
        expect(again).toMatchObject({ add: [], restore: [], retire: [], deferred: plan.deferred });
      }),
    );
  });
});
