import { aslRun, type AslRunResult } from "./asl-run.ts";
import type { HistoryEvent } from "./history.ts";
import { isObject, type Json } from "./json.ts";

/** For tests: runs a few states as a machine, and reads its history. */

export const LAMBDA = "arn:aws:states:::lambda:invoke";

/** The first state is the start. */
export const run = (
  states: Record<string, Json>,
  options: { readonly input?: Json; readonly mocks?: unknown; readonly top?: Record<string, Json> } = {},
): Promise<AslRunResult> => {
  const { input, mocks, top } = options;
  return aslRun({
    definition: { QueryLanguage: "JSONata", StartAt: Object.keys(states)[0] ?? "", States: states, ...top },
    ...(input === undefined ? {} : { input }),
    ...(mocks === undefined ? {} : { mocks }),
  });
};

/** A Task that passes its input to a function; ends the level unless `more` has a Next. */
export const task = (more: Record<string, Json> = {}): Json => ({
  Type: "Task",
  Resource: LAMBDA,
  Arguments: { FunctionName: "f", Payload: "{% $states.input %}" },
  ...(more["Next"] === undefined ? { End: true } : {}),
  ...more,
});

export const detailsOf = (event: HistoryEvent | undefined): Record<string, unknown> => {
  const details = Object.entries(event ?? {}).find(([key]) => key.endsWith("EventDetails"))?.[1];
  return isObject(details) ? details : {};
};

/** Details of the first event of a type. */
export const find = (result: AslRunResult, type: string): Record<string, unknown> =>
  detailsOf(result.history.find((event) => event.type === type));

/** Every event as `<id> <previousEventId> <type>[ <name>[ <index>]]`. */
export const lines = (result: AslRunResult): string[] =>
  result.history.map((event) => {
    const { name, index } = detailsOf(event);
    return [event.id, event.previousEventId, event.type, name, index].filter((part) => part !== undefined).join(" ");
  });
