import { expect, test } from "vitest";
import { matches, retryDelayMs } from "./retry.ts";

test.each<[string, string, boolean]>([
  ["Transient", "Transient", true],
  ["Transient", "transient", false],
  ["States.ALL", "Anything", true],
  ["States.ALL", "States.Timeout", true],
  ["States.ALL", "States.DataLimitExceeded", true],
  ["States.DataLimitExceeded", "States.DataLimitExceeded", true],
  ["States.ALL", "States.Runtime", false],
  ["States.Runtime", "States.Runtime", false],
  ["States.TaskFailed", "Anything", true],
  ["States.TaskFailed", "States.Timeout", false],
  ["States.TaskFailed", "States.DataLimitExceeded", true],
  ["States.TaskFailed", "States.HeartbeatTimeout", false],
  ["States.Timeout", "States.HeartbeatTimeout", true],
  ["States.HeartbeatTimeout", "States.Timeout", false],
])("ErrorEquals %s, error %s: %s", (name, error, expected) => {
  expect(matches([name], [error])).toBe(expected);
});

const RETRIER = {
  errorEquals: [],
  intervalSeconds: 2,
  maxAttempts: 9,
  backoffRate: 3,
  maxDelaySeconds: 10,
  jitter: false,
};

test("the delay grows by the rate up to its bound", () => {
  expect([1, 2, 3, 4].map((attempt) => retryDelayMs(RETRIER, attempt, () => 0.5))).toEqual([
    2_000, 6_000, 10_000, 10_000,
  ]);
});

test("full jitter takes any part of it, after the bound", () => {
  const jitter = { ...RETRIER, jitter: true };
  expect([0, 0.25].map((random) => retryDelayMs(jitter, 3, () => random))).toEqual([0, 2_500]);
});
