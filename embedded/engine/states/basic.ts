import type { ChoiceState, FailState, PassState, SucceedState, WaitState } from "../definition.ts";
import { EvaluationFailure, RUNTIME, StateFailure } from "../errors.ts";
import { resolveBoolean, resolveInteger, resolveString } from "../expressions.ts";
import { exitState } from "../exit.ts";
import type { Frame } from "../frame.ts";
import type { Json } from "../json.ts";
import type { Run } from "../run.ts";

/** Each runs an entered state. The answer is the output of the level when the state ended it, else undefined. */
export type Ended = Promise<Json | undefined>;

export const runPass = (run: Run, frame: Frame, state: PassState | SucceedState): Ended =>
  exitState(run, frame, state, { place: "", otherwise: frame.input, next: state.next });

export async function runFail(run: Run, frame: Frame, state: FailState): Promise<never> {
  const scope = run.scope(frame);
  const error = state.error === undefined ? undefined : await resolveString(state.error, "Error", scope);
  const cause = state.cause === undefined ? undefined : await resolveString(state.cause, "Cause", scope);
  throw new StateFailure(error, cause);
}

export async function runChoice(run: Run, frame: Frame, state: ChoiceState): Ended {
  const scope = run.scope(frame);
  for (const [index, rule] of state.choices.entries()) {
    const place = `Choices[${index}]/`;
    if (!(await resolveBoolean(rule.condition, `${place}Condition`, scope))) continue;
    return exitState(run, frame, rule, { place, otherwise: frame.input, next: rule.next });
  }
  if (state.next === undefined) {
    const cause = "Failed to transition out of the state. The state does not point to a next state.";
    throw run.located(frame, RUNTIME, cause);
  }
  return exitState(run, frame, state, { place: "", otherwise: frame.input, next: state.next });
}

// AWS counts the seconds of a wait in 31 bits: it waits 24,855 days but not 24,856.
const LONGEST_WAIT_MS = 2_147_483_647_000;

export async function startWait(run: Run, frame: Frame, state: WaitState): Promise<undefined> {
  const scope = run.scope(frame);
  const seconds = await resolveInteger(state.seconds, "Seconds", scope, 0);
  frame.dueMs = seconds === undefined ? await until(state, scope) : run.ambient.now() + seconds * 1000;
  if (frame.dueMs - run.ambient.now() > LONGEST_WAIT_MS) {
    throw run.located(frame, RUNTIME, "Wait state delay is too long.");
  }
  frame.phase = "wait";
  run.touch(frame);
  return undefined;
}

async function until(state: WaitState, scope: ReturnType<Run["scope"]>): Promise<number> {
  const text = await resolveString(state.timestamp ?? null, "Timestamp", scope);
  // RFC 3339 with the T and the zone, as the language demands.
  const valid = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/.test(text);
  const at = valid ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(at)) {
    const cause = `The Timestamp field cannot be parsed as an ISO-8601 extended offset date-time format string: ${text}`;
    throw new EvaluationFailure(cause, "Timestamp");
  }
  return at;
}

export const endWait = (run: Run, frame: Frame, state: WaitState): Ended =>
  exitState(run, frame, state, { place: "", otherwise: frame.input, next: state.next });
