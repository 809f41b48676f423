import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, expect, test } from "vitest";
import { VirtualClock } from "./clock.ts";
import { Engine, type EngineOptions } from "./engine.ts";
import type { Effects, Json, StatusChange } from "./engine.ts";
import { TaskError } from "./errors.ts";
import { detailsOf } from "./run-states.ts";

const arn = (name: string): string => `arn:aws:states:us-east-1:1:stateMachine:${name}`;
const executionOf = (machine: string, name: string): string =>
  `arn:aws:states:us-east-1:1:execution:${machine}:${name}`;

let folder: string;
let engines: Engine[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "engine-"));
  engines = [];
});
afterEach(async () => {
  for (const engine of engines) await engine.close();
  rmSync(folder, { recursive: true, force: true });
});

const machine = (name: string, states: Record<string, Json>, top: Record<string, Json> = {}) => ({
  arn: arn(name),
  name,
  roleArn: "arn:aws:iam::1:role/r",
  definition: JSON.stringify({ QueryLanguage: "JSONata", StartAt: Object.keys(states)[0], States: states, ...top }),
});

async function open(
  machines: ReturnType<typeof machine>[],
  effects: Partial<Effects> = {},
  more: Partial<EngineOptions> = {},
): Promise<Engine> {
  const none = (): Promise<never> => new Promise(() => undefined);
  const engine = await Engine.open({
    file: join(folder, "engine.db"),
    machines,
    effects: { invokeLambda: none, runContainer: none, ...effects },
    ...more,
  });
  engines.push(engine);
  return engine;
}

const call = (more: Record<string, Json> = {}): Json => ({
  Type: "Task",
  Resource: "arn:aws:states:::lambda:invoke",
  Arguments: { FunctionName: "f", Payload: "{% $states.input %}" },
  Output: "{% $states.result.Payload %}",
  ...(more["Next"] === undefined ? { End: true } : {}),
  ...more,
});

const ended = async (engine: Engine, execution: string) => {
  while (engine.describe(execution).status === "RUNNING") await new Promise((resolve) => setTimeout(resolve, 2));
  return engine.describe(execution);
};

const types = (engine: Engine, execution: string): string[] =>
  engine.history(execution, { limit: 25_000 }).map((event) => event.type);

test("a name is one execution", async () => {
  const engine = await open([machine("m", { W: { Type: "Wait", Seconds: 60, End: true } })]);
  const first = await engine.start(arn("m"), { name: "n", input: { a: 1, b: 2 } });
  expect(first).toMatchObject({ executionArn: executionOf("m", "n"), created: true });
  expect(await engine.start(arn("m"), { name: "n", input: { b: 2, a: 1 } })).toEqual({ ...first, created: false });
  await expect(engine.start(arn("m"), { name: "n", input: {} })).rejects.toMatchObject({
    name: "ExecutionAlreadyExists",
  });
  await engine.stop(first.executionArn, "Manual", "probe");
  expect(engine.describe(first.executionArn)).toMatchObject({ status: "ABORTED", error: "Manual", cause: "probe" });
  await expect(engine.start(arn("m"), { name: "n", input: { a: 1, b: 2 } })).rejects.toMatchObject({
    name: "ExecutionAlreadyExists",
  });
  await expect(engine.start(arn("m"), { name: "a b" })).rejects.toMatchObject({ name: "InvalidName" });
  await expect(engine.start(arn("m"), { input: "x".repeat(262_143) })).rejects.toMatchObject({
    name: "InvalidExecutionInput",
  });
  await expect(engine.start(arn("other"))).rejects.toMatchObject({ name: "StateMachineDoesNotExist" });
});

test("stop gives up the workers and says so in the history", async () => {
  let signal: AbortSignal | undefined;
  const effects: Partial<Effects> = {
    invokeLambda: (request) => {
      signal = request.signal;
      return new Promise(() => undefined);
    },
  };
  const engine = await open([machine("m", { T: call() })], effects);
  const { executionArn } = await engine.start(arn("m"), {});
  await engine.stop(executionArn, "E", "c");
  expect(signal?.aborted).toBe(true);
  const last = engine.history(executionArn).at(-1);
  expect(last).toMatchObject({
    type: "ExecutionAborted",
    previousEventId: 0,
    executionAbortedEventDetails: { error: "E", cause: "c" },
  });
  expect(engine.pending()).toBe(0);
});

