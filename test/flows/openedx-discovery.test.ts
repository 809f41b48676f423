import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { aslRun } from "../../embedded/engine/asl-run.ts";

const definition = readFileSync("state-machines/openedx_discovery/openedx_discovery.asl.json", "utf8");

it.each([
  ["discover", "DiscoverCourses"],
  ["sweep", "SweepVersions"],
])("the job %s is one call of %s with the deployment that the schedule names", async (job, task) => {
  const output = { total: 3 };
  const input = { job, deployment: "xpro", trigger: "t", scheduledTime: "2026-01-15T10:00:00Z" };
  const run = await aslRun({ definition, input, mocks: { [task]: [{ result: { Payload: output } }] } });
  expect([run.status, run.output]).toEqual(["SUCCEEDED", output]);
  expect(JSON.stringify(run.history)).toContain('\\"deployment\\":\\"xpro\\"');
});

it("what is due to be sent once more is one call", async () => {
  const run = await aslRun({
    ...{ definition, input: { job: "resend" } },
    mocks: { ResendContent: [{ result: { Payload: { due: 0 } } }] },
  });
  expect([run.status, run.output]).toEqual(["SUCCEEDED", { due: 0 }]);
});

it("a sweep that nothing could be read by is tried again, then on record", async () => {
  const failure = { error: "Transient", cause: "down" };
  const recorded = { result: { Payload: { name: "Transient", code: "sweep_failed", message: "down" } } };
  const run = await aslRun({
    definition,
    input: { job: "sweep", deployment: "xpro" },
    mocks: { SweepVersions: [failure, failure, failure, failure], RecordFailure: [recorded] },
  });
  expect([run.status, run.error]).toEqual(["FAILED", "Transient"]);
});
