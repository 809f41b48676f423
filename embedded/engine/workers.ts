import { timeOutRun } from "./ending.ts";
import { EngineError, type StateFailure } from "./errors.ts";
import type { Executor, Live } from "./executor.ts";
import { attempt, due } from "./flow.ts";
import type { Frame } from "./frame.ts";
import type { Journal } from "./journal.ts";
import type { Json } from "./json.ts";
import type { Effect, Run } from "./run.ts";
import { taskFailed, taskSubmitted, taskSucceeded, taskTimedOut } from "./states/task.ts";
import type { TaskOutcome, TaskRunner } from "./tasks.ts";
import { readToken } from "./token.ts";

type TaskEffect = Extract<Effect, { kind: "task" }>;

/** Starts the worker of an attempt and brings its outcome back into the execution. */
export function startWorker(executor: Executor, live: Live, effect: TaskEffect, runTask: TaskRunner): void {
  const task = live.run.frames.get(effect.frame)?.task;
  if (task === undefined || executor.closed) return;
  const controller = new AbortController();
  live.workers.set(effect.frame, controller);
  const { state, resource } = effect;
  const call = {
    ...task,
    state,
    resource,
    execution: live.run.execution,
    frame: effect.frame,
    attempt: effect.attempt,
  };
  executor.track(
    runTask({ ...call, signal: controller.signal }).then((outcome) =>
      finishTask(executor, live, effect.frame, effect.attempt, outcome),
    ),
  );
}

export async function finishTask(
  executor: Executor,
  live: Live,
  frameId: number,
  attemptNumber: number,
  outcome: TaskOutcome,
): Promise<void> {
  if (outcome.kind === "silent" || executor.byId(live.run.execution.id) !== live) return;
  await executor.post(live, async () => {
    const { run } = live;
    const frame = waiting(run, frameId, attemptNumber);
    if (frame === undefined) return;
    if (outcome.kind === "submitted") return submitTask(run, frame, outcome.value);
    live.workers.delete(frame.id);
    if (outcome.kind === "failed") return failTask(run, frame, outcome.error, outcome.cause);
    await succeedTask(run, frame, outcome.value);
  });
}

function submitTask(run: Run, frame: Frame, value: Json): void {
  const state = run.state(frame);
  if (state.type === "Task") taskSubmitted(run, frame, state, value);
}

/** The holder of a token has its result: the worker is left to end by itself. */
export async function answered(live: Live, frame: Frame, work: (run: Run) => Promise<void>): Promise<void> {
  live.workers.delete(frame.id);
  await work(live.run);
}

export async function succeedTask(run: Run, frame: Frame, value: Json): Promise<void> {
  const state = run.state(frame);
  if (state.type === "Task") await attempt(run, frame, () => taskSucceeded(run, frame, state, value));
}

export async function failTask(
  run: Run,
  frame: Frame,
  error: string | undefined,
  cause: string | undefined,
): Promise<void> {
  const state = run.state(frame);
  if (state.type !== "Task") return;
  run.effects.push({ kind: "cancel", frame: frame.id });
  await attempt(run, frame, async () => {
    throw taskFailed(run, frame, state, error, cause);
  });
}

/** Whatever has come due in one execution. */
export async function tick(run: Run): Promise<void> {
  const now = run.ambient.now();
  const passed = (at: number | undefined): boolean => at !== undefined && at <= now;
  if (passed(run.execution.deadlineMs)) return timeOutRun(run);
  const late: { frame: Frame; attemptNumber: number; failure: StateFailure }[] = [];
  for (const frame of run.frames.values()) {
    if (frame.halted) continue;
    const state = run.state(frame);
    const missed = !passed(frame.task?.timeoutMs);
    if (passed(frame.dueMs)) await due(run, frame);
    else if (state.type === "Task" && (!missed || passed(frame.task?.heartbeatMs))) {
      await attempt(run, frame, async () => {
        late.push({ frame, attemptNumber: frame.attempt, failure: taskTimedOut(run, frame, state, missed) });
        return undefined;
      });
    }
  }
  // As on AWS, all that time out together say so before the first of them fails what is around it.
  for (const { frame, attemptNumber, failure } of late) {
    if (waiting(run, frame.id, attemptNumber) === undefined) continue;
    run.effects.push({ kind: "cancel", frame: frame.id });
    await attempt(run, frame, () => Promise.reject(failure));
  }
}

/** Lets the holder of a task token act on the attempt that waits for it. Throws InvalidToken, TaskTimedOut, TaskDoesNotExist. */
export async function answerToken(
  executor: Executor,
  journal: Journal,
  token: string,
  work: (live: Live, frame: Frame) => Promise<void> | void,
): Promise<void> {
  const address = readToken(token);
  if (address === undefined) throw new EngineError("InvalidToken", "Invalid Token: 'Invalid token'");
  const live = executor.byId(address.execution);
  const gone = new EngineError("TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'");
  if (live === undefined) {
    if (journal.executionById(address.execution) !== undefined) throw gone;
    throw new EngineError("TaskDoesNotExist", "Task Does Not Exist: 'Provided task does not exist'");
  }
  await executor.post(live, async () => {
    const frame = waiting(live.run, address.frame, address.attempt);
    if (frame?.task?.token !== token) throw gone;
    await work(live, frame);
  });
}

/** The frame, if it still waits for that attempt. */
function waiting(run: Run, id: number, attemptNumber: number): Frame | undefined {
  const frame = run.frames.get(id);
  if (!run.running || frame === undefined || frame.halted || frame.phase !== "task") return undefined;
  return frame.attempt === attemptNumber ? frame : undefined;
}