test("task tokens: heartbeats keep a worker alive, an old token is refused", async () => {
  const tokens: string[] = [];
  const clock = new VirtualClock();
  const state = {
    ...{
      Type: "Task",
      Resource: "arn:aws:states:::ecs:runTask.waitForTaskToken",
      Arguments: { t: 1 },
      HeartbeatSeconds: 10,
      End: true,
    },
    Retry: [{ ErrorEquals: ["States.HeartbeatTimeout"], IntervalSeconds: 1, MaxAttempts: 1 }],
  };
  const effects: Partial<Effects> = {
    runContainer: async ({ taskToken }) => {
      tokens.push(taskToken ?? "");
      return { Tasks: [] };
    },
  };
  const engine = await open([machine("m", { T: state })], effects, { clock });
  const { executionArn } = await engine.start(arn("m"), {});
  await engine.settled();
  for (const seconds of [9, 9, 9]) {
    clock.schedule(clock.now() + seconds * 1000, () => undefined);
    clock.fireNext();
    await engine.sendTaskHeartbeat(tokens[0] ?? "");
  }
  clock.fireNext();
  await engine.settled();
  const timedOut = engine.history(executionArn).find((event) => event.type === "TaskTimedOut");
  expect(timedOut?.["taskTimedOutEventDetails"]).toMatchObject({ error: "States.Timeout" });
  expect(clock.now() - Date.parse(engine.history(executionArn)[0]?.timestamp ?? "")).toBe(37_000);
  clock.fireNext();
  await engine.settled();
  expect(tokens).toHaveLength(2);
  await expect(engine.sendTaskSuccess(tokens[0] ?? "", "1")).rejects.toMatchObject({ name: "TaskTimedOut" });
  await expect(engine.sendTaskSuccess("nonsense", "1")).rejects.toMatchObject({ name: "InvalidToken" });
  await expect(engine.sendTaskSuccess(tokens[1] ?? "", "{")).rejects.toMatchObject({ name: "InvalidOutput" });
  await engine.sendTaskSuccess(tokens[1] ?? "", '{"ok":true}');
  expect(engine.describe(executionArn)).toMatchObject({ status: "SUCCEEDED", output: '{"ok":true}' });
  await expect(engine.sendTaskHeartbeat(tokens[1] ?? "")).rejects.toMatchObject({ name: "TaskTimedOut" });
});

test("a lost worker fails its attempt and obeys Retry; timers keep their due time", async () => {
  const retry = (name: string): Json => [{ ErrorEquals: [name], IntervalSeconds: 1, MaxAttempts: 1 }];
  const machines = [
    machine("m", {
      P: {
        Type: "Parallel",
        Branches: [
          { StartAt: "L", States: { L: call({ Retry: retry("Lambda.ServiceException") }) } },
          {
            StartAt: "C",
            States: {
              C: {
                Type: "Task",
                Resource: "arn:aws:states:::ecs:runTask.waitForTaskToken",
                Arguments: {},
                Retry: retry("Transient"),
                End: true,
              },
            },
          },
          { StartAt: "W", States: { W: { Type: "Wait", Seconds: 100, Output: "{% $now() %}", End: true } } },
        ],
        End: true,
      },
    }),
  ];
  const first = await open(machines, {}, { clock: new VirtualClock(0) });
  const { executionArn } = await first.start(arn("m"), { input: 5 });
  await first.close();

  const clock = new VirtualClock(30_000);
  const tokens: string[] = [];
  const second = await open(
    machines,
    {
      invokeLambda: async ({ payload }) => payload,
      runContainer: async ({ taskToken }) => void tokens.push(taskToken ?? ""),
    },
    { clock },
  );
  await second.settled();
  const failed = second.history(executionArn).filter((event) => event.type === "TaskFailed");
  expect(failed.map((event) => (event["taskFailedEventDetails"] as { error: string }).error)).toEqual([
    "Lambda.ServiceException",
    "Transient",
  ]);
  clock.fireNext();
  await second.settled();
  await second.sendTaskSuccess(tokens[0] ?? "", "6");
  clock.fireNext();
  await second.settled();
  expect(second.describe(executionArn)).toMatchObject({
    status: "SUCCEEDED",
    output: '[5,6,"1970-01-01T00:01:40.000Z"]',
  });
});

