import { randomUUID } from "node:crypto";
import * as z from "zod";
import { Failure } from "../../core/model/failures.ts";
import type { Machine } from "../assembly.ts";
import { Engine, EngineError, type ExecutionDescription, type StatusChange } from "../engine/engine.ts";
import { executionArn } from "../engine/names.ts";
import { parseJson } from "../engine/json.ts";
import type { TokenSink } from "../server/token-routes.ts";
import type { ContainerPool, TokenCalls } from "../workers/container-pool.ts";
import type { StartedAttempts } from "../workers/started-attempts.ts";
import type { LambdaPool } from "../workers/lambda-pool.ts";
import type { StartExecution } from "../events/router.ts";
import type { Executions, ExecutionView } from "./executions.ts";
import { openExpress } from "./express.ts";

/** An event as PutEvents takes it. */
export interface PutEvent {
  readonly bus: string;
  readonly source: string;
  readonly type: string;
  readonly detail: Readonly<Record<string, unknown>>;
  /** Given: publishing it again is the same event. */
  readonly id?: string;
}

export interface EnginePort {
  readonly executions: Executions;
  /** For rules and schedules. */
  readonly start: StartExecution;
  readonly tokens: TokenSink;
  readonly containers: ContainerPool;
  /** Executions that have not ended. */
  running(): number;
  /** Forgets executions that ended before a time, at most 1,000 a call; returns how many. */
  prune(endedBefore: Date): Promise<number>;
  close(): Promise<void>;
}

const Entries = z.array(
  z.object({
    EventBusName: z.string().default("default"),
    Source: z.string(),
    DetailType: z.string(),
    Detail: z.union([
      z.string().transform((text) => z.record(z.string(), z.unknown()).parse(JSON.parse(text))),
      z.record(z.string(), z.unknown()),
    ]),
  }),
);

/** Opens the interpreter with this machine's workers as its tasks. Executions under way go on at once. */
export async function openEngine(options: {
  readonly file: string;
  readonly machines: readonly Machine[];
  readonly express: readonly Machine[];
  readonly functions: LambdaPool;
  readonly containers: (tokens: TokenCalls) => ContainerPool;
  readonly started: StartedAttempts;
  readonly publish: (events: readonly PutEvent[]) => void;
  readonly onFatal: (error: Error) => void;
}): Promise<EnginePort> {
  const { machines, functions, publish, started } = options;
  // Workers answer through the engine that starts them: whichever comes first, the other is there when it is needed.
  const { promise: opened, resolve: setOpened } = Promise.withResolvers<Engine>();
  const ignoreGone = (call: Promise<void>): void => void call.catch(() => undefined);
  const containers = options.containers({
    fail: (token, error, cause) => ignoreGone(opened.then((engine) => engine.sendTaskFailure(token, error, cause))),
    heartbeat: (token) => ignoreGone(opened.then((engine) => engine.sendTaskHeartbeat(token))),
  });
  const engine = await Engine.open({
    file: options.file,
    machines,
    effects: {
      invokeLambda: ({ functionArn, payload, signal, attemptId }) =>
        functions.invoke(functionArn, payload, signal, () => started.begin(attemptId)),
      runContainer: ({ parameters, taskToken, signal, attemptId }) =>
        containers.run(parameters, taskToken, signal, () => started.begin(attemptId)),
      putEvents: async (entries) => {
        const parsed = Entries.parse(entries);
        const events = parsed.map((entry) => ({
          id: randomUUID(),
          bus: busName(entry.EventBusName),
          source: entry.Source,
          type: entry.DetailType,
          detail: entry.Detail,
        }));
        publish(events);
        return { Entries: events.map(({ id }) => ({ EventId: id })), FailedEntryCount: 0 };
      },
    },
    onStatusChange: (change) => publish([statusEvent(change)]),
    onFatal: options.onFatal,
    wasStarted: started.has,
  });
  setOpened(engine);
  const express = await openExpress(
    options.express,
    (machineArn, name, input) => engine.start(machineArn, { ...(name === undefined ? {} : { name }), input }),
    ({ functionArn, payload, signal }) => functions.invoke(functionArn, payload, signal, () => () => undefined),
  );

  const describe = (arn: string): ExecutionView | undefined => {
    try {
      return viewOf(engine.describe(arn));
    } catch (error) {
      if (error instanceof EngineError && error.name === "ExecutionDoesNotExist") return undefined;
      throw error;
    }
  };
  const start = async (machineArn: string, name: string, input: string): Promise<string> => {
    try {
      return (await engine.start(machineArn, { name, input: parseJson(input) })).executionArn;
    } catch (error) {
      // The name is made of what started it, so a known name is the same start seen again.
      if (error instanceof EngineError && error.name === "ExecutionAlreadyExists")
        return executionArn(machineArn, name);
      throw error;
    }
  };
  return {
    containers,
    start: async (machineArn, name, input) =>
      express.has(machineArn) ? express.run(machineArn, parseJson(input)) : [await start(machineArn, name, input)],
    running: () => engine.pending(),
    prune: (endedBefore) => engine.prune(endedBefore),
    close: async () => {
      await express.close();
      await engine.close();
    },
    tokens: {
      succeed: (token, output) => engine.sendTaskSuccess(token, JSON.stringify(output)),
      fail: (token, error, cause) => engine.sendTaskFailure(token, error, cause),
      heartbeat: (token) => {
        containers.heard(token);
        return engine.sendTaskHeartbeat(token);
      },
    },
    executions: {
      list: (limit) => listAll(engine, { limit }),
      running: (machineArn) => listAll(engine, { machineArn, status: "RUNNING", limit: 1_000 }),
      describe,
      find: (name) => machines.map(({ arn }) => describe(executionArn(arn, name))).find((found) => found !== undefined),
      history: (arn) => historyOf(engine, arn),
      stop: async (arn, error, cause) => void (await engine.stop(arn, error, cause)),
      redrive: async (arn) => {
        try {
          await engine.redrive(arn);
        } catch (error) {
          if (!(error instanceof EngineError) || error.name !== "ExecutionNotRedrivable") throw error;
          throw new Failure("Rejected", error.message, { code: "not_redrivable", what: "redrive a run" });
        }
      },
      start,
    },
  };
}

