import { describe, expect, test } from "vitest";
import type { Json } from "../json.ts";
import { detailsOf, find, LAMBDA, lines, run, task } from "../run-states.ts";

const FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:f";

describe("task", () => {
  test("writes AWS's events, details and chain", async () => {
    const result = await run(
      { T: task({ TimeoutSeconds: 9, Output: "{% $states.result.Payload %}" }) },
      {
        input: { a: 1 },
        mocks: { T: [{ result: { Payload: { b: 2 } } }] },
      },
    );
    expect(result).toMatchObject({ status: "SUCCEEDED", output: { b: 2 } });
    expect(lines(result)).toEqual([
      "1 0 ExecutionStarted",
      "2 0 TaskStateEntered T",
      "3 2 TaskScheduled",
      "4 3 TaskStarted",
      "5 4 TaskSucceeded",
      "6 5 TaskStateExited T",
      "7 6 ExecutionSucceeded",
    ]);
    expect(find(result, "TaskScheduled")).toEqual({
      resource: "invoke",
      resourceType: "lambda",
      region: "us-east-1",
      parameters: '{"FunctionName":"f","Payload":{"a":1}}',
      timeoutInSeconds: 9,
    });
    expect(find(result, "TaskSucceeded")).toEqual({
      resource: "invoke",
      resourceType: "lambda",
      output: '{"Payload":{"b":2}}',
      outputDetails: { truncated: false },
    });
  });

  test("a function ARN has events of its own", async () => {
    const definition = { T: { Type: "Task", Resource: FUNCTION, End: true } };
    const ok = await run(definition, { input: { a: 1 }, mocks: { T: [{ result: 7 }] } });
    expect(lines(ok).slice(2, 5)).toEqual([
      "3 2 LambdaFunctionScheduled",
      "4 3 LambdaFunctionStarted",
      "5 4 LambdaFunctionSucceeded",
    ]);
    expect(find(ok, "LambdaFunctionScheduled")).toEqual({
      resource: FUNCTION,
      input: '{"a":1}',
      inputDetails: { truncated: false },
    });
    const bad = await run(definition, { mocks: { T: [{ error: "E", cause: "c" }] } });
    expect(bad).toMatchObject({ status: "FAILED", error: "E", cause: "c" });
    expect(lines(bad).slice(4)).toEqual(["5 4 LambdaFunctionFailed", "6 5 ExecutionFailed"]);
  });

  test("a token task is submitted first", async () => {
    const resource = "arn:aws:states:::ecs:runTask.waitForTaskToken";
    const state = {
      Type: "Task",
      Resource: resource,
      Arguments: { t: "{% $exists($states.context.Task.Token) %}" },
      End: true,
    };
    const result = await run({ T: state }, { mocks: { T: [{ result: { done: true } }] } });
    expect(result.output).toEqual({ done: true });
    expect(lines(result).slice(4, 7)).toEqual(["5 4 TaskSubmitted", "6 5 TaskSucceeded", "7 6 TaskStateExited T"]);
    expect(find(result, "TaskScheduled")).toMatchObject({
      resource: "runTask.waitForTaskToken",
      resourceType: "ecs",
      parameters: '{"t":true}',
    });
  });

  test("retries by the first retrier that fits, with backoff, and each attempt sees its number", async () => {
    const retry = [
      { ErrorEquals: ["Throttled"], IntervalSeconds: 60, MaxAttempts: 1 },
      { ErrorEquals: ["Transient"], IntervalSeconds: 2, BackoffRate: 3, MaxDelaySeconds: 5, MaxAttempts: 2 },
    ];
    const state = task({ Arguments: { n: "{% $states.context.State.RetryCount %}" }, Retry: retry });
    const mocks = { T: [{ error: "Transient" }, { error: "Throttled" }, { error: "Transient" }, { result: 1 }] };
    const result = await run({ T: state }, { mocks });
    expect(result.status).toBe("SUCCEEDED");
    const scheduled = result.history.filter((event) => event.type === "TaskScheduled");
    expect(scheduled.map((event) => detailsOf(event)["parameters"])).toEqual([
      '{"n":0}',
      '{"n":1}',
      '{"n":2}',
      '{"n":3}',
    ]);
    const start = Date.parse(scheduled[0]?.timestamp ?? "");
    expect(scheduled.map((event) => (Date.parse(event.timestamp) - start) / 1000)).toEqual([0, 2, 62, 67]);
    expect(scheduled.map((event) => event.previousEventId)).toEqual([2, 5, 8, 11]);
  });

  test("a catcher takes what retries did not clear", async () => {
    const result = await run(
      {
        T: task({
          Next: "After",
          Retry: [{ ErrorEquals: ["A"], MaxAttempts: 1 }],
          Catch: [{ ErrorEquals: ["States.ALL"], Next: "After", Assign: { e: "{% $states.errorOutput.Error %}" } }],
        }),
        After: { Type: "Pass", Output: { e: "{% $e %}", input: "{% $states.input %}" }, End: true },
      },
      {
        mocks: {
          T: [
            { error: "A", cause: "first" },
            { error: "A", cause: "last" },
          ],
        },
      },
    );
    expect(result.output).toEqual({ e: "A", input: { Error: "A", Cause: "last" } });
    expect(find(result, "TaskStateExited")).toMatchObject({
      output: '{"Error":"A","Cause":"last"}',
      assignedVariables: { e: '"A"' },
      assignedVariablesDetails: { truncated: false },
    });
  });

  test("a time-out is States.Timeout, has its own event and is no States.TaskFailed", async () => {
    const state = task({
      TimeoutSeconds: "{% 2 + 3 %}",
      Retry: [{ ErrorEquals: ["States.TaskFailed"], MaxAttempts: 5 }],
      Catch: [{ ErrorEquals: ["States.Timeout"], Next: "End" }],
      Next: "End",
    });
    const result = await run({ T: state, End: { Type: "Succeed" } }, { mocks: { T: [{ error: "States.Timeout" }] } });
    expect(result.output).toEqual({ Error: "States.Timeout", Cause: "" });
    const timedOut = result.history.find((event) => event.type === "TaskTimedOut");
    expect(detailsOf(timedOut)).toEqual({ resource: "invoke", resourceType: "lambda", error: "States.Timeout" });
    expect(Date.parse(timedOut?.timestamp ?? "") - Date.parse(result.history[0]?.timestamp ?? "")).toBe(5_000);
  });

  test("a mocked missed heartbeat keeps its name, and both time-out names cover it", async () => {
    for (const name of ["States.Timeout", "States.HeartbeatTimeout"]) {
      const state = task({
        Resource: `${LAMBDA}.waitForTaskToken`,
        HeartbeatSeconds: 30,
        Catch: [{ ErrorEquals: [name], Next: "End" }],
        Next: "End",
      });
      const mocks = { T: [{ error: "States.HeartbeatTimeout" }] };
      const result = await run({ T: state, End: { Type: "Succeed" } }, { mocks });
      expect(result.output).toEqual({ Error: "States.HeartbeatTimeout", Cause: "" });
      expect(find(result, "TaskScheduled")).toMatchObject({ heartbeatInSeconds: 30 });
    }
  });

  test("a result over 256 KiB is States.DataLimitExceeded, which States.ALL covers", async () => {
    const big = "x".repeat(262_143);
    const states = (names: string[]): Record<string, Json> => ({
      T: task({ Catch: [{ ErrorEquals: names, Next: "End" }], Next: "End" }),
      End: { Type: "Pass", Output: "caught", End: true },
    });
    expect(await run(states(["Other"]), { mocks: { T: [{ result: big }] } })).toMatchObject({
      status: "FAILED",
      error: "States.DataLimitExceeded",
      cause:
        "The state/task 'lambda' returned a result with a size exceeding the maximum number of bytes service limit.",
    });
    for (const name of ["States.DataLimitExceeded", "States.ALL"]) {
      expect((await run(states([name]), { mocks: { T: [{ result: big }] } })).output).toBe("caught");
    }
    expect((await run(states(["Other"]), { mocks: { T: [{ result: big.slice(1) }] } })).status).toBe("SUCCEEDED");
  });

  test("without a mock it is named", async () => {
    await expect(run({ Lonely: task() })).rejects.toMatchObject({
      message: 'The task "Lonely" ran, but the mocks have no entry for it.',
      hint: 'Add "Lonely": [{"result": …}] or [{"error": "Name", "cause": "…"}] to the mocks.',
    });
  });
});