test("an execution keeps the definition that it started with", async () => {
  const clock = new VirtualClock();
  const version = (n: number) => machine("m", { W: { Type: "Wait", Seconds: 5, Output: n, End: true } });
  const first = await open([version(1)], {}, { clock });
  const { executionArn } = await first.start(arn("m"));
  await first.close();
  const second = await open([version(2)], {}, { clock });
  clock.fireNext();
  await second.settled();
  expect(second.describe(executionArn).output).toBe("1");
});

test("announces every status once, and again only what was not delivered", async () => {
  const heard: StatusChange[] = [];
  const machines = [
    machine("m", { A: { Type: "Pass", Output: 1, End: true } }),
    machine("f", { F: { Type: "Fail", Error: "E" } }),
  ];
  const deaf = await open(machines, {}, { onStatusChange: () => Promise.reject(new Error("no bus")) });
  const lost = await deaf.start(arn("m"), { name: "lost" });
  await deaf.settled();
  await deaf.close();
  const engine = await open(machines, {}, { onStatusChange: (change) => void heard.push(change) });
  expect(heard.map((change) => [change.executionArn, change.status])).toEqual([[lost.executionArn, "SUCCEEDED"]]);
  await engine.start(arn("f"), { name: "x" });
  await engine.settled();
  expect(heard.slice(1).map((change) => [change.name, change.status, change.error])).toEqual([
    ["x", "RUNNING", null],
    ["x", "FAILED", "E"],
  ]);
});

test("lists newest first, page by page", async () => {
  const engine = await open([machine("m", { A: { Type: "Pass", End: true } }), machine("f", { F: { Type: "Fail" } })]);
  for (const name of ["a", "b", "c"]) await engine.start(arn("m"), { name });
  await engine.start(arn("f"), { name: "d" });
  const page = engine.list({ limit: 3 });
  expect(page.executions.map((item) => item.name)).toEqual(["d", "c", "b"]);
  expect(engine.list({ limit: 3, after: page.next ?? "" }).executions.map((item) => item.name)).toEqual(["a"]);
  expect(engine.list({ status: "FAILED" }).executions.map((item) => item.name)).toEqual(["d"]);
  expect(engine.list({ machineArn: arn("m") }).executions).toHaveLength(3);
});

test("a redrive runs only what did not finish, with fresh retries", async () => {
  const ran: unknown[] = [];
  let broken = true;
  const effects: Partial<Effects> = {
    invokeLambda: async ({ payload }) => {
      ran.push(payload);
      if (broken && payload === 2) throw new TaskError("Transient", "down");
      return Number(payload) * 10;
    },
  };
  const engine = await open(
    [
      machine("m", {
        A: { Type: "Pass", Assign: { k: 7 }, Output: [1, 2, 3], Next: "M" },
        M: {
          Type: "Map",
          MaxConcurrency: 1,
          ItemProcessor: {
            StartAt: "T",
            States: { T: call({ Retry: [{ ErrorEquals: ["Transient"], MaxAttempts: 1, IntervalSeconds: 1 }] }) },
          },
          Output: { r: "{% $states.result %}", k: "{% $k %}", n: "{% $states.context.Execution.RedriveCount %}" },
          End: true,
        },
      }),
    ],
    effects,
    { clock: new VirtualClock() },
  );
  const { executionArn } = await engine.start(arn("m"), { name: "r" });
  await engine.settled();
  await engine.stop(executionArn);
  expect(ran).toEqual([1, 2]);
  broken = false;
  await engine.redrive(executionArn);
  await engine.settled();
  expect(ran).toEqual([1, 2, 2, 3]);
  expect(engine.describe(executionArn)).toMatchObject({
    status: "SUCCEEDED",
    output: '{"r":[10,20,30],"k":7,"n":1}',
    redriveCount: 1,
  });
  const redriven = engine.history(executionArn).find((event) => event.type === "ExecutionRedriven");
  expect(redriven).toMatchObject({ executionRedrivenEventDetails: { redriveCount: 1 } });
  await expect(engine.redrive(executionArn)).rejects.toMatchObject({ name: "ExecutionNotRedrivable" });
});

