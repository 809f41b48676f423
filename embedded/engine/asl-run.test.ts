import { describe, expect, test } from "vitest";
import { aslRun, type AslRunResult } from "./asl-run.ts";
import type { HistoryEvent } from "./history.ts";
import type { Json } from "./json.ts";

const LAMBDA = "arn:aws:states:::lambda:invoke";
const FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:f";

const run = (
  states: Record<string, Json>,
  options: { input?: Json; mocks?: unknown; top?: Record<string, Json> } = {},
) =>
  aslRun({
    definition: { QueryLanguage: "JSONata", StartAt: Object.keys(states)[0] ?? "", States: states, ...options.top },
    ...(options.input === undefined ? {} : { input: options.input }),
    ...(options.mocks === undefined ? {} : { mocks: options.mocks }),
  });

/** `<id> <previousEventId> <type>[ <state or index>]` */
const lines = (result: AslRunResult): string[] =>
  result.history.map((event) => {
    const details = detailsOf(event);
    const what = details["name"] === undefined ? "" : ` ${String(details["name"])}`;
    return `${event.id} ${event.previousEventId} ${event.type}${what}${details["index"] === undefined ? "" : ` ${String(details["index"])}`}`;
  });

const detailsOf = (event: HistoryEvent | undefined): Record<string, unknown> =>
  (Object.entries(event ?? {}).find(([key]) => key.endsWith("EventDetails"))?.[1] ?? {}) as Record<string, unknown>;

const find = (result: AslRunResult, type: string): Record<string, unknown> =>
  detailsOf(result.history.find((event) => event.type === type));

const task = (more: Record<string, Json> = {}): Json => ({
  Type: "Task",
  Resource: LAMBDA,
  Arguments: { FunctionName: "f", Payload: "{% $states.input %}" },
  ...(more["Next"] === undefined ? { End: true } : {}),
  ...more,
});

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

  test("a missed heartbeat is States.HeartbeatTimeout, which States.Timeout covers", async () => {
    const state = task({
      Resource: `${LAMBDA}.waitForTaskToken`,
      HeartbeatSeconds: 30,
      Catch: [{ ErrorEquals: ["States.Timeout"], Next: "End" }],
      Next: "End",
    });
    const result = await run(
      { T: state, End: { Type: "Succeed" } },
      { mocks: { T: [{ error: "States.HeartbeatTimeout" }] } },
    );
    expect(result.output).toEqual({ Error: "States.HeartbeatTimeout", Cause: "" });
    expect(find(result, "TaskScheduled")).toMatchObject({ heartbeatInSeconds: 30 });
  });

  test("a result over 256 KiB is States.DataLimitExceeded, which States.ALL does not cover", async () => {
    const big = "x".repeat(262_143);
    const caught = [{ ErrorEquals: ["States.ALL"], Next: "End" }];
    const states = (names: Json): Record<string, Json> => ({
      T: task({ Catch: names, Next: "End" }),
      End: { Type: "Pass", Output: "caught", End: true },
    });
    expect(await run(states(caught), { mocks: { T: [{ result: big }] } })).toMatchObject({
      status: "FAILED",
      error: "States.DataLimitExceeded",
      cause:
        "The state/task 'lambda' returned a result with a size exceeding the maximum number of bytes service limit.",
    });
    const named = [{ ErrorEquals: ["States.DataLimitExceeded"], Next: "End" }];
    expect((await run(states(named), { mocks: { T: [{ result: big }] } })).output).toBe("caught");
    expect((await run(states(caught), { mocks: { T: [{ result: big.slice(1) }] } })).status).toBe("SUCCEEDED");
  });

  test("without a mock it is named", async () => {
    await expect(run({ Lonely: task() })).rejects.toThrow('The task "Lonely" ran, but the mocks have no entry');
  });
});

