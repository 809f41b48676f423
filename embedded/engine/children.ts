import { createHash } from "node:crypto";
import type { Executor, Live } from "./executor.ts";
import { EngineError } from "./errors.ts";
import { attempt } from "./flow.ts";
import type { Execution } from "./frame.ts";
import type { Journal } from "./journal.ts";
import { isJsonObject, type Json } from "./json.ts";
import { executionArn, mapChildArn } from "./names.ts";
import { childEnded } from "./states/distributed.ts";
import type { TaskCall, TaskOutcome } from "./tasks.ts";
import { finishTask } from "./workers.ts";

type About = Pick<Execution, "arn" | "name" | "input" | "level" | "parent" | "mapRunArn" | "startMs">;

/** What executions that belong to others need of the engine. */
export interface Nursery {
  readonly executor: Executor;
  readonly journal: Journal;
  now(): number;
  launch(machineArn: string, about: About, definition?: string): Promise<void>;
  stop(executionArn: string, error?: string, cause?: string): Promise<unknown>;
  redrive(executionArn: string): Promise<unknown>;
}

/** Starts one child of a Map Run, or reports it when it has already ended. Doing it twice is harmless. */
export async function startMapChild(
  nursery: Nursery,
  live: Live,
  frameId: number,
  index: number,
  redrive: boolean,
): Promise<void> {
  const { run } = live;
  const frame = run.frames.get(frameId);
  const state = frame === undefined ? undefined : run.state(frame);
  const mapRun = frame?.fan?.run;
  if (frame === undefined || state?.type !== "Map" || mapRun === undefined || nursery.executor.closed) return;
  const { execution } = run;
  const name = childName(mapRun.id, index);
  const arn = mapChildArn(execution.machineArn, state.label, name);
  const known = nursery.executor.byArn(arn)?.run.execution ?? nursery.journal.execution(arn);
  if (known === undefined) {
    const input = run.storedItem(frame.fan?.list ?? 0, index)?.input ?? null;
    const parent = { execution: execution.id, frame: frame.id, index };
    const about = { arn, name, input, level: state.processor, parent, mapRunArn: mapRun.arn, startMs: nursery.now() };
    await nursery.launch(execution.machineArn, about, execution.definition);
  } else if (known.status !== "RUNNING") {
    if (redrive && known.status !== "SUCCEEDED") await nursery.redrive(arn);
    else await reportToParent(nursery, known);
  }
}

/** Nobody waits for this child any more: the engine was gone before it could stop it. */
export function isOrphan(executor: Executor, { parent, mapRunArn }: Execution): boolean {
  if (parent === undefined) return false;
  const frame = executor.byId(parent.execution)?.run.frames.get(parent.frame);
  if (frame === undefined || frame.halted) return true;
  return mapRunArn === undefined
    ? frame.phase !== "task" || frame.attempt !== parent.index
    : frame.phase !== "fan" || frame.fan?.run?.arn !== mapRunArn;
}

export async function stopMapChildren(nursery: Nursery, live: Live, frameId: number): Promise<void> {
  for (const child of nursery.executor.childrenOf(live.run.execution.id, frameId)) await nursery.stop(child.arn);
}

/** `states:startExecution` and its `.sync` forms. The name is fixed before the start, so a repeated call is the same one. */
export async function startNested(nursery: Nursery, call: TaskCall): Promise<TaskOutcome> {
  const fields = isJsonObject(call.arguments) ? call.arguments : {};
  const machineArn = String(fields["StateMachineArn"] ?? "");
  const name = typeof fields["Name"] === "string" ? fields["Name"] : (call.childName ?? "");
  const input = fields["Input"] ?? {};
  const arn = executionArn(machineArn, name);
  const sync = call.resource.pattern === "sync";
  const parent = sync ? { execution: call.execution.id, frame: call.frame, index: call.attempt } : undefined;
  const known = nursery.executor.byArn(arn)?.run.execution ?? nursery.journal.execution(arn);
  if (known !== undefined && name !== call.childName) {
    const mine = known.parent?.execution === call.execution.id && known.parent.frame === call.frame;
    if (!mine) return failed("StepFunctions.ExecutionAlreadyExistsException", `Execution Already Exists: '${arn}'`);
  }
  const startMs = known?.startMs ?? nursery.now();
  if (known === undefined) {
    try {
      await nursery.launch(machineArn, { arn, name, input, level: "", parent, mapRunArn: undefined, startMs });
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      return failed(`StepFunctions.${error.name}Exception`, error.message);
    }
  }
  if (sync) call.signal.addEventListener("abort", () => void nursery.stop(arn).catch(() => undefined), { once: true });
  const value = { ExecutionArn: arn, StartDate: new Date(startMs).toISOString() };
  if (!sync) return { kind: "result", value };
  if (known !== undefined && known.status !== "RUNNING") return nestedOutcome(known, call.resource.action);
  return { kind: "submitted", value };
}

const failed = (error: string, cause: string): TaskOutcome => ({ kind: "failed", error, cause });

/** Tells whoever waits for an execution that it has ended. */
export async function reportToParent(nursery: Nursery, child: Execution): Promise<void> {
  const { parent } = child;
  const live = parent === undefined ? undefined : nursery.executor.byId(parent.execution);
  if (parent === undefined || live === undefined) return;
  const frame = live.run.frames.get(parent.frame);
  const state = frame === undefined ? undefined : live.run.state(frame);
  if (frame === undefined || state === undefined) return;
  if (child.mapRunArn !== undefined) {
    await nursery.executor.post(live, () =>
      attempt(live.run, frame, () => childEnded(live.run, frame, parent.index, child)),
    );
  } else if (state.type === "Task") {
    await finishTask(nursery.executor, live, parent.frame, parent.index, nestedOutcome(child, state.resource.action));
  }
}

/** `.sync:2` gives the output as JSON, `.sync` as text; a child that did not succeed is States.TaskFailed with its record. */
function nestedOutcome(child: Execution, action: string): TaskOutcome {
  const parsed = action.endsWith(".sync:2");
  const text = (value: Json): Json => (parsed ? value : JSON.stringify(value));
  const record = {
    ExecutionArn: child.arn,
    Input: text(child.input),
    InputDetails: { Included: true },
    Name: child.name,
    ...(child.output === undefined ? {} : { Output: text(child.output), OutputDetails: { Included: true } }),
    ...(child.error === undefined ? {} : { Error: child.error }),
    ...(child.cause === undefined ? {} : { Cause: child.cause }),
    RedriveCount: child.redriveCount,
    StartDate: child.startMs,
    StateMachineArn: child.machineArn,
    Status: child.status,
    StopDate: child.stopMs ?? null,
  };
  if (child.status === "SUCCEEDED") return { kind: "result", value: record };
  return failed("States.TaskFailed", JSON.stringify(record));
}

/** The same run and index give the same name, in the shape of the ids that AWS gives. */
function childName(mapRunId: string, index: number): string {
  const hex = createHash("sha256").update(`${mapRunId}/${index}`).digest("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join("-");
}
