import type { Outcome } from "./definition.ts";
import { resolve } from "./expressions.ts";
import type { Frame } from "./frame.ts";
import { NOT_TRUNCATED } from "./history.ts";
import { isTooLarge, type Json, type JsonObject } from "./json.ts";
import type { Run } from "./run.ts";

export interface ExitPlan {
  /** Where the outcome stands in the state: "", `Catch[0]/`, `Choices[1]/`. */
  readonly place: string;
  /** What `$states` has beside input and context. */
  readonly result?: JsonObject;
  /** The output when the outcome has no Output of its own. */
  readonly otherwise: Json;
  /** Undefined: the level ends here. */
  readonly next: string | undefined;
}

/**
 * Leaves a state: evaluates Assign and Output (both see the variables as they were on entry), writes the Exited event
 * and goes to the next state. Returns the output when the level has ended instead.
 */
export async function exitState(run: Run, frame: Frame, outcome: Outcome, plan: ExitPlan): Promise<Json | undefined> {
  const { place, otherwise, next } = plan;
  const scope = run.scope(frame, plan.result);
  const assigned: JsonObject = {};
  for (const [name, value] of Object.entries(outcome.assign ?? {})) {
    assigned[name] = await resolve(value, `${place}Assign/${name}`, scope);
  }
  const output = outcome.output === undefined ? otherwise : await resolve(outcome.output, `${place}Output`, scope);
  const text = JSON.stringify(output);
  const variables = Object.fromEntries(Object.entries(assigned).map(([name, value]) => [name, JSON.stringify(value)]));
  if ([text, ...Object.values(variables)].some(isTooLarge)) throw run.tooLarge(frame.state);
  run.advance(frame, `${run.state(frame).type}StateExited`, {
    name: frame.state,
    output: text,
    outputDetails: NOT_TRUNCATED,
    ...(Object.keys(variables).length === 0
      ? {}
      : { assignedVariables: variables, assignedVariablesDetails: NOT_TRUNCATED }),
  });
  Object.assign(frame.vars, assigned);
  frame.task = undefined;
  run.endFan(frame);
  frame.input = output;
  if (next === undefined) {
    frame.phase = "done";
    return output;
  }
  frame.state = next;
  run.ready(frame, "enter");
  return undefined;
}
