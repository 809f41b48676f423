import { describe, expect, test } from "vitest";
import type { Json } from "../json.ts";
import { find, lines, run } from "../run-states.ts";

describe("choice, wait and fail", () => {
  const choice = (input: Json) =>
    run(
      {
        C: {
          Type: "Choice",
          Choices: [
            { Condition: "{% $states.input.n > 10 %}", Next: "Big", Assign: { r: "big" }, Output: "ruled" },
            { Condition: "{% $states.input.n > 5 %}", Next: "Small" },
          ],
          Default: "Small",
          Output: "defaulted",
        },
        Big: { Type: "Pass", Output: ["{% $r %}", "{% $states.input %}"], End: true },
        Small: { Type: "Succeed" },
      },
      { input },
    );

  test("a rule has its own Assign and Output, the state's are for Default", async () => {
    expect((await choice({ n: 11 })).output).toEqual(["big", "ruled"]);
    expect((await choice({ n: 6 })).output).toEqual({ n: 6 });
    expect((await choice({ n: 1 })).output).toBe("defaulted");
  });

  test("no rule and no Default is a runtime failure that nothing catches", async () => {
    const branch = {
      StartAt: "C",
      States: { C: { Type: "Choice", Choices: [{ Condition: false, Next: "X" }] }, X: { Type: "Succeed" } },
    };
    const result = await run({
      P: { Type: "Parallel", Branches: [branch], Catch: [{ ErrorEquals: ["States.ALL"], Next: "Z" }], Next: "Z" },
      Z: { Type: "Succeed" },
    });
    expect(result).toMatchObject({
      status: "FAILED",
      error: "States.Runtime",
      cause:
        "An error occurred while executing the state 'C' (entered at the event id #4). Failed to transition out of the state. The state does not point to a next state.",
    });
    expect(lines(result).at(-1)).toBe("5 4 ExecutionFailed");
  });

  test("a condition must be boolean", async () => {
    const result = await run({
      C: { Type: "Choice", Choices: [{ Condition: "{% 'yes' %}", Next: "X" }], Default: "X" },
      X: { Type: "Succeed" },
    });
    expect(result.error).toBe("States.QueryEvaluationError");
    expect(find(result, "EvaluationFailed")["location"]).toBe("Choices[0]/Condition");
  });

  test("waits pass at once, on a virtual clock", async () => {
    const result = await run(
      {
        A: { Type: "Wait", Seconds: "{% $states.input.s %}", Next: "B" },
        B: { Type: "Wait", Timestamp: "2025-01-03T00:00:00Z", Next: "C" },
        C: { Type: "Pass", Output: "{% $now() %}", End: true },
      },
      { input: { s: 86_400 } },
    );
    expect(result.output).toBe("2025-01-03T00:00:00.000Z");
    expect(lines(result).slice(1, 5)).toEqual([
      "2 0 WaitStateEntered A",
      "3 2 WaitStateExited A",
      "4 3 WaitStateEntered B",
      "5 4 WaitStateExited B",
    ]);
  });

  test("a wait has a longest time, and its timestamp a form", async () => {
    const wait = (time: Json) => run({ W: { Type: "Wait", End: true, ...Object(time) } });
    expect((await wait({ Seconds: 2_147_483_647 })).status).toBe("SUCCEEDED");
    expect(await wait({ Seconds: 2_147_483_648 })).toMatchObject({
      error: "States.Runtime",
      cause:
        "An error occurred while executing the state 'W' (entered at the event id #2). Wait state delay is too long.",
    });
    expect(await wait({ Timestamp: "2025-01-01 00:00:00Z" })).toMatchObject({
      error: "States.QueryEvaluationError",
      cause:
        "An error occurred while executing the state 'W' (entered at the event id #2). The Timestamp field cannot be parsed as an ISO-8601 extended offset date-time format string: 2025-01-01 00:00:00Z",
    });
  });

  test("Fail computes its error and cause", async () => {
    const result = await run(
      { F: { Type: "Fail", Error: "{% 'E' & 1 %}", Cause: "{% $states.input.why %}" } },
      { input: { why: "w" } },
    );
    expect(result).toMatchObject({ status: "FAILED", error: "E1", cause: "w" });
    expect(lines(result)).toEqual(["1 0 ExecutionStarted", "2 0 FailStateEntered F", "3 2 ExecutionFailed"]);
  });

  test("the machine's own time-out", async () => {
    const result = await run({ W: { Type: "Wait", Seconds: 25, End: true } }, { top: { TimeoutSeconds: 3 } });
    expect(result.status).toBe("TIMED_OUT");
    expect(result.error).toBeUndefined();
    expect(lines(result)).toEqual(["1 0 ExecutionStarted", "2 0 WaitStateEntered W", "3 0 ExecutionTimedOut"]);
    expect(find(result, "ExecutionTimedOut")).toEqual({ error: "States.Timeout" });
  });

  test("an endless loop ends at event 25,000", async () => {
    const result = await run({
      L: { Type: "Choice", Choices: [{ Condition: false, Next: "X" }], Default: "L" },
      X: { Type: "Succeed" },
    });
    expect(result).toMatchObject({
      status: "FAILED",
      error: "States.Runtime",
      cause: "The execution reached the maximum number of history events (25000).",
    });
    expect(lines(result).slice(-2)).toEqual(["24999 24998 ChoiceStateExited L", "25000 24999 ExecutionFailed"]);
  });
});
