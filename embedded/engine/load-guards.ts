import type { Catcher, Outcome, Retrier } from "./definition.ts";
import { isJsonObject, type JsonObject } from "./json.ts";
import type { Problems } from "./problems.ts";

/** `Assign` and `Output` of a state, a choice rule or a catcher. */
export function outcome(problems: Problems, where: string, body: JsonObject, assigns: boolean): Outcome {
  const assign = assigns ? problems.value(where, body, "Assign") : undefined;
  if (assign !== undefined && !isJsonObject(assign)) problems.report(where, "Assign must be an object");
  for (const name of isJsonObject(assign) ? Object.keys(assign) : []) {
    if (!/^[\p{ID_Start}][\p{ID_Continue}]{0,79}$/u.test(name) || name === "states") {
      problems.report(where, `"${name}" is no name for a variable`);
    }
  }
  return { assign: isJsonObject(assign) ? assign : undefined, output: problems.value(where, body, "Output") };
}

export function guards(problems: Problems, where: string, body: JsonObject): { retry: Retrier[]; catch: Catcher[] } {
  const retriers = entries(problems, where, body, "Retry");
  const catchers = entries(problems, where, body, "Catch");
  return {
    retry: retriers.map((item, index) =>
      retrier(problems, `${where}/Retry[${index}]`, item, index === retriers.length - 1),
    ),
    catch: catchers.flatMap(
      (item, index) => catcher(problems, `${where}/Catch[${index}]`, item, index === catchers.length - 1) ?? [],
    ),
  };
}

function entries(problems: Problems, where: string, body: JsonObject, field: string): JsonObject[] {
  const value = body[field];
  if (value === undefined) return [];
  if (Array.isArray(value) && value.every(isJsonObject)) return value;
  problems.report(where, `${field} must be a list of objects`);
  return [];
}

const RETRIER = ["ErrorEquals", "IntervalSeconds", "MaxAttempts", "BackoffRate", "MaxDelaySeconds", "JitterStrategy"];

function retrier(problems: Problems, place: string, item: JsonObject, last: boolean): Retrier {
  problems.unknown(place, item, [...RETRIER, "Comment"]);
  const number = (field: string, fallback: number, least: number): number => {
    const value = item[field] ?? fallback;
    if (typeof value === "number" && value >= least) return value;
    problems.report(place, `${field} must be a number of at least ${least}`);
    return fallback;
  };
  return {
    errorEquals: errorEquals(problems, place, item, last),
    intervalSeconds: number("IntervalSeconds", 1, 1),
    maxAttempts: number("MaxAttempts", 3, 0),
    backoffRate: number("BackoffRate", 2, 1),
    maxDelaySeconds: item["MaxDelaySeconds"] === undefined ? undefined : number("MaxDelaySeconds", 1, 1),
    jitter: item["JitterStrategy"] === "FULL",
  };
}

function catcher(problems: Problems, place: string, item: JsonObject, last: boolean): Catcher | undefined {
  problems.unknown(place, item, ["ErrorEquals", "Next", "Assign", "Output", "Comment"]);
  const names = errorEquals(problems, place, item, last);
  const next = item["Next"];
  if (typeof next === "string") return { errorEquals: names, next, ...outcome(problems, place, item, true) };
  problems.report(place, "a catcher has a Next");
  return undefined;
}

function errorEquals(problems: Problems, place: string, item: JsonObject, last: boolean): string[] {
  const names = item["ErrorEquals"];
  if (!Array.isArray(names) || names.length === 0 || !names.every((name) => typeof name === "string")) {
    problems.report(place, "ErrorEquals must be a list of error names");
    return [];
  }
  if (names.includes("States.ALL")) {
    if (names.length > 1) problems.report(place, "States.ALL stands alone");
    if (!last) problems.report(place, "States.ALL stands in the last entry");
  }
  return names;
}
