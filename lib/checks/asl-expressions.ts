import jsonata from "jsonata";
import { nested, type Machine, type Problem, type State } from "./asl-machine.ts";

/** A JSONata expression of a state, and where it stands. */
export interface Expression {
  readonly state: string;
  /** `Arguments.Payload.run`, `Catch[0].Assign.failure` */
  readonly path: string;
  readonly text: string;
}

const WHOLE = /^\{%([\s\S]*)%\}$/;

/** Expressions of one state, without those of machines inside it. */
export function expressionsOf(name: string, state: State): readonly Expression[] {
  const { ItemProcessor: _processor, Branches: _branches, ...own } = state;
  return strings(own, "").flatMap(({ path, text }) => {
    const [, expression] = WHOLE.exec(text) ?? [];
    return expression === undefined ? [] : [{ state: name, path, text: expression }];
  });
}

/** Strings of a state that are not what they look like: half an expression, JSONPath, an intrinsic function. */
export function suspiciousStrings(name: string, state: State): readonly Problem[] {
  const { ItemProcessor: _processor, Branches: _branches, Comment: _comment, ...own } = state;
  const found = (rule: string, message: string): Problem => ({ rule, state: name, message });
  const texts = strings(own, "").flatMap(({ path, text }) => {
    if (WHOLE.test(text)) return [];
    if (text.includes("{%") || text.includes("%}")) {
      return [found("half-expression", `${path} mixes text and {% %}: an expression must be the whole string.`)];
    }
    if (/^\$\$?(\.|\[|$)/.test(text)) {
      return [
        found("jsonpath", `${path} is the JSONPath "${text}", which JSONata states take as plain text. Write {% %}.`),
      ];
    }
    if (/^States\.[A-Z][A-Za-z]+\(/.test(text)) {
      return [found("jsonpath", `${path} calls the JSONPath intrinsic ${text}. Use the JSONata function.`)];
    }
    return [];
  });
  const fields = fieldNames(own, "")
    .filter((path) => path.endsWith(".$") || JSONPATH_FIELDS.has(path))
    .map((path) => found("jsonpath", `The field ${path} belongs to JSONPath. Use Arguments, Output and Assign.`));
  return [...texts, ...fields];
}

const JSONPATH_FIELDS: ReadonlySet<string> = new Set([
  "InputPath",
  "OutputPath",
  "ResultPath",
  "Parameters",
  "ResultSelector",
  "ItemsPath",
  "SecondsPath",
  "TimestampPath",
  "TimeoutSecondsPath",
  "HeartbeatSecondsPath",
  "ErrorPath",
  "CausePath",
]);

export interface References {
  /** Names of `$variables` that the expression does not bind itself. */
  readonly variables: ReadonlySet<string>;
  /** Names that are asked for by `$exists($name)`: the writer knows that they may be absent. */
  readonly guarded: ReadonlySet<string>;
  /** Paths below `$states`, for example `context.Execution.Name`. */
  readonly states: readonly string[];
}

/** Parses an expression; a string tells why it cannot be parsed. */
export function referencesOf(text: string): References | string {
  try {
    // The typings of jsonata describe only part of the tree, so it is walked as plain JSON.
    const tree: unknown = jsonata(text).ast();
    const found = { variables: new Set<string>(), guarded: new Set<string>(), states: new Array<string>() };
    walk(tree, new Set(), found);
    return found;
  } catch (error) {
    return error instanceof Error ? error.message : JSON.stringify(error);
  }
}

interface Found {
  readonly variables: Set<string>;
  readonly guarded: Set<string>;
  readonly states: string[];
}

function walk(node: unknown, bound: ReadonlySet<string>, found: Found): void {
  if (Array.isArray(node)) {
    for (const child of node) walk(child, bound, found);
    return;
  }
  if (!isRecord(node)) return;
  if (node["type"] === "path" && Array.isArray(node["steps"])) {
    const [first, ...rest]: unknown[] = node["steps"];
    if (variableName(first) === "states") {
      found.states.push(rest.map(stepName).join("."));
      walk(rest, bound, found);
      return;
    }
  }
  if (node["type"] === "function" && variableName(node["procedure"]) === "exists" && Array.isArray(node["arguments"])) {
    for (const argument of node["arguments"]) guard(argument, found);
  }
  const name = variableName(node);
  if (name === "states") found.states.push("");
  else if (name !== undefined && name !== "" && name !== "$" && !bound.has(name)) found.variables.add(name);
  const inner = new Set([...bound, ...namesBoundBy(node)]);
  for (const [key, child] of Object.entries(node)) if (key !== "position") walk(child, inner, found);
}

function guard(argument: unknown, found: Found): void {
  const first: unknown =
    isRecord(argument) && Array.isArray(argument["steps"]) ? argument["steps"].find(() => true) : argument;
  const name = variableName(first);
  if (name !== undefined) found.guarded.add(name);
}

/** `:=` in a block and the parameters of a function. */
function namesBoundBy(node: Readonly<Record<string, unknown>>): readonly string[] {
  if (node["type"] === "lambda" && Array.isArray(node["arguments"])) {
    return node["arguments"].flatMap((argument: unknown) => variableName(argument) ?? []);
  }
  if (node["type"] === "block" && Array.isArray(node["expressions"])) {
    return node["expressions"].flatMap((expression: unknown) =>
      isRecord(expression) && expression["type"] === "bind" ? (variableName(expression["lhs"]) ?? []) : [],
    );
  }
  return [];
}

const variableName = (node: unknown): string | undefined =>
  isRecord(node) && node["type"] === "variable" && typeof node["value"] === "string" ? node["value"] : undefined;

const stepName = (step: unknown): string =>
  isRecord(step) && step["type"] === "name" && typeof step["value"] === "string" ? step["value"] : "*";

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function strings(value: unknown, path: string): readonly { readonly path: string; readonly text: string }[] {
  if (typeof value === "string") return [{ path, text: value }];
  return children(value, path).flatMap(([at, child]) => strings(child, at));
}

const fieldNames = (value: unknown, path: string): readonly string[] =>
  children(value, path).flatMap(([at, child]) => [at, ...fieldNames(child, at)]);

function children(value: unknown, path: string): readonly (readonly [string, unknown])[] {
  if (Array.isArray(value)) return value.map((child: unknown, index) => [`${path}[${index}]`, child] as const);
  if (!isRecord(value)) return [];
  return Object.entries(value).map(([key, child]) => [path === "" ? key : `${path}.${key}`, child] as const);
}

/** All expressions of a machine, with those of machines inside it. */
export const allExpressions = (machine: Machine): readonly Expression[] =>
  Object.entries(machine.States).flatMap(([name, state]) => [
    ...expressionsOf(name, state),
    ...nested(state).flatMap(allExpressions),
  ]);
