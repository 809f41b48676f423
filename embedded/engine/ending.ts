import { RUNTIME, StateFailure, TIMEOUT } from "./errors.ts";
import type { ExecutionStatus } from "./frame.ts";
import { EVENT_LIMIT, NOT_TRUNCATED } from "./history.ts";
import type { Json } from "./json.ts";
import type { Run } from "./run.ts";

export function succeedRun(run: Run, previous: number, output: Json): void {
  run.event("ExecutionSucceeded", previous, { output: JSON.stringify(output), outputDetails: NOT_TRUNCATED });
  run.execution.output = output;
  for (const frame of [...run.frames.values()]) run.drop(frame);
  end(run, "SUCCEEDED");
}

export function failRun(run: Run, previous: number, failure: StateFailure): void {
  unsuccessful(run, "FAILED", "ExecutionFailed", previous, failure.error, failure.causeText);
}

export function abortRun(run: Run, error: string | undefined, cause: string | undefined): void {
  unsuccessful(run, "ABORTED", "ExecutionAborted", 0, error, cause);
}

/** The name of the error stands in the event only: AWS describes such an execution without one. */
export function timeOutRun(run: Run): void {
  run.event("ExecutionTimedOut", 0, { error: TIMEOUT });
  end(run, "TIMED_OUT");
}

export function historyFull(run: Run): void {
  const cause = `The execution reached the maximum number of history events (${EVENT_LIMIT}).`;
  failRun(run, run.execution.lastEvent, new StateFailure(RUNTIME, cause));
}

function unsuccessful(
  run: Run,
  status: ExecutionStatus,
  type: string,
  previous: number,
  error: string | undefined,
  cause: string | undefined,
): void {
  run.event(type, previous, { ...(error === undefined ? {} : { error }), ...(cause === undefined ? {} : { cause }) });
  run.execution.error = error;
  run.execution.cause = cause;
  end(run, status);
}

/** Frames that are left stay where they stand, for a redrive. */
function end(run: Run, status: ExecutionStatus): void {
  const { execution } = run;
  for (const frame of run.frames.values()) run.halt(frame);
  execution.status = status;
  execution.stopMs = run.ambient.now();
  execution.deadlineMs = undefined;
}
