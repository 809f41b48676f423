import { failRun, historyFull, succeedRun } from "./ending.ts";
import { EvaluationFailure, HEARTBEAT_TIMEOUT, QUERY_ERROR, RUNTIME, StateFailure, TIMEOUT } from "./errors.ts";
import { exitState } from "./exit.ts";
import type { Frame } from "./frame.ts";
import { NOT_TRUNCATED } from "./history.ts";
import type { Json, JsonObject } from "./json.ts";
import { matches, retryDelayMs } from "./retry.ts";
import { HistoryFull, type Run } from "./run.ts";
import { type Ended, endWait, runChoice, runFail, runPass, startWait } from "./states/basic.ts";
import { childFailed, childSucceeded, giveUpChildren, startParallel } from "./states/fan.ts";
import { startDistributed } from "./states/distributed.ts";
import { startMap } from "./states/map.ts";
import { startTask } from "./states/task.ts";

/** Runs every frame that can run, one state a turn, until all wait for something outside. */
export async function settle(run: Run): Promise<void> {
  for (let frame = run.nextReady(); frame !== undefined; frame = run.nextReady()) {
    const current = frame;
    await attempt(run, current, async () => {
      if (current.phase === "enter") enter(run, current);
      return runState(run, current);
    });
  }
  try {
    for (const start of run.takeStarts()) start();
  } catch (error) {
    if (!(error instanceof HistoryFull)) throw error;
    historyFull(run);
  }
}

/** Does a piece of work on a frame and carries its outcome, an ended level or a failure, to wherever it belongs. */
export async function attempt(run: Run, frame: Frame, work: () => Ended): Promise<void> {
  try {
    const output = await work();
    if (output !== undefined) await levelEnded(run, frame, output);
  } catch (error) {
    try {
      await failState(run, frame, asFailure(run, frame, error));
    } catch (second) {
      if (!(second instanceof HistoryFull)) throw second;
      historyFull(run);
    }
  }
}

function asFailure(run: Run, frame: Frame, error: unknown): StateFailure {
  if (error instanceof StateFailure || error instanceof HistoryFull) {
    if (error instanceof HistoryFull) throw error;
    return error;
  }
  return run.located(frame, RUNTIME, error instanceof Error ? error.message : String(error));
}

function enter(run: Run, frame: Frame): void {
  frame.enteredMs = run.ambient.now();
  frame.retries = [];
  frame.retryCount = 0;
  frame.cameFrom = frame.chain;
  frame.enteredId = run.advance(frame, `${run.state(frame).type}StateEntered`, {
    name: frame.state,
    input: JSON.stringify(frame.input),
    inputDetails: NOT_TRUNCATED,
  });
}

async function runState(run: Run, frame: Frame): Ended {
  const state = run.state(frame);
  switch (state.type) {
    case "Pass":
    case "Succeed":
      return runPass(run, frame, state);
    case "Fail":
      return runFail(run, frame, state);
    case "Choice":
      return runChoice(run, frame, state);
    case "Wait":
      return startWait(run, frame, state);
    case "Task":
      return startTask(run, frame, state);
    case "Parallel":
      return startParallel(run, frame, state);
    case "Map":
      return state.distributed ? startDistributed(run, frame, state) : startMap(run, frame, state);
  }
}

async function levelEnded(run: Run, frame: Frame, output: Json): Promise<void> {
  const parent = run.parentOf(frame);
  if (parent === undefined) succeedRun(run, frame.chain, output);
  else await attempt(run, parent, () => childSucceeded(run, parent, frame, output));
}

/** Retry, else Catch, else the failure goes up to the state around, and from the top to the execution. */
async function failState(run: Run, frame: Frame, first: StateFailure): Promise<void> {
  let at = frame;
  let failure = first;
  for (;;) {
    failure = evaluationFailed(run, at, failure);
    if (failure.error === RUNTIME) return failRun(run, at.chain, failure);
    giveUpChildren(run, at);
    if (retry(run, at, failure)) return;
    const { type } = run.state(at);
    if (type === "Map" || type === "Parallel") run.advance(at, `${type}StateFailed`);
    const caught = await caughtBy(run, at, failure);
    if (caught === true) return;
    if (caught !== false) failure = evaluationFailed(run, at, caught);
    const parent = run.parentOf(at);
    if (parent === undefined) return failRun(run, at.chain, failure);
    childFailed(run, parent, at);
    at = parent;
  }
}

/**
 * A failed expression has an event of its own, and its cause says in which state it happened. AWS takes back the entry
 * into a state that fails on entering: the event points to what came before it. A Wait has been entered by then.
 */
function evaluationFailed(run: Run, frame: Frame, failure: StateFailure): StateFailure {
  if (!(failure instanceof EvaluationFailure)) return failure;
  const { causeText = "", location } = failure;
  const located = run.located(frame, QUERY_ERROR, causeText);
  if (frame.chain === frame.enteredId && run.state(frame).type !== "Wait") frame.chain = frame.cameFrom;
  run.advance(frame, "EvaluationFailed", {
    state: frame.state,
    error: located.error,
    cause: located.causeText,
    ...(location === undefined ? {} : { location }),
  });
  return located;
}

function retry(run: Run, frame: Frame, failure: StateFailure): boolean {
  const state = run.state(frame);
  if (!("retry" in state)) return false;
  const index = state.retry.findIndex((retrier) => matches(retrier.errorEquals, failure.names));
  const retrier = state.retry[index];
  const used = frame.retries[index] ?? 0;
  if (retrier === undefined || used >= retrier.maxAttempts) return false;
  frame.retries = state.retry.map((_, i) => (frame.retries[i] ?? 0) + (i === index ? 1 : 0));
  frame.retryCount += 1;
  frame.task = undefined;
  run.endFan(frame);
  frame.phase = "backoff";
  frame.dueMs = run.ambient.now() + retryDelayMs(retrier, used + 1, () => run.ambient.random());
  return true;
}

/** True: a catcher took it. A failure: the catcher matched, but its own expressions failed. */
async function caughtBy(run: Run, frame: Frame, failure: StateFailure): Promise<boolean | StateFailure> {
  const state = run.state(frame);
  if (!("catch" in state)) return false;
  const index = state.catch.findIndex((catcher) => matches(catcher.errorEquals, failure.names));
  const catcher = state.catch[index];
  if (catcher === undefined) return false;
  // Without a name or a cause AWS gives null; the cause of a time-out it gives as empty.
  const noCause = failure.error === TIMEOUT || failure.error === HEARTBEAT_TIMEOUT ? "" : null;
  const errorOutput: JsonObject = { Error: failure.error ?? null, Cause: failure.causeText ?? noCause };
  try {
    const plan = { place: `Catch[${index}]/`, result: { errorOutput }, otherwise: errorOutput, next: catcher.next };
    await exitState(run, frame, catcher, plan);
  } catch (error) {
    return asFailure(run, frame, error);
  }
  return true;
}

/** A timer of the frame has come due. */
export async function due(run: Run, frame: Frame): Promise<void> {
  const state = run.state(frame);
  frame.dueMs = undefined;
  if (frame.phase === "backoff") run.ready(frame, "run");
  else if (frame.phase === "wait" && state.type === "Wait") await attempt(run, frame, () => endWait(run, frame, state));
}
