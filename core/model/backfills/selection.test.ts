import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ITEM_STATUSES } from "../items/status.ts";
import { BACKFILL_MODES, leftOut } from "./mode.ts";
import { checkSelection, dayIn, selectionText, selects, type Selection } from "./selection.ts";

const of = (more: Partial<Selection> = {}): Selection => ({ asset: "a", status: "all", ...more });

describe("the day of a partition", () => {
  it.each([
    ["2026-01-15", "2026-01-15"],
    ["logs/2026-01-15/shard", "2026-01-15"],
    ["tracking.log-2026-01-15-1421280061", "2026-01-15"],
    ["from 2026-02-30 to 2026-03-01", "2026-03-01"],
    ["course-v1:MITx+6.00x+2T2024", undefined],
    ["12026-01-15", undefined],
    ["2026-01-151", undefined],
    ["20260115", undefined],
  ])("of %s is %s", (partition, day) => {
    expect(dayIn(partition)).toBe(day);
  });

  it("is found whatever stands around it", () => {
    const day = fc.date({ min: new Date(0), max: new Date("2099-12-31"), noInvalidDate: true });
    const text = fc.string({ unit: fc.constantFrom("a", "/", "-", ".", "é", "_") });
    fc.assert(
      fc.property(day, text, text, (date, before, after) => {
        const iso = date.toISOString().slice(0, 10);
        expect(dayIn(`${before}${iso}${after}`)).toBe(iso);
        expect(selects(of({ from: iso, to: iso }), `${before}${iso}${after}`)).toBe(true);
      }),
    );
  });
});

describe("a selection", () => {
  it("holds both ends of its range, and no key without a date", () => {
    const range = of({ from: "2026-01-02", to: "2026-01-03" });
    const keys = ["2026-01-01", "2026-01-02", "x/2026-01-03/y", "2026-01-04", "course"];
    expect(keys.filter((key) => selects(range, key))).toEqual(["2026-01-02", "x/2026-01-03/y"]);
    expect(keys.filter((key) => selects(of({ from: "2026-01-03" }), key))).toEqual(["x/2026-01-03/y", "2026-01-04"]);
    expect(keys.filter((key) => selects(of({ prefix: "x/" }), key))).toEqual(["x/2026-01-03/y"]);
    expect(keys.filter((key) => selects(of(), key))).toEqual(keys);
  });

  it.each([{ from: "2026-02-30" }, { to: "15.1.2026" }, { from: "2026-01-02", to: "2026-01-01" }])(
    "%j is refused, because it would select nothing",
    (more) => {
      expect(() => checkSelection(of(more))).toThrow(
        expect.objectContaining({ name: "Malformed", code: "selection_invalid" }),
      );
    },
  );

  it("says in words what it is", () => {
    expect(selectionText(of({ status: "failed", from: "2026-01-01", prefix: "logs/" }))).toBe(
      "failed, days 2026-01-01.., keys logs/*",
    );
    expect(selectionText(of({ partitions: ["a", "b"] }))).toBe("all, a list of 2");
  });
});

it("only missing-only leaves out what is there or is being made, and nothing runs what is retired", () => {
  const run = BACKFILL_MODES.map((mode) => [
    mode,
    ITEM_STATUSES.filter((status) => leftOut(mode, status) === undefined),
  ]);
  const all = ITEM_STATUSES.filter((status) => status !== "retired");
  expect(Object.fromEntries(run)).toEqual({
    "missing-only": ["failed", "missing", "stale"],
    ...{ all, reload: all, redeliver: all },
  });
});
