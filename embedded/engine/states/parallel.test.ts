import { describe, expect, test } from "vitest";
import type { Json } from "../json.ts";
import { lines, run, task } from "../run-states.ts";

describe("parallel", () => {
  const pass = (name: string, output: Json): Json => ({
    StartAt: name,
    States: { [name]: { Type: "Pass", Output: output, End: true } },
  });

  test("branches have chains of their own; Succeeded does not move the chain on", async () => {
    const result = await run({
      V: { Type: "Pass", Assign: { outer: 1 }, Next: "P" },
      P: {
        Type: "Parallel",
        Branches: [pass("A", "{% $outer %}"), pass("B", "{% $states.input.k %}")],
        Arguments: { k: 2 },
        End: true,
      },
    });
    expect(result.output).toEqual([1, 2]);
    expect(lines(result).slice(3)).toEqual([
      "4 3 ParallelStateEntered P",
      "5 4 ParallelStateStarted",
      "6 5 PassStateEntered A",
      "7 6 PassStateExited A",
      "8 5 PassStateEntered B",
      "9 8 PassStateExited B",
      "10 9 ParallelStateSucceeded",
      "11 9 ParallelStateExited P",
      "12 11 ExecutionSucceeded",
    ]);
  });

  test("a failed branch stops its siblings and its error is the state's", async () => {
    const result = await run(
      {
        P: {
          Type: "Parallel",
          Branches: [
            { StartAt: "W", States: { W: { Type: "Wait", Seconds: 60, End: true } } },
            { StartAt: "T", States: { T: task({ Retry: [{ ErrorEquals: ["States.ALL"], MaxAttempts: 1 }] }) } },
          ],
          Retry: [{ ErrorEquals: ["Boom"], MaxAttempts: 1, IntervalSeconds: 1 }],
          Catch: [{ ErrorEquals: ["Boom"], Next: "Z" }],
          End: true,
        },
        Z: { Type: "Succeed" },
      },
      { mocks: { T: [{ error: "Boom", cause: "c" }] } },
    );
    expect(result.output).toEqual({ Error: "Boom", Cause: "c" });
    expect(lines(result)).toEqual([
      "1 0 ExecutionStarted",
      "2 0 ParallelStateEntered P",
      "3 2 ParallelStateStarted",
      "4 3 WaitStateEntered W",
      "5 3 TaskStateEntered T",
      "6 5 TaskScheduled",
      "7 6 TaskStarted",
      "8 7 TaskFailed",
      "9 8 TaskScheduled",
      "10 9 TaskStarted",
      "11 10 TaskFailed",
      "12 11 TaskStateAborted",
      "13 11 WaitStateAborted",
      "14 11 ParallelStateStarted",
      "15 14 WaitStateEntered W",
      "16 14 TaskStateEntered T",
      "17 16 TaskScheduled",
      "18 17 TaskStarted",
      "19 18 TaskFailed",
      "20 19 TaskScheduled",
      "21 20 TaskStarted",
      "22 21 TaskFailed",
      "23 22 TaskStateAborted",
      "24 22 WaitStateAborted",
      "25 22 ParallelStateFailed",
      "26 25 ParallelStateExited P",
      "27 26 SucceedStateEntered Z",
      "28 27 SucceedStateExited Z",
      "29 28 ExecutionSucceeded",
    ]);
  });

  test("a branch's variables stay inside it", async () => {
    const branch = {
      StartAt: "A",
      States: {
        A: { Type: "Pass", Assign: { inner: 1 }, Next: "B" },
        B: { Type: "Pass", Output: "{% $inner %}", End: true },
      },
    };
    const result = await run({
      P: { Type: "Parallel", Branches: [branch], Next: "Z" },
      Z: { Type: "Pass", Output: ["{% $states.input %}", "{% $exists($inner) %}"], End: true },
    });
    expect(result.output).toEqual([[1], false]);
  });
});
