import { describe, expect, it } from "vitest";
import { guardRemoval, partitionChange } from "./partition-set.ts";
import { ITEM_STATUSES } from "./status.ts";

describe("what an authority's read changes", () => {
  it.each([
    [true, { retired: "return" }],
    [false, { in_progress: "defer", failed: "retire", missing: "retire", stale: "retire", materialised: "retire" }],
  ])("in a partition that it lists (%s)", (isListed, changes) => {
    const found = ITEM_STATUSES.map((status) => [status, partitionChange({ status }, isListed)]);
    expect(Object.fromEntries(found.filter(([, change]) => change !== undefined))).toEqual(changes);
  });

  it("never brings back what an operator has retired", () => {
    const order = { author: "ada", reason: "a duplicate", at: 1 };
    expect(partitionChange({ status: "retired", order }, true)).toBeUndefined();
    expect(partitionChange({ status: "materialised", order }, false)).toBe("retire");
  });

  it.each([
    [{ gone: 6, active: 26 }, true],
    [{ gone: 6, active: 6 }, true],
    [{ gone: 5, active: 5 }, false],
    [{ gone: 6, active: 30 }, false],
    [{ gone: 0, active: 0 }, false],
  ])("%j is stopped: %s", (counts, stops) => {
    const run = () => guardRemoval("a", counts);
    if (stops) expect(run).toThrow(expect.objectContaining({ name: "Rejected", code: "partition_guard" }));
    else expect(run).not.toThrow();
  });

  it("goes on when an operator has agreed to that many", () => {
    expect(() => guardRemoval("a", { gone: 6, active: 6 }, 6)).not.toThrow();
    expect(() => guardRemoval("a", { gone: 7, active: 7 }, 6)).toThrow("lacks 7 of 7");
  });
});
