import { expect, it } from "vitest";
import { Item } from "./item-under-test.ts";
import type { ItemEventOf, RunOutcome } from "./item-event.ts";

const T = 900_000;
/** The end of a run that a landing's starter began for a version, as its event tells. */
const ends = (
  run: string,
  version: string,
  at: number,
  outcome: RunOutcome = { status: "succeeded" },
): ItemEventOf<"run-ended"> => ({
  ...{ type: "run-ended", run, at: at + 10, outcome },
  started: { at, versions: { landing: version } },
});
const sees = (version: string, at: number) => ({ type: "observed", upstream: "landing", version, at }) as const;

it("a run that a landing has started is the request for the version that it was started for", () => {
  const item = Item.added();
  expect(item.does(ends("run-1", "v1", T)).request).toBeUndefined();
  expect(item.status).toBe("materialised");
  expect(item.state).toMatchObject({ requests: 0, runs: [], pending: [], success: { versions: { landing: "v1" } } });
  expect(item.does(sees("v1", T + 50_000)).request).toBeUndefined();
  expect(item.does(sees("v2", T + 50_000)).request).toMatchObject({ reason: "upstream-changed", number: 1 });
});

it("its end told twice, and that of an older run told late, change nothing", () => {
  const item = Item.added();
  item.does(ends("run-2", "v2", T + 100));
  const before = item.state;
  expect(item.does(ends("run-2", "v2", T + 100)).state).toBe(before);
  item.does(ends("run-1", "v1", T));
  expect(item.state).toMatchObject({ observed: { landing: { version: "v2" } }, last: { run: "run-2" }, pending: [] });
  expect(item.does(sees("v2", T + 50_000)).request).toBeUndefined();
});

it("its end leaves a newer version pending that was seen before it", () => {
  const item = Item.added();
  item.held = true;
  item.does(sees("v2", T + 50));
  item.held = false;
  expect(item.does(ends("run-1", "v1", T)).request).toMatchObject({ versions: { landing: "v2" } });
});

it("its failure is on record for that version, and earns the one re-request", () => {
  const failed = { status: "failed", class: "Transient" } as const;
  const item = Item.added();
  expect(item.does(ends("run-1", "v1", T, failed)).request).toMatchObject({ reason: "failed-once" });
  const poisoned = Item.added();
  poisoned.does(ends("run-1", "v1", T, { status: "failed", class: "Malformed" }));
  expect(poisoned.does(sees("v1", T + 50_000)).request).toBeUndefined();
  expect(poisoned.does(sees("v2", T + 50_001)).request).toMatchObject({ reason: "upstream-changed" });
});

it("its end while a requested run is in flight leaves that one alone", () => {
  const item = Item.added();
  const { request } = item.does(sees("v1", T));
  item.does(ends("run-1", "v1", T));
  expect(item.state.runs).toMatchObject([{ name: request?.name }]);
  item.succeeds();
  expect(item.does({ type: "evaluated" }).request).toBeUndefined();
  expect(item.status).toBe("materialised");
});
