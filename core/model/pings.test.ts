import { expect, test } from "vitest";
import { pingProblems, pingsIn, resolvePings } from "./pings.ts";
import type { Pipeline, ScheduleTrigger } from "./pipeline.ts";

const schedule = (ping: string): ScheduleTrigger => ({
  ...{ kind: "schedule", id: "nightly", description: "", job: "load", misfire: "skip", ping },
  ...{ expression: "cron(0 4 * * ? *)", timeZone: "UTC", environments: ["production"] },
});
const pipeline = (domain: string, rest: Partial<Pipeline> = {}): Pipeline => ({
  ...{ domain, description: "", jobs: {}, tasks: {}, triggers: [], assets: [], lanes: [], ...rest },
});
const edxorg = pipeline("edxorg", { ping: "healthchecks/edxorg", triggers: [schedule("healthchecks/nightly")] });

test("those of a domain and of the schedules that an environment has are pinged", () => {
  expect(pingsIn("production", [edxorg])).toEqual([
    { domain: "edxorg", check: "edxorg" },
    { domain: "edxorg", schedule: "nightly", check: "nightly" },
  ]);
  expect(pingsIn("dev", [edxorg])).toEqual([{ domain: "edxorg", check: "edxorg" }]);
});

test("whoever pings may read their secrets, and nobody else", () => {
  const compute = { kind: "lambda", memoryMb: 128, timeoutSeconds: 3 } as const;
  const task = { description: "", handler: "h", compute };
  const operations = pipeline("operations", {
    tasks: { SendPing: { ...task, secrets: ["slack/bot"], pings: true }, Other: { ...task, secrets: ["a/b"] } },
  });
  const tasks = resolvePings([{ pipeline: edxorg }, { pipeline: operations }])[1]?.pipeline.tasks;
  expect(tasks?.["SendPing"]?.secrets).toEqual(["slack/bot", "healthchecks/edxorg", "healthchecks/nightly"]);
  expect(tasks?.["Other"]?.secrets).toEqual(["a/b"]);
});

test("a role of another kind, and a ping of every ping, are refused", () => {
  expect(pingProblems(edxorg)).toEqual([]);
  expect(pingProblems(pipeline("edxorg", { ping: "slack/bot" }))).toEqual([
    'ping "slack/bot" is no secret role healthchecks/<id>',
  ]);
  expect(pingProblems(pipeline("operations", { ping: "healthchecks/operations" }))).toHaveLength(1);
});
