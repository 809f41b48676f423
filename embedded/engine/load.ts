import type { Level, Program, State } from "./definition.ts";
import { EngineError } from "./errors.ts";
import { isJsonObject, type Json, type JsonObject, parseJson } from "./json.ts";
import { isExpression } from "./expressions.ts";
import { loadState } from "./load-state.ts";
import { Problems } from "./problems.ts";
import { isSupported, type Resource } from "./resource.ts";

/** What a definition may use. The engine runs its own integrations only; `asl run` mocks any. */
export interface LoadOptions {
  readonly anyIntegration?: boolean;
  /** More than the engine's own, for a host that runs them: `sqs:sendMessage`. */
  readonly integrations?: readonly string[];
}

/** Reads a state machine definition. Throws `InvalidDefinition` that lists every problem with its place. */
export function loadDefinition(text: string, options: LoadOptions = {}): Program {
  let json: Json;
  try {
    json = parseJson(text);
  } catch (error) {
    throw new EngineError("InvalidDefinition", `The definition is not JSON: ${String(error)}`);
  }
  const problems = new Problems();
  if (!isJsonObject(json)) throw new EngineError("InvalidDefinition", "The definition is not a JSON object.");
  const program = machine(problems, json, supports(options));
  if (problems.found.length > 0) {
    throw new EngineError("InvalidDefinition", `The definition cannot run here: ${problems.found.join("; ")}.`);
  }
  return program;
}

const supports =
  ({ anyIntegration = false, integrations = [] }: LoadOptions) =>
  (resource: Resource): boolean =>
    anyIntegration || isSupported(resource) || integrations.includes(`${resource.service}:${resource.action}`);

function machine(problems: Problems, json: JsonObject, runs: (resource: Resource) => boolean): Program {
  problems.unknown("", json, ["Comment", "StartAt", "States", "Version", "TimeoutSeconds", "QueryLanguage"]);
  const timeout = json["TimeoutSeconds"];
  if (timeout !== undefined && !(typeof timeout === "number" && Number.isInteger(timeout) && timeout > 0)) {
    problems.report("", "TimeoutSeconds must be a positive integer");
  }
  const language = json["QueryLanguage"] ?? "JSONPath";
  const levels = new Map<string, Level>();
  const names = new Set<string>();
  const neutral: string[] = [];
  let isJsonata = false;

  const level = (id: string, body: JsonObject): void => {
    const { StartAt: startAt, States: states } = body;
    if (typeof startAt !== "string") return problems.report(id, "StartAt must be a string");
    if (!isJsonObject(states) || Object.keys(states).length === 0) {
      return problems.report(id, "States must be an object with at least one state");
    }
    const loaded = new Map<string, State>();
    for (const [name, state] of Object.entries(states)) {
      const where = `${id}/States/${name}`;
      if (names.has(name)) problems.report(where, "state names are unique in the whole machine");
      names.add(name);
      if (name.length > 80) problems.report(where, "a state name has at most 80 characters");
      if (!isJsonObject(state)) {
        problems.report(where, "a state is a JSON object");
        continue;
      }
      if ((state["QueryLanguage"] ?? language) === "JSONata") isJsonata = true;
      else if (language !== "JSONata" && asksNothing(state)) neutral.push(where);
      else problems.report(where, NO_JSONPATH);
      const read = loadState({ problems, runs, level }, name, where, state);
      if (read !== undefined) loaded.set(name, read);
    }
    checkGraph(problems, id, startAt, Object.keys(states), loaded);
    levels.set(id, { id, startAt, states: loaded });
  };

  level("", json);
  if (!isJsonata) for (const where of neutral) problems.report(where, NO_JSONPATH);
  return { timeoutSeconds: typeof timeout === "number" ? timeout : undefined, levels };
}

const NO_JSONPATH = "QueryLanguage must be JSONata, here or for the whole machine; JSONPath does not run here";
const NEUTRAL_TYPES = new Set(["Pass", "Succeed", "Fail", "Wait"]);
const NEUTRAL_FIELDS = new Set([
  "Type",
  "Comment",
  "QueryLanguage",
  "Next",
  "End",
  "Error",
  "Cause",
  "Seconds",
  "Timestamp",
]);

/** A state that means the same in both query languages, as they stand between the JSONata states of a mixed machine. */
const asksNothing = (state: JsonObject): boolean =>
  NEUTRAL_TYPES.has(String(state["Type"])) &&
  Object.entries(state).every(([field, value]) => NEUTRAL_FIELDS.has(field) && !isExpression(value));

/** Every target exists at its level, every state is reached, and the level can end. */
function checkGraph(
  problems: Problems,
  id: string,
  startAt: string,
  names: readonly string[],
  states: ReadonlyMap<string, State>,
): void {
  if (!names.includes(startAt)) problems.report(id, `StartAt names "${startAt}", which is no state at this level`);
  const reached = new Set([startAt]);
  for (const state of states.values()) {
    for (const target of targets(state)) {
      if (!names.includes(target)) {
        problems.report(`${id}/States/${state.name}`, `there is no state "${target}" at this level`);
      }
      reached.add(target);
    }
  }
  for (const name of names) {
    if (!reached.has(name)) problems.report(`${id}/States/${name}`, "no state leads here");
  }
  const ends = [...states.values()].some(
    (state) =>
      state.type === "Succeed" || state.type === "Fail" || (state.type !== "Choice" && state.next === undefined),
  );
  if (!ends && states.size === names.length) problems.report(id, "no state ends this level (End, Succeed or Fail)");
}

function targets(state: State): string[] {
  const catches = "catch" in state ? state.catch.map((catcher) => catcher.next) : [];
  const choices = state.type === "Choice" ? state.choices.map((rule) => rule.next) : [];
  return [...catches, ...choices, ...(state.next === undefined ? [] : [state.next])];
}
