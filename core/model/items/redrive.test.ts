import { expect, it } from "vitest";
import { Item } from "./item-under-test.ts";
import type { ItemEventOf, RunOutcome } from "./item-event.ts";

const T = 900_000;
const FAILED: RunOutcome = { status: "failed", class: "Rejected" };
const ended = (at: number, outcome: RunOutcome = FAILED): ItemEventOf<"run-ended"> => ({
  ...{ type: "run-ended", run: "run-1", at, outcome },
});
const redriven = { type: "redriven", run: "run-1", count: 1, requestedBy: "ada" } as const;
const failed = (): Item => {
  const item = Item.added();
  item.does(ended(T));
  expect(item.status).toBe("failed");
  return item;
};

it("takes the latest run back in flight, and asks for a slot under its own name", () => {
  const item = failed();
  expect(item.does(redriven).request).toMatchObject({
    ...{ name: "run-1", redrive: 1, priority: "manual", input: { requestedBy: "ada" } },
  });
  expect(item.status).toBe("in_progress");
  const before = item.state;
  expect(item.does(redriven)).toMatchObject({ waiting: { why: "in-flight" } });
  // The end that it went on from, told once more.
  expect(item.does(ended(T)).state).toBe(before);
  item.does(ended(T + 60_000, { status: "succeeded" }));
  expect([item.status, item.state.last]).toMatchObject(["materialised", { run: "run-1", at: T + 60_000 }]);
  expect(item.does(redriven).request).toBeUndefined();
});

it("takes the new result, good or bad, also of a run that somebody has continued in the console", () => {
  const item = failed();
  item.does(ended(T + 500));
  expect(item.state.last).toMatchObject({ at: T });
  item.does(ended(T + 60_000, { status: "failed", class: "Malformed" }));
  expect(item.state).toMatchObject({ last: { class: "Malformed" }, failingSince: T });
  item.does(ended(T + 120_000, { status: "succeeded" }));
  expect(item.status).toBe("materialised");
  item.does(ended(T + 60_000, { status: "failed", class: "Malformed" }));
  expect(item.status).toBe("materialised");
});

it("leaves the failure as it was when it is cancelled before it goes on", () => {
  const item = failed();
  item.does(redriven);
  item.does(ended(T + 60_000, { status: "cancelled" }));
  expect([item.status, item.state.runs]).toEqual(["failed", []]);
});

it("goes on from no run but the latest, which failed", () => {
  const item = failed();
  expect(item.does({ ...redriven, run: "run-0" }).request).toBeUndefined();
  item.does({ type: "retired" });
  expect(item.does(redriven).request).toBeUndefined();
});
