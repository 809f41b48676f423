import { describe, expect, test } from "vitest";
import type { Json } from "./json.ts";
import { find, lines, run, task } from "./run-states.ts";

describe("expressions", () => {
  test("one that yields nothing fails the state with an event of its own", async () => {
    const result = await run({ E: { Type: "Pass", Output: { v: ["{% $states.input.missing %}"] }, End: true } });
    const cause =
      "An error occurred while executing the state 'E' (entered at the event id #2). The JSONata expression " +
      "'$states.input.missing' specified for the field 'Output/v[0]' returned nothing (undefined).";
    expect(result).toMatchObject({ status: "FAILED", error: "States.QueryEvaluationError", cause });
    expect(lines(result).slice(2)).toEqual(["3 0 EvaluationFailed", "4 3 ExecutionFailed"]);
    expect(find(result, "EvaluationFailed")).toEqual({
      state: "E",
      error: "States.QueryEvaluationError",
      location: "Output/v[0]",
      cause,
    });
  });

  test.each([
    ['$abs("x")', '. T0410: Argument 1 of function "abs" does not match function signature'],
    ['$eval("1+1")', ". T1006: Attempted to invoke a non-function"],
    ['$hash("a", "CRC")', ": Unsupported hash algorithm CRC"],
  ])("one that throws tells how: %s", async (text, ending) => {
    const result = await run({ E: { Type: "Pass", Output: `{% ${text} %}`, End: true } });
    expect(result.cause).toContain(
      `expression '${text}' specified for the field 'Output' threw an error during evaluation${ending}`,
    );
  });

  test("a task's expression can be caught and retried", async () => {
    const state = task({
      Output: "{% $states.result.nothing %}",
      Retry: [{ ErrorEquals: ["States.QueryEvaluationError"], MaxAttempts: 1 }],
      Catch: [{ ErrorEquals: ["States.ALL"], Next: "End", Output: "{% $states.errorOutput.Error %}" }],
      Next: "End",
    });
    const result = await run({ T: state, End: { Type: "Succeed" } }, { mocks: { T: [{ result: {} }] } });
    expect(result.output).toBe("States.QueryEvaluationError");
    expect(result.history.filter((event) => event.type === "EvaluationFailed")).toHaveLength(2);
  });

  test("Step Functions' own functions", async () => {
    const result = await run({
      E: {
        Type: "Pass",
        Output: {
          parse: '{% $parse("{\\"a\\":1}").a %}',
          partition: "{% $partition([1,2,3,4,5], 2) %}",
          range: "{% $range(0, 6, 2) %}",
          down: "{% $range(3, 1, -1) %}",
          hash: '{% $hash("input", "SHA-1") %}',
          random: "{% $random(42) %}",
          uuid: "{% $match($uuid(), /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/).index = 0 %}",
          now: "{% $now() = $states.context.Execution.StartTime %}",
        },
        End: true,
      },
    });
    expect(result.output).toEqual({
      parse: 1,
      partition: [[1, 2], [3, 4], [5]],
      range: [0, 2, 4, 6],
      down: [3, 2, 1],
      hash: "140f86aae51ab9e1cda9b4254fe98a74eb54c1a1",
      random: 0.7275636800328681,
      uuid: true,
      now: true,
    });
  });

  test("Assign and Output see the variables as they were on entry", async () => {
    const result = await run({
      A: { Type: "Pass", Assign: { x: 1, y: 10 }, Next: "B" },
      B: { Type: "Pass", Assign: { x: "{% $y %}", y: "{% $x %}" }, Output: "{% [$x, $y] %}", Next: "C" },
      C: { Type: "Pass", Output: { before: "{% $states.input %}", after: "{% [$x, $y] %}" }, End: true },
    });
    expect(result.output).toEqual({ before: [1, 10], after: [10, 1] });
  });

  test("a function is no result", async () => {
    for (const text of ["function($x) { $x }", "$abs", "[{'deep': $abs}]"]) {
      const result = await run({ E: { Type: "Pass", Output: `{% ${text} %}`, End: true } });
      expect(result.cause).toContain(`'${text}' specified for the field 'Output' returned an unsupported result type.`);
    }
  });

  test("a state that fails on entering is taken back in the chain, one that fails later is not", async () => {
    const ends = async (states: Record<string, Json>, mocks?: unknown) =>
      lines(await run({ First: { Type: "Pass", Next: "S" }, ...states }, { mocks })).slice(3);
    const bad = "{% $states.input.missing %}";
    expect(await ends({ S: { Type: "Succeed", Output: bad } })).toEqual([
      "4 3 SucceedStateEntered S",
      "5 3 EvaluationFailed",
      "6 5 ExecutionFailed",
    ]);
    expect(await ends({ S: task({ Arguments: bad }) })).toEqual([
      "4 3 TaskStateEntered S",
      "5 3 EvaluationFailed",
      "6 5 ExecutionFailed",
    ]);
    expect(await ends({ S: { Type: "Wait", Timestamp: "{% 'soon' %}", End: true } })).toEqual([
      "4 3 WaitStateEntered S",
      "5 4 EvaluationFailed",
      "6 5 ExecutionFailed",
    ]);
    expect((await ends({ S: task({ Output: bad }) }, { S: [{ result: {} }] })).slice(-2)).toEqual([
      "8 7 EvaluationFailed",
      "9 8 ExecutionFailed",
    ]);
  });

  test("the context object counts retries where there can be any", async () => {
    const result = await run({ S: { Type: "Pass", Output: "{% $states.context %}", End: true } }, { input: { a: 1 } });
    expect(JSON.stringify(result.output)).toBe(
      JSON.stringify({
        Execution: {
          Id: "arn:aws:states:us-east-1:123456789012:execution:asl-run:run",
          Input: { a: 1 },
          StartTime: "2025-01-01T00:00:00.000Z",
          Name: "run",
          RoleArn: "arn:aws:iam::123456789012:role/asl-run",
          RedriveCount: 0,
        },
        StateMachine: { Id: "arn:aws:states:us-east-1:123456789012:stateMachine:asl-run", Name: "asl-run" },
        State: { Name: "S", EnteredTime: "2025-01-01T00:00:00.000Z" },
      }),
    );
    const state = task({ Arguments: "{% $states.context.State.RetryCount %}" });
    expect(find(await run({ S: state }, { mocks: { S: [{ result: 1 }] } }), "TaskScheduled")["parameters"]).toBe("0");
  });

  test("an empty Assign leaves no trace", async () => {
    const result = await run({ S: { Type: "Pass", Assign: {}, End: true } });
    expect(find(result, "PassStateExited")).toEqual({ name: "S", output: "{}", outputDetails: { truncated: false } });
  });
});
