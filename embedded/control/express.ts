import { randomUUID } from "node:crypto";
import * as z from "zod";
import type { Machine } from "../assembly.ts";
import { Engine, EngineError, type Json, type StatusChange } from "../engine/engine.ts";
import { isJsonObject, parseJson } from "../engine/json.ts";
import { executionArn } from "../engine/names.ts";
import { serviceTasks, type Effects, type TaskCall, type TaskOutcome, type TaskRunner } from "../engine/tasks.ts";

/** Starts an execution of a standard machine. */
type StartStandard = (machineArn: string, name: string | undefined, input: Json) => Promise<{ executionArn: string }>;

export interface Express {
  has(machineArn: string): boolean;
  /**
   * Runs a machine from its beginning to its end and forgets it. Resolves with the ARNs of the standard executions that
   * it started or found started, and of those that its output names as `executions`: one of them may begin later.
   * Rejects with how it failed.
   */
  run(machineArn: string, input: Json): Promise<readonly string[]>;
  close(): Promise<void>;
}

interface Running {
  readonly started: string[];
  readonly settle: (outcome: StatusChange | Error) => void;
}

/**
 * Express machines, in memory. As on AWS they run at least once: after a crash whoever asked asks again, and the names
 * that they give make the repeat harmless. So they cost no write, and whoever acknowledges after `run` loses nothing.
 */
export async function openExpress(
  machines: readonly Machine[],
  start: StartStandard,
  invokeLambda: Effects["invokeLambda"],
): Promise<Express> {
  const running = new Map<string, Running>();
  const effects: Effects = {
    invokeLambda,
    runContainer: () => Promise.reject(new Error("An Express machine cannot wait for a container.")),
  };
  const functions = serviceTasks(effects);
  const engine = await Engine.open({
    file: ":memory:",
    machines,
    load: { integrations: ["sqs:sendMessage"] },
    effects,
    tasks: (call) => runTask(call, running.get(call.execution.arn), start, functions),
    onStatusChange: (change) => {
      if (change.status !== "RUNNING") running.get(change.executionArn)?.settle(change);
    },
  });
  const arns = new Set(machines.map(({ arn }) => arn));
  return {
    has: (machineArn) => arns.has(machineArn),
    async run(machineArn, input) {
      const name = randomUUID();
      const arn = executionArn(machineArn, name);
      const { promise, resolve } = Promise.withResolvers<StatusChange | Error>();
      const started: string[] = [];
      running.set(arn, { started, settle: resolve });
      try {
        await engine.start(machineArn, { name, input });
        const outcome = await promise;
        if (outcome instanceof Error) {
          await engine.stop(arn);
          throw outcome;
        }
        if (outcome.status !== "SUCCEEDED") {
          const { error, cause } = engine.describe(arn);
          throw new Error(`${outcome.status}: ${error ?? ""} ${cause ?? ""}`);
        }
        return [...started, ...executionsIn(outcome.output)];
      } finally {
        running.delete(arn);
        if (engine.pending() === 0) await engine.prune(new Date(Date.now() + 1_000));
      }
    },
    async close() {
      for (const { settle } of running.values()) settle(new EngineError("EngineClosed", "The engine is closing."));
      await engine.close();
    },
  };
}

const Output = z.looseObject({ executions: z.array(z.string()) });

const executionsIn = (output: string | null): readonly string[] =>
  output === null ? [] : (Output.safeParse(parseJson(output)).data?.executions ?? []);

async function runTask(
  call: TaskCall,
  execution: Running | undefined,
  start: StartStandard,
  functions: TaskRunner,
): Promise<TaskOutcome> {
  const { service, action } = call.resource;
  if (service === "lambda") return functions(call);
  // The event is kept by whoever handed it over, as soon as this execution has failed.
  if (service === "sqs") return { kind: "result", value: {} };
  if (service !== "states" || action !== "startExecution") {
    return {
      kind: "failed",
      error: "States.Runtime",
      cause: `${call.resource.arn} does not run in an Express machine.`,
    };
  }
  const fields = isJsonObject(call.arguments) ? call.arguments : {};
  const machineArn = String(fields["StateMachineArn"]);
  const name = typeof fields["Name"] === "string" ? fields["Name"] : undefined;
  try {
    const { executionArn: arn } = await start(machineArn, name, fields["Input"] ?? {});
    execution?.started.push(arn);
    return { kind: "result", value: { ExecutionArn: arn, StartDate: new Date().toISOString() } };
  } catch (error) {
    if (!(error instanceof EngineError) || error.name === "EngineClosed" || error.name === "JournalUnavailable") {
      execution?.settle(error instanceof Error ? error : new Error(String(error)));
      return { kind: "silent" };
    }
    if (error.name === "ExecutionAlreadyExists" && name !== undefined)
      execution?.started.push(executionArn(machineArn, name));
    return { kind: "failed", error: `StepFunctions.${error.name}Exception`, cause: error.message };
  }
}
