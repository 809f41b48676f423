import { expect, it } from "vitest";
import { laneProblems, lanesIn, RUNS_AT_ONCE } from "./declared-lanes.ts";

const lane = { id: "canvas", description: "Canvas API.", slots: 4 };

it("gives every domain with runs a lane of its own name, and a declared one its slots of the environment", () => {
  const pipelines = [
    { domain: "openedx", lanes: [{ ...lane, slotsIn: { qa: 1 } }] },
    { domain: "coordinator", machine: "express" as const, lanes: [] },
    { domain: "edxorg", lanes: [{ ...lane, id: "edxorg", slots: 2 }] },
  ];
  expect(lanesIn("qa", pipelines)).toEqual([
    { id: "openedx", domain: "openedx", slots: 8 },
    { id: "canvas", domain: "openedx", slots: 1 },
    { id: "edxorg", domain: "edxorg", slots: 2 },
  ]);
  expect(lanesIn("dev", pipelines).map(({ slots }) => slots)).toEqual([8, 4, 2]);
});

it("refuses a lane of two domains", () => {
  const pipelines = ["openedx", "edxorg"].map((domain) => ({ domain, lanes: [lane] }));
  expect(() => lanesIn("dev", pipelines)).toThrow('"canvas" is declared by openedx and edxorg');
});

it("refuses names and numbers that the ledger could not keep", () => {
  expect(laneProblems(lane)).toEqual([]);
  expect(laneProblems({ ...lane, id: "iceberg-commit/raw_logs", slotsIn: { dev: 200 } })).toEqual([]);
  expect(laneProblems({ ...lane, id: "*" })).toHaveLength(1);
  expect(laneProblems({ ...lane, slots: 0, slotsIn: { dev: 1.5, qa: 201 } })).toHaveLength(3);
  expect(Object.values(RUNS_AT_ONCE).filter((cap) => cap < 1)).toEqual([]);
});
