import { beforeEach, expect, test } from "vitest";
import { MemoryExecutions } from "../../test/standins/memory-executions.ts";
import { memoryLedger } from "../../test/standins/memory-ledger.ts";
import { EndedExecution, endedRun } from "../model/ended-run.ts";
import { scheduleEnds } from "./schedule-ends.ts";
import { tellStart, tellWatchers } from "./tell-watchers.ts";

const PREFIX = "arn:aws:states:us-east-1:000000000000:stateMachine:millrace-qa-";
const pings = [{ domain: "lakehouse", schedule: "sweep", check: "lakehouse" }];
const ended = (how: Partial<EndedExecution>, trigger = "sweep") => {
  const found = endedRun(
    EndedExecution.parse({
      ...{ executionArn: "arn:e", stateMachineArn: `${PREFIX}lakehouse`, name: "run", status: "SUCCEEDED" },
      ...{ startDate: 1_000, stopDate: 2_000, output: "{}" },
      input: JSON.stringify({ job: "build", trigger, scheduledTime: "2090-01-01T00:00:00Z" }),
      ...how,
    }),
    PREFIX,
  );
  if (found === undefined) throw new Error("not ours");
  return found;
};

let home: { ledger: ReturnType<typeof memoryLedger>; executions: MemoryExecutions; pings: typeof pings };
beforeEach(() => {
  home = { ledger: memoryLedger(), executions: new MemoryExecutions(), pings };
});
test.each([
  ["success", { output: '{"built": 3, "failed": []}' }],
  ["fail", { output: '{"ok": false}' }],
  ["fail", { output: '{"failed": [{"key": "k", "name": "Rejected", "code": "c"}]}' }],
  ["fail", { status: "FAILED", output: null, error: "Rejected", cause: "{}" }],
  ["fail", { status: "TIMED_OUT", output: null }],
  // Nobody tells what came out, so nobody may rest.
  ["fail", { output: null }],
] as const)("the check hears %s of %j, once", async (signal, how) => {
  await tellWatchers(home, ended(how));
  await tellWatchers(home, ended(how));
  expect(home.executions.all).toMatchObject([
    {
      domain: "operations",
      input: { job: "ping", ping: { pipeline: "lakehouse", deployment: "lakehouse", signal, at: expect.any(String) } },
    },
  ]);
});

test("the check hears of a start, once, however often its tick is delivered", async () => {
  const input = { job: "build", trigger: "sweep", scheduledTime: "2090-01-01T00:00:00Z" };
  const start = { domain: "lakehouse", name: "sweep-1", input };
  for (const at of [0, 1_000]) await tellStart(home, start, new Date(at));
  await tellStart(home, { ...start, name: "other-1", input: { ...input, trigger: "other" } }, new Date(0));
  expect(home.executions.all).toMatchObject([
    { domain: "operations", input: { job: "ping", ping: { deployment: "lakehouse", signal: "start" } } },
  ]);
});

test("an output that the event left out is asked for", async () => {
  await home.executions.start({ domain: "lakehouse", name: "run", input: {} });
  const run = home.executions.find("lakehouse", "run");
  if (run !== undefined) run.state = { status: "SUCCEEDED", startedAt: new Date(0), output: '{"built": 1}' };
  await tellWatchers(home, ended({ output: null }));
  expect(home.executions.all.at(-1)?.input).toMatchObject({ ping: { signal: "success" } });
});

test("a cancelled run, another schedule's and one that nobody watches ping nothing", async () => {
  await tellWatchers(home, ended({ status: "ABORTED", output: null }));
  await tellWatchers(home, ended({}, "other"));
  await tellWatchers({ ...home, pings: [] }, ended({}));
  expect(home.executions.all).toEqual([]);
});

test("the schedule's record keeps the latest end and the latest success, in whatever order they are told", async () => {
  const tell = (name: string, stopDate: number, status: EndedExecution["status"] = "SUCCEEDED") =>
    tellWatchers({ ...home, pings: [] }, ended({ name, stopDate, status }));
  await tell("second", 2_000);
  await tell("third", 3_000, "FAILED");
  await tell("first", 1_000);
  expect((await scheduleEnds(home.ledger)).get("sweep")).toEqual({
    ...{ run: "third", endedAt: new Date(3_000).toISOString(), succeededAt: new Date(2_000).toISOString() },
  });
});