test("a redriven Map Run starts again only its failed children", async () => {
  const ran: unknown[] = [];
  let broken = true;
  const effects: Partial<Effects> = {
    invokeLambda: async ({ payload }) => {
      ran.push(payload);
      if (broken && payload === "b") throw new TaskError("Down");
      return payload;
    },
    readObject: async () => Readable.from(['id,note\n"a","x, ""y"""\nb,\n']),
  };
  const reader = {
    Resource: "arn:aws:states:::s3:getObject",
    ReaderConfig: { InputType: "CSV", CSVHeaderLocation: "FIRST_ROW" },
    Arguments: { Bucket: "b", Key: "k" },
  };
  const processor = {
    ProcessorConfig: { Mode: "DISTRIBUTED", ExecutionType: "STANDARD" },
    StartAt: "T",
    States: { T: call() },
  };
  const engine = await open(
    [
      machine("m", {
        M: {
          Type: "Map",
          ItemReader: reader,
          ItemSelector: "{% $states.context.Map.Item.Value.id %}",
          ItemProcessor: processor,
          End: true,
        },
      }),
    ],
    effects,
  );
  const { executionArn } = await engine.start(arn("m"));
  expect(await ended(engine, executionArn)).toMatchObject({
    status: "FAILED",
    error: "States.ExceedToleratedFailureThreshold",
  });
  broken = false;
  await engine.settled();
  await engine.redrive(executionArn);
  expect(await ended(engine, executionArn)).toMatchObject({ status: "SUCCEEDED", output: '["a","b"]' });
  expect(ran).toEqual(["a", "b", "b"]);
  expect(types(engine, executionArn).slice(-6)).toEqual([
    ...[
      "ExecutionRedriven",
      "MapRunRedriven",
      "MapRunSucceeded",
      "MapStateSucceeded",
      "MapStateExited",
      "ExecutionSucceeded",
    ],
  ]);
});

test("a stopped Map Run leaves no child behind", async () => {
  const processor = {
    ProcessorConfig: { Mode: "DISTRIBUTED", ExecutionType: "STANDARD" },
    ...{ StartAt: "T", States: { T: call() } },
  };
  const engine = await open([
    machine("m", { M: { Type: "Map", Items: [1, 2, 3], ItemProcessor: processor, End: true } }),
  ]);
  const { executionArn } = await engine.start(arn("m"));
  expect(engine.pending()).toBeGreaterThan(1);
  await engine.stop(executionArn);
  while (engine.pending() > 0) await new Promise((resolve) => setTimeout(resolve, 2));
  const started = engine.history(executionArn).find((event) => event.type === "MapRunStarted");
  const { mapRunArn } = detailsOf(started) as { mapRunArn: string };
  expect(engine.list({ mapRunArn }).executions.map((child) => child.status)).toEqual(["ABORTED", "ABORTED", "ABORTED"]);
});

test("forgets what ended long ago", async () => {
  const clock = new VirtualClock(0);
  const engine = await open(
    [machine("m", { A: { Type: "Pass", End: true } }), machine("w", { W: { Type: "Wait", Seconds: 9, End: true } })],
    {},
    { clock },
  );
  const done = await engine.start(arn("m"), { name: "a" });
  await engine.start(arn("w"), { name: "b" });
  await engine.settled();
  expect(await engine.prune(new Date(0))).toBe(0);
  expect(await engine.prune(new Date(1))).toBe(1);
  expect(() => engine.history(done.executionArn)).toThrow("Execution Does Not Exist");
  expect(engine.list().executions.map((item) => item.name)).toEqual(["b"]);
});

test("nested executions, waited for or not", async () => {
  const nested = (pattern: string, extra: Record<string, Json> = {}): Json => ({
    Type: "Task",
    Resource: `arn:aws:states:::states:startExecution${pattern}`,
    Arguments: { StateMachineArn: arn("child"), Input: { x: "{% $states.input %}" } },
    End: true,
    ...extra,
  });
  const engine = await open([
    machine("child", {
      C: { Type: "Choice", Choices: [{ Condition: "{% $states.input.x = 'bad' %}", Next: "F" }], Default: "S" },
      F: { Type: "Fail", Error: "Inner" },
      S: { Type: "Succeed" },
    }),
    machine("sync", {
      T: nested(".sync:2", {
        Output: "{% $states.result.Output.x %}",
        Catch: [{ ErrorEquals: ["States.TaskFailed"], Next: "Z" }],
      }),
      Z: { Type: "Pass", Output: "{% $parse($states.input.Cause).Error %}", End: true },
    }),
    machine("async", { T: nested("", { Output: "{% $states.result.ExecutionArn %}" }) }),
  ]);
  const ok = await engine.start(arn("sync"), { input: 4 });
  expect(await ended(engine, ok.executionArn)).toMatchObject({ status: "SUCCEEDED", output: "4" });
  expect(types(engine, ok.executionArn)).toContain("TaskSubmitted");
  const bad = await engine.start(arn("sync"), { input: "bad" });
  expect(await ended(engine, bad.executionArn)).toMatchObject({ output: '"Inner"' });
  const fired = await engine.start(arn("async"), { input: 1 });
  const child = JSON.parse((await ended(engine, fired.executionArn)).output ?? "") as string;
  expect(await ended(engine, child)).toMatchObject({ status: "SUCCEEDED" });
});

