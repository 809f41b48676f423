import { expect, test } from "vitest";
import { EndedExecution, endedRun } from "./ended-run.ts";

const PREFIX = "arn:aws:states:us-east-1:000000000000:stateMachine:millrace-qa-";
const ended = (more: Record<string, unknown>) =>
  endedRun(
    EndedExecution.parse({
      executionArn: `${PREFIX.replace("stateMachine", "execution")}legacy-openedx:run-1`,
      stateMachineArn: `${PREFIX}legacy-openedx`,
      name: "run-1",
      status: "SUCCEEDED",
      startDate: 1_000,
      stopDate: 2_000,
      input: JSON.stringify({
        job: "tracking_log",
        bucket: "b",
        key: "k",
        trigger: "t",
        versionId: "v",
        item: { asset: "a", partition: "p" },
      }),
      ...more,
    }),
    PREFIX,
  );

test("says what the run was about, and what would run it again", () => {
  expect(ended({})).toEqual({
    ...{ domain: "legacy_openedx", name: "run-1", job: "tracking_log", startedAt: 1_000, endedAt: 2_000 },
    executionArn: "arn:aws:states:us-east-1:000000000000:execution:millrace-qa-legacy-openedx:run-1",
    item: { asset: "a", partition: "p" },
    input: { job: "tracking_log", bucket: "b", key: "k" },
    outcome: { status: "succeeded" },
  });
});

test("is nobody's when the machine is of another environment", () => {
  expect(ended({ stateMachineArn: PREFIX.replace("-qa-", "-production-") })).toBeUndefined();
});

test.each([
  [{ status: "ABORTED" }, { status: "cancelled" }],
  [{ status: "TIMED_OUT" }, { status: "failed", class: "Transient", code: "States.Timeout" }],
  [
    { status: "FAILED", error: "States.DataLimitExceeded" },
    { status: "failed", class: "Misconfigured" },
  ],
  [
    {
      status: "FAILED",
      error: "Malformed",
      cause: JSON.stringify({ name: "Malformed", code: "not_gzip", message: "It is damaged.", hint: "Land it again." }),
    },
    { status: "failed", class: "Malformed", code: "not_gzip", message: "It is damaged." },
  ],
  [
    { status: "FAILED", error: "TypeError", cause: "x is undefined" },
    { status: "failed", class: "TypeError", code: "unclassified" },
  ],
])("%j ended as %j", (more, outcome) => {
  expect(ended(more)?.outcome).toMatchObject(outcome);
});

test.each([undefined, null, "no JSON", '"text"', '{"item":{"asset":"","partition":"p"}}'])(
  "input %j names no item",
  (input) => {
    expect(ended({ input })).not.toHaveProperty("item");
  },
);