describe("expressions", () => {
  test("one that yields nothing fails the state with an event of its own", async () => {
    const result = await run({ E: { Type: "Pass", Output: { v: ["{% $states.input.missing %}"] }, End: true } });
    const cause =
      "An error occurred while executing the state 'E' (entered at the event id #2). The JSONata expression " +
      "'$states.input.missing' specified for the field 'Output/v[0]' returned nothing (undefined).";
    expect(result).toMatchObject({ status: "FAILED", error: "States.QueryEvaluationError", cause });
    expect(lines(result).slice(2)).toEqual(["3 2 EvaluationFailed", "4 3 ExecutionFailed"]);
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

  test("the context object", async () => {
    const result = await run({ S: { Type: "Pass", Output: "{% $states.context %}", End: true } }, { input: { a: 1 } });
    expect(result.output).toMatchObject({
      Execution: { Name: "run", Input: { a: 1 }, StartTime: "2025-01-01T00:00:00.000Z", RedriveCount: 0 },
      StateMachine: { Name: "asl-run" },
      State: { Name: "S", RetryCount: 0, EnteredTime: "2025-01-01T00:00:00.000Z" },
    });
  });
});

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
      "12 4 WaitStateAborted",
      "13 11 ParallelStateFailed",
      "14 13 ParallelStateStarted",
      "15 14 WaitStateEntered W",
      "16 14 TaskStateEntered T",
      "17 16 TaskScheduled",
      "18 17 TaskStarted",
      "19 18 TaskFailed",
      "20 19 TaskScheduled",
      "21 20 TaskStarted",
      "22 21 TaskFailed",
      "23 15 WaitStateAborted",
      "24 22 ParallelStateFailed",
      "25 24 ParallelStateExited P",
      "26 25 SucceedStateEntered Z",
      "27 26 SucceedStateExited Z",
      "28 27 ExecutionSucceeded",
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

describe("map", () => {
  const processor = (states: Record<string, Json>, more: Record<string, Json> = {}): Json => ({
    StartAt: Object.keys(states)[0] ?? "",
    States: states,
    ...more,
  });

  test("iterates in order with the item in the context", async () => {
    const result = await run(
      {
        M: {
          Type: "Map",
          Items: "{% $states.input.list %}",
          ItemSelector: {
            i: "{% $states.context.Map.Item.Index %}",
            v: "{% $states.context.Map.Item.Value %}",
            all: "{% $states.input.n %}",
          },
          MaxConcurrency: 1,
          ItemProcessor: processor({
            P: {
              Type: "Pass",
              Output: "{% [$states.input.i, $states.input.v, $states.input.all, $states.context.Map.Item.Index] %}",
              End: true,
            },
          }),
          End: true,
        },
      },
      { input: { list: ["a", "b"], n: 9 } },
    );
    expect(result.output).toEqual([
      [0, "a", 9, 0],
      [1, "b", 9, 1],
    ]);
    expect(lines(result)).toEqual([
      "1 0 ExecutionStarted",
      "2 0 MapStateEntered M",
      "3 2 MapStateStarted",
      "4 3 MapIterationStarted M 0",
      "5 4 PassStateEntered P",
      "6 5 PassStateExited P",
      "7 6 MapIterationSucceeded M 0",
      "8 3 MapIterationStarted M 1",
      "9 8 PassStateEntered P",
      "10 9 PassStateExited P",
      "11 10 MapIterationSucceeded M 1",
      "12 11 MapStateSucceeded",
      "13 11 MapStateExited M",
      "14 13 ExecutionSucceeded",
    ]);
    expect(find(result, "MapStateStarted")).toEqual({ length: 2 });
  });

  test("an empty list succeeds; something else than a list does not", async () => {
    const map = (items: Json): Json => ({
      Type: "Map",
      Items: items,
      ItemProcessor: processor({ P: { Type: "Pass", End: true } }),
      End: true,
    });
    const empty = await run({ M: map([]) });
    expect(empty.output).toEqual([]);
    expect(lines(empty).slice(2)).toEqual([
      "3 2 MapStateStarted",
      "4 3 MapStateSucceeded",
      "5 3 MapStateExited M",
      "6 5 ExecutionSucceeded",
    ]);
    expect((await run({ M: map("{% 7 %}") })).error).toBe("States.QueryEvaluationError");
  });

  test("a failed iteration aborts the others", async () => {
    const result = await run(
      {
        M: { Type: "Map", Items: [1, 2], ItemProcessor: processor({ T: task() }), End: true },
      },
      { mocks: { T: [{ error: "Bad" }] } },
    );
    expect(result).toMatchObject({ status: "FAILED", error: "Bad" });
    expect(lines(result).slice(3)).toEqual([
      "4 3 MapIterationStarted M 0",
      "5 3 MapIterationStarted M 1",
      "6 4 TaskStateEntered T",
      "7 6 TaskScheduled",
      "8 7 TaskStarted",
      "9 5 TaskStateEntered T",
      "10 9 TaskScheduled",
      "11 10 TaskStarted",
      "12 8 TaskFailed",
      "13 12 MapIterationFailed M 0",
      "14 11 TaskStateAborted",
      "15 11 MapIterationAborted M 1",
      "16 12 MapStateFailed",
      "17 16 ExecutionFailed",
    ]);
  });

  const distributed = (more: Record<string, Json>): Record<string, Json> => ({
    M: {
      Type: "Map",
      ItemProcessor: processor(
        { T: task({ Arguments: { Payload: "{% $states.input %}" } }) },
        { ProcessorConfig: { Mode: "DISTRIBUTED", ExecutionType: "STANDARD" } },
      ),
      End: true,
      ...more,
    },
  });

  test("a distributed one runs children and shows only the Map Run", async () => {
    const result = await run(
      distributed({ Items: [1, 2, 3], ItemBatcher: { MaxItemsPerBatch: 2, BatchInput: { b: 1 } } }),
      {
        mocks: { T: [{ result: "first" }, { result: "second" }] },
      },
    );
    expect(result.output).toEqual(["first", "second"]);
    expect(lines(result).slice(2)).toEqual([
      "3 2 MapStateStarted",
      "4 3 MapRunStarted",
      "5 4 MapRunSucceeded",
      "6 4 MapStateSucceeded",
      "7 4 MapStateExited M",
      "8 7 ExecutionSucceeded",
    ]);
  });

  test("tolerates as many failures as it says", async () => {
    const mocks = { T: [{ result: 1 }, { error: "E", cause: "c" }] };
    const most = await run(distributed({ Items: [1, 2, 3], ToleratedFailureCount: 2 }), { mocks });
    expect(most.output).toMatchObject([1, { Status: "FAILED", Error: "E", Cause: "c" }, { Status: "FAILED" }]);
    for (const limit of [{ ToleratedFailureCount: 1 }, { ToleratedFailurePercentage: 50 }, {}]) {
      const result = await run(distributed({ Items: [1, 2, 3], ...limit }), { mocks });
      expect(result).toMatchObject({ status: "FAILED", error: "States.ExceedToleratedFailureThreshold" });
    }
  });

  test("reads its items from the mock of the Map state", async () => {
    const reader = {
      ItemReader: {
        Resource: "arn:aws:states:::s3:getObject",
        ReaderConfig: { InputType: "JSON" },
        Arguments: { Bucket: "b", Key: "k" },
      },
    };
    const ok = await run(distributed(reader), { mocks: { M: [{ result: [1, 2] }], T: [{ result: "x" }] } });
    expect(ok.output).toEqual(["x", "x"]);
    const bad = await run(distributed(reader), { mocks: { M: [{ error: "States.ItemReaderFailed", cause: "gone" }] } });
    expect(bad).toMatchObject({ status: "FAILED", error: "States.ItemReaderFailed", cause: "gone" });
    expect(lines(bad).slice(3)).toEqual([
      "4 3 MapRunStarted",
      "5 4 MapRunFailed",
      "6 5 MapStateFailed",
      "7 6 ExecutionFailed",
    ]);
  });
});