test("a bug outside keeps its own name", async () => {
  const engine = await open([machine("m", { T: call() })], {
    invokeLambda: () => Promise.reject(new RangeError("off by one")),
  });
  const { executionArn } = await engine.start(arn("m"));
  expect(await ended(engine, executionArn)).toMatchObject({ status: "FAILED", error: "RangeError" });
});

test("a journal of another format is refused", async () => {
  const file = join(folder, "engine.db");
  const other = new DatabaseSync(file);
  other.exec("CREATE TABLE executions (x TEXT); PRAGMA user_version = 99;");
  other.close();
  await expect(open([])).rejects.toMatchObject({ name: "JournalUnavailable" });
});

test("a journal that cannot be written stops everything, loudly", async () => {
  let fatal: Error | undefined;
  const engine = await open(
    [machine("m", { A: { Type: "Pass", End: true } })],
    {},
    { onFatal: (error) => (fatal = error) },
  );
  const blocker = new DatabaseSync(join(folder, "engine.db"));
  blocker.exec("DROP TABLE events");
  await expect(engine.start(arn("m"), { name: "a" })).rejects.toMatchObject({ name: "JournalUnavailable" });
  await expect(engine.start(arn("m"), { name: "b" })).rejects.toMatchObject({ name: "JournalUnavailable" });
  expect(fatal?.name).toBe("JournalUnavailable");
  expect(blocker.prepare("SELECT count(*) AS n FROM executions").get()).toEqual({ n: 0 });
  blocker.close();
});

test("kill -9 loses nothing that was acknowledged", async () => {
  const states = {
    M: {
      Type: "Map",
      Items: [1, 2, 3, 4, 5],
      MaxConcurrency: 2,
      ItemProcessor: {
        StartAt: "T",
        States: {
          T: call({
            Retry: [
              { ErrorEquals: ["Lambda.ServiceException"], MaxAttempts: 9, IntervalSeconds: 1, MaxDelaySeconds: 1 },
            ],
          }),
        },
      },
      Output: "{% $sum($states.result) %}",
      End: true,
    },
  };
  const machines = [machine("m", states)];
  const script = `
    import { Engine } from ${JSON.stringify(join(import.meta.dirname, "engine.ts"))};
    const engine = await Engine.open({
      file: ${JSON.stringify(join(folder, "engine.db"))},
      machines: ${JSON.stringify(machines)},
      effects: { invokeLambda: ({ payload }) => new Promise((done) => setTimeout(done, 5, payload)), runContainer: async () => 0 },
    });
    for (let i = 0; ; i++) {
      const { executionArn } = await engine.start(${JSON.stringify(arn("m"))}, { name: "e" + i });
      process.stdout.write(executionArn + "\\n");
    }`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const acknowledged: string[] = [];
  await new Promise<void>((resolve) => {
    let rest = "";
    child.stdout.on("data", (chunk: Buffer) => {
      const parts = (rest + chunk.toString()).split("\n");
      rest = parts.pop() ?? "";
      acknowledged.push(...parts);
      if (acknowledged.length >= 20) child.kill("SIGKILL");
    });
    child.on("close", () => resolve());
  });
  const engine = await open(machines, { invokeLambda: async ({ payload }) => payload });
  for (const execution of acknowledged) {
    expect(await ended(engine, execution)).toMatchObject({ status: "SUCCEEDED", output: "15" });
  }
  expect(acknowledged.length).toBeGreaterThanOrEqual(20);
  expect(engine.list({ status: "FAILED" }).executions).toEqual([]);
});
