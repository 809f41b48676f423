import { expect, test } from "vitest";
import { MemoryExecutions } from "../../test/standins/memory-executions.ts";
import { memoryLedger } from "../../test/standins/memory-ledger.ts";
import { memoryObjects } from "../../test/standins/memory-objects.ts";
import { openCoordination } from "./coordination.ts";

const item = { asset: "mitx/openedx/raw_data/tracking_logs", partition: "logs/2026-01-15/a" };
const target = { domain: "openedx", lane: "openedx", input: { job: "tracking_log", bucket: "b", key: "k" } };
const HOUR_MS = 3_600_000;

function world() {
  let time = 1_000_000;
  const executions = new MemoryExecutions();
  const coordination = openCoordination({
    io: { ledger: memoryLedger(), objects: memoryObjects(), executions },
    settings: {
      environment: "qa",
      buckets: { landing: "landing", lake: "lake", quarantine: "quarantine", artifacts: "artifacts", drops: "drops" },
      machineArnPrefix: "arn:aws:states:us-east-1:000000000000:stateMachine:millrace-qa-",
      runs: {
        lanes: ["openedx", "canvas"].map((id) => ({ id, domain: "openedx", slots: 1 })),
        cap: 10,
        failedOnceDelayMs: 600_000,
      },
    },
    now: () => time,
  });
  return { executions, coordination, later: (ms: number): number => (time += ms) };
}

/** What a machine fails with: the answer of RecordFailure. */
const cause = JSON.stringify({
  name: "Malformed",
  code: "not_gzip",
  message: "It is damaged.",
  hint: "Land it again.",
});

test("an end that no event told counts as the event would have, and frees the slot", async () => {
  const { executions, coordination, later } = world();
  const { items, lanes } = coordination;
  await coordination.observed(item, { upstream: "landing.gz", version: "v1", at: 1_000_000 }, target);
  const [name] = (await lanes.dispatch(["openedx"], later(1_000))).started;
  executions.end("openedx", name ?? "", { status: "FAILED", error: "Malformed", cause });
  await lanes.tick(later(HOUR_MS));
  expect((await items.read(item))?.last).toMatchObject({
    ...{ status: "failed", run: name, class: "Malformed", code: "not_gzip", message: "It is damaged." },
  });
  expect(await lanes.slotOf(name ?? "")).toBeUndefined();
  expect(executions.all.filter(({ domain }) => domain === "operations")).toMatchObject([
    { input: { job: "alert", event: { kind: "run-failed", class: "Malformed", errorName: "not_gzip", item } } },
  ]);
  // What would run it again is what ran.
  expect(
    (await coordination.recovery.rerun(item, { id: "1", author: "mk", now: later(1_000) })).request?.input,
  ).toEqual(expect.objectContaining(target.input));
});

test.each([
  ["canvas", "Misconfigured"],
  ["openedx", undefined],
] as const)("a run that lacks its secret closes the lane %s: %s", async (lane, closed) => {
  const { executions, coordination, later } = world();
  const { lanes } = coordination;
  await coordination.observed(item, { upstream: "landing", version: "v1", at: 1_000_000 }, { ...target, lane });
  const [name = ""] = (await lanes.dispatch([lane], later(1_000))).started;
  const lacks = JSON.stringify({ name: "Misconfigured", code: "secret_missing", message: "There is no secret." });
  executions.end("openedx", name, { status: "FAILED", error: "Misconfigured", cause: lacks });
  await lanes.tick(later(HOUR_MS));
  expect((await lanes.state(later(1_000))).find(({ id }) => id === lane)?.closed?.class).toBe(closed);
});
