import type { TaskState } from "../definition.ts";
import { DATA_LIMIT, HEARTBEAT_TIMEOUT, HeartbeatMissed, StateFailure, TIMEOUT } from "../errors.ts";
import { resolve, resolveInteger } from "../expressions.ts";
import { exitState } from "../exit.ts";
import type { Frame } from "../frame.ts";
import { uuid } from "../functions.ts";
import { NOT_TRUNCATED } from "../history.ts";
import { isTooLarge, type Json } from "../json.ts";
import { regionOf } from "../names.ts";
import type { Run } from "../run.ts";
import { writeToken } from "../token.ts";
import type { Ended } from "./basic.ts";

/** Schedules one attempt: the worker starts when the step is on disk. */
export async function startTask(run: Run, frame: Frame, state: TaskState): Promise<undefined> {
  const { resource } = state;
  const attempt = frame.attempt + 1;
  const token =
    resource.pattern === "token" ? writeToken(run.execution.id, frame.id, attempt, uuid(run.ambient)) : undefined;
  const scope = run.scope(frame, {}, token);
  const otherwise: Json = resource.kind === "lambda-arn" ? frame.input : {};
  const args = state.arguments === undefined ? otherwise : await resolve(state.arguments, "Arguments", scope);
  const timeoutSeconds = await resolveInteger(state.timeoutSeconds, "TimeoutSeconds", scope, 1);
  const heartbeatSeconds = await resolveInteger(state.heartbeatSeconds, "HeartbeatSeconds", scope, 1);
  const text = JSON.stringify(args);
  if (isTooLarge(text)) throw run.tooLarge(frame.state);
  const timing = {
    ...(timeoutSeconds === undefined ? {} : { timeoutInSeconds: timeoutSeconds }),
    ...(heartbeatSeconds === undefined ? {} : { heartbeatInSeconds: heartbeatSeconds }),
  };
  if (resource.kind === "lambda-arn") {
    run.advance(frame, "LambdaFunctionScheduled", {
      input: text,
      inputDetails: NOT_TRUNCATED,
      resource: resource.arn,
      ...timing,
    });
  } else {
    const region = regionOf(run.execution.arn);
    run.advance(frame, "TaskScheduled", { ...named(state), region, parameters: text, ...timing });
  }
  const now = run.ambient.now();
  frame.attempt = attempt;
  frame.phase = "task";
  frame.task = {
    arguments: args,
    token,
    timeoutSeconds,
    heartbeatSeconds,
    timeoutMs: timeoutSeconds === undefined ? undefined : now + timeoutSeconds * 1000,
    // Only the holder of a token can send heartbeats.
    heartbeatMs: heartbeatSeconds === undefined || token === undefined ? undefined : now + heartbeatSeconds * 1000,
    submitted: false,
    childName: resource.service === "states" ? uuid(run.ambient) : undefined,
  };
  run.startLater(frame, () => {
    if (resource.kind === "lambda-arn") run.advance(frame, "LambdaFunctionStarted");
    else run.advance(frame, "TaskStarted", named(state));
  });
  run.effects.push({ kind: "task", frame: frame.id, attempt, state: frame.state, resource });
  return undefined;
}

const named = ({ resource }: TaskState): { resource: string; resourceType: string } => ({
  resource: resource.action,
  resourceType: resource.service,
});

/** The service has taken the job; its result comes later. */
export function taskSubmitted(run: Run, frame: Frame, state: TaskState, output: Json): void {
  if (frame.task === undefined || frame.task.submitted) return;
  frame.task.submitted = true;
  run.advance(frame, "TaskSubmitted", {
    ...named(state),
    output: JSON.stringify(output),
    outputDetails: NOT_TRUNCATED,
  });
}

export async function taskSucceeded(run: Run, frame: Frame, state: TaskState, result: Json): Ended {
  const { resource } = state;
  const output = JSON.stringify(result);
  if (isTooLarge(output)) {
    const what = resource.kind === "lambda-arn" ? resource.arn : resource.service;
    throw taskFailed(run, frame, state, DATA_LIMIT, run.tooLarge(what).causeText);
  }
  if (resource.pattern !== "response") taskSubmitted(run, frame, state, {});
  const details = { output, outputDetails: NOT_TRUNCATED };
  if (resource.kind === "lambda-arn") run.advance(frame, "LambdaFunctionSucceeded", details);
  else run.advance(frame, "TaskSucceeded", { ...named(state), ...details });
  return exitState(run, frame, state, { place: "", result: { result }, otherwise: result, next: state.next });
}

/** Writes that the attempt ran out of time and gives the failure back, to be thrown. */
export function taskTimedOut(run: Run, frame: Frame, state: TaskState, missedHeartbeat: boolean): StateFailure {
  const failure = taskFailed(run, frame, state, TIMEOUT, undefined);
  return missedHeartbeat ? new HeartbeatMissed() : failure;
}

/** Writes how the attempt failed and gives the failure back, to be thrown. */
export function taskFailed(
  run: Run,
  frame: Frame,
  state: TaskState,
  error: string | undefined,
  cause: string | undefined,
): StateFailure {
  const timedOut = error === TIMEOUT || error === HEARTBEAT_TIMEOUT;
  const lambda = state.resource.kind === "lambda-arn";
  const type = `${lambda ? "LambdaFunction" : "Task"}${timedOut ? "TimedOut" : "Failed"}`;
  run.advance(frame, type, {
    ...(lambda ? {} : named(state)),
    ...(error === undefined ? {} : { error }),
    ...(cause === undefined ? {} : { cause }),
  });
  return new StateFailure(error, cause);
}
