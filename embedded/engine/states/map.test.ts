import { describe, expect, test } from "vitest";
import type { Json } from "../json.ts";
import { find, lines, run, task } from "../run-states.ts";

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
      "8 6 MapIterationStarted M 1",
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

  test("only a list can be iterated, and the state fails with events of its own", async () => {
    const map = (more: Record<string, Json>) => ({
      M: {
        Type: "Map",
        ItemProcessor: { StartAt: "P", States: { P: { Type: "Pass", End: true } } },
        End: true,
        ...more,
      },
    });
    const items = await run(map({ Items: "{% {'a': 1} %}" }));
    const cause = "An error occurred while executing the state 'M' (entered at the event id #2). ";
    expect(items.cause).toBe(
      `${cause}The JSONata expression '{'a': 1}' specified for the field 'Items' returned an unexpected result type. Expected 'array', but was 'object' for value: {"a":1}`,
    );
    expect(lines(items).slice(1)).toEqual([
      "2 0 MapStateEntered M",
      "3 0 EvaluationFailed",
      "4 3 MapStateFailed",
      "5 4 ExecutionFailed",
    ]);
    const input = await run(map({}), { input: { a: 1 } });
    expect(input.cause).toBe(`${cause}Map state input must be an array but was: {"a":1}`);
    expect(find(input, "EvaluationFailed")).not.toHaveProperty("location");
    const Items = "{% {'a': 1} %}";
    const distributed = {
      ProcessorConfig: { Mode: "DISTRIBUTED", ExecutionType: "STANDARD" },
      StartAt: "P",
      States: { P: { Type: "Pass", End: true } },
    };
    expect((await run(map({ Items, ItemProcessor: distributed }))).output).toEqual([{ Key: "a", Value: 1 }]);
  });

  test("a retried Map starts again where it failed and fails once", async () => {
    const result = await run(
      {
        M: {
          Type: "Map",
          ItemProcessor: { StartAt: "F", States: { F: { Type: "Fail", Error: "E" } } },
          Retry: [{ ErrorEquals: ["E"], MaxAttempts: 1 }],
          End: true,
        },
      },
      { input: [1] },
    );
    expect(lines(result).slice(2)).toEqual([
      "3 2 MapStateStarted",
      "4 3 MapIterationStarted M 0",
      "5 4 FailStateEntered F",
      "6 5 MapIterationFailed M 0",
      "7 5 MapStateStarted",
      "8 7 MapIterationStarted M 0",
      "9 8 FailStateEntered F",
      "10 9 MapIterationFailed M 0",
      "11 9 MapStateFailed",
      "12 11 ExecutionFailed",
    ]);
  });

  test("tasks that time out together all say so first", async () => {
    const result = await run(
      {
        M: {
          Type: "Map",
          ItemProcessor: { StartAt: "T", States: { T: task({ TimeoutSeconds: 5 }) } },
          End: true,
        },
      },
      { input: [1, 2], mocks: { T: [{ error: "States.Timeout" }] } },
    );
    expect(lines(result).slice(11)).toEqual([
      "12 10 TaskTimedOut",
      "13 11 TaskTimedOut",
      "14 12 MapIterationFailed M 0",
      "15 12 TaskStateAborted",
      "16 12 MapIterationAborted M 1",
      "17 12 TaskStateAborted",
      "18 12 MapStateFailed",
      "19 18 ExecutionFailed",
    ]);
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
      "8 5 TaskStateEntered T",
      "9 8 TaskScheduled",
      "10 7 TaskStarted",
      "11 9 TaskStarted",
      "12 10 TaskFailed",
      "13 12 MapIterationFailed M 0",
      "14 12 TaskStateAborted",
      "15 12 MapIterationAborted M 1",
      "16 12 TaskStateAborted",
      "17 12 MapStateFailed",
      "18 17 ExecutionFailed",
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
      "6 5 MapStateSucceeded",
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