function listAll(
  engine: Engine,
  filter: { readonly limit: number; readonly machineArn?: string; readonly status?: "RUNNING" },
): ExecutionView[] {
  const found: ExecutionView[] = [];
  for (let after: string | undefined; found.length < filter.limit;) {
    const page = engine.list({
      ...filter,
      limit: filter.limit - found.length,
      ...(after === undefined ? {} : { after }),
    });
    found.push(...page.executions.map(viewOf));
    if (page.next === undefined) break;
    after = page.next;
  }
  return found;
}

function historyOf(engine: Engine, arn: string): unknown[] {
  const events: unknown[] = [];
  for (let after = 0; ;) {
    const page = engine.history(arn, { after });
    const last = page.at(-1);
    if (last === undefined) return events;
    events.push(...page);
    after = last.id;
  }
}

function viewOf(execution: ExecutionDescription): ExecutionView {
  const {
    executionArn: arn,
    stateMachineArn,
    name,
    status,
    startDate,
    stopDate,
    input,
    output,
    error,
    cause,
    redriveCount,
  } = execution;
  return {
    arn,
    name,
    machineArn: stateMachineArn,
    status,
    startedAt: startDate.toISOString(),
    ...(stopDate === undefined ? {} : { endedAt: stopDate.toISOString() }),
    input: parseJson(input),
    ...(output === undefined ? {} : { output: parseJson(output) }),
    ...(error === undefined ? {} : { error }),
    ...(cause === undefined ? {} : { cause }),
    redriveCount,
  };
}

/** https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html */
function statusEvent(change: StatusChange): PutEvent {
  return {
    bus: "default",
    source: "aws.states",
    type: "Step Functions Execution Status Change",
    detail: { ...change },
    id: `${change.executionArn}#${change.redriveCount}#${change.status}`,
  };
}

const busName = (value: string): string => value.split("event-bus/").at(-1) ?? value;
