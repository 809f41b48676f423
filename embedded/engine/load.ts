import type { Catcher, Level, MapState, Outcome, Program, Retrier, State } from "./definition.ts";
import { EngineError } from "./errors.ts";
import { expressionText, isExpression } from "./expressions.ts";
import { compile } from "./functions.ts";
import { isJsonObject, isObject, type Json, type JsonObject, parseJson } from "./json.ts";
import { batcher, reader, writer } from "./load-map.ts";
import { isSupported, parseResource } from "./resource.ts";

/** What a definition may use. The engine runs its own integrations; `asl run` mocks any of them. */
export interface LoadOptions {
  readonly anyIntegration?: boolean;
}

const COMMON = ["Type", "Comment", "QueryLanguage", "Output"];
const FLOW = ["Next", "End", "Assign"];
const GUARD = ["Retry", "Catch"];
const FIELDS: Readonly<Record<string, readonly string[]>> = {
  Pass: [...COMMON, ...FLOW],
  Succeed: COMMON,
  Fail: ["Type", "Comment", "QueryLanguage", "Error", "Cause"],
  Wait: [...COMMON, ...FLOW, "Seconds", "Timestamp"],
  Choice: [...COMMON, "Assign", "Choices", "Default"],
  Task: [...COMMON, ...FLOW, ...GUARD, "Resource", "Arguments", "TimeoutSeconds", "HeartbeatSeconds", "Credentials"],
  Parallel: [...COMMON, ...FLOW, ...GUARD, "Arguments", "Branches"],
  Map: [
    ...COMMON,
    ...FLOW,
    ...GUARD,
    ...["ItemProcessor", "Items", "ItemSelector", "ItemReader", "ItemBatcher", "MaxConcurrency", "Label"],
    ...["ToleratedFailureCount", "ToleratedFailurePercentage", "ResultWriter"],
  ],
};
const JSONPATH_ONLY = new Set([
  ...["InputPath", "OutputPath", "ResultPath", "Parameters", "ResultSelector", "Result", "Iterator", "ItemsPath"],
  ...["SecondsPath", "TimestampPath", "TimeoutSecondsPath", "HeartbeatSecondsPath", "ErrorPath", "CausePath"],
  ...["MaxConcurrencyPath", "ToleratedFailureCountPath", "ToleratedFailurePercentagePath", "Variable"],
]);

/** Reads a state machine definition. Throws `InvalidDefinition` that lists every problem with its place. */
export function loadDefinition(text: string, options: LoadOptions = {}): Program {
  let json: Json;
  try {
    json = parseJson(text);
  } catch (error) {
    throw new EngineError("InvalidDefinition", `The definition is not JSON: ${String(error)}`);
  }
  const loader = new Loader(options);
  const program = loader.machine(json);
  if (loader.problems.length > 0 || program === undefined) {
    throw new EngineError("InvalidDefinition", `The definition cannot run here: ${loader.problems.join("; ")}.`);
  }
  return program;
}

class Loader {
  readonly problems: string[] = [];
  readonly levels = new Map<string, Level>();
  readonly #names = new Set<string>();
  readonly #options: LoadOptions;

  constructor(options: LoadOptions) {
    this.#options = options;
  }

  problem(where: string, what: string): void {
    this.problems.push(`${where === "" ? "/" : where}: ${what}`);
  }

  machine(json: Json): Program | undefined {
    if (!isJsonObject(json)) {
      this.problem("", "a state machine is a JSON object");
      return undefined;
    }
    const known = ["Comment", "StartAt", "States", "Version", "TimeoutSeconds", "QueryLanguage"];
    this.#unknown("", json, known);
    if (json["QueryLanguage"] !== "JSONata") {
      this.problem("", `QueryLanguage must be "JSONata"; JSONPath machines are not run here`);
    }
    const timeout = json["TimeoutSeconds"];
    if (timeout !== undefined && !(typeof timeout === "number" && Number.isInteger(timeout) && timeout > 0)) {
      this.problem("", "TimeoutSeconds must be a positive integer");
    }
    const startAt = this.level("", json);
    return { startAt, timeoutSeconds: typeof timeout === "number" ? timeout : undefined, levels: this.levels };
  }

  level(id: string, json: JsonObject): string {
    const startAt = json["StartAt"];
    const states = json["States"];
    if (typeof startAt !== "string") this.problem(id, "StartAt must be a string");
    if (!isJsonObject(states) || Object.keys(states).length === 0) {
      this.problem(id, "States must be an object with at least one state");
      return "";
    }
    const level = new Map<string, State>();
    const targets = new Set(typeof startAt === "string" ? [startAt] : []);
    for (const [name, body] of Object.entries(states)) {
      const where = `${id}/States/${name}`;
      if (name.length > 80) this.problem(where, "a state name has at most 80 characters");
      if (this.#names.has(name)) this.problem(where, "state names are unique in the whole machine");
      this.#names.add(name);
      if (!isJsonObject(body)) {
        this.problem(where, "a state is a JSON object");
        continue;
      }
      const state = this.#state(name, where, body);
      if (state === undefined) continue;
      level.set(name, state);
      for (const target of targetsOf(state)) {
        if (!Object.hasOwn(states, target)) this.problem(where, `there is no state "${target}" at this level`);
        targets.add(target);
      }
    }
    if (typeof startAt === "string" && !Object.hasOwn(states, startAt)) {
      this.problem(id, `StartAt names "${startAt}", which is no state at this level`);
    }
    for (const name of Object.keys(states)) {
      if (!targets.has(name)) this.problem(`${id}/States/${name}`, "no state leads here");
    }
    if (![...level.values()].some(isTerminal)) this.problem(id, "no state ends this level (End, Succeed or Fail)");
    this.levels.set(id, { id, startAt: String(startAt), states: level });
    return String(startAt);
  }

  #state(name: string, where: string, body: JsonObject): State | undefined {
    const type = body["Type"];
    const fields = typeof type === "string" ? FIELDS[type] : undefined;
    if (fields === undefined) {
      this.problem(where, `Type "${String(type)}" is not one of ${Object.keys(FIELDS).join(", ")}`);
      return undefined;
    }
    this.#unknown(where, body, fields);
    const language = body["QueryLanguage"];
    if (language !== undefined && language !== "JSONata") {
      this.problem(where, "QueryLanguage must be JSONata here as in the whole machine");
    }
    const next = this.#next(where, body, type === "Choice" || type === "Succeed" || type === "Fail");
    const common = { name, next, ...this.#outcome(where, body, type !== "Succeed" && type !== "Fail") };
    switch (type) {
      case "Pass":
        return { type, ...common };
      case "Succeed":
        return { type, ...common };
      case "Fail":
        for (const field of ["Error", "Cause"]) this.#expect(where, body, field, "string");
        return { type, ...common, error: this.#value(where, body, "Error"), cause: this.#value(where, body, "Cause") };
      case "Wait": {
        const seconds = this.#value(where, body, "Seconds");
        const timestamp = this.#value(where, body, "Timestamp");
        if ((seconds === undefined) === (timestamp === undefined)) {
          this.problem(where, "a Wait has exactly one of Seconds and Timestamp");
        }
        this.#expect(where, body, "Seconds", "number");
        this.#expect(where, body, "Timestamp", "string");
        return { type, ...common, seconds, timestamp };
      }
      case "Choice":
        return { type, ...common, ...this.#choice(where, body) };
      case "Task":
        return this.#task(where, body, common);
      case "Parallel": {
        const branches = body["Branches"];
        if (!Array.isArray(branches) || branches.length === 0) this.problem(where, "Branches must be a list");
        const ids = (Array.isArray(branches) ? branches : []).map((branch, index) => {
          const id = `${where}/Branches/${index}`;
          if (isJsonObject(branch)) {
            this.#unknown(id, branch, ["StartAt", "States", "Comment"]);
            this.level(id, branch);
          } else this.problem(id, "a branch is a JSON object");
          return id;
        });
        return {
          type,
          ...common,
          ...this.#guards(where, body),
          arguments: this.#value(where, body, "Arguments"),
          branches: ids,
        };
      }
      default:
        return this.#map(name, where, body, common);
    }
  }

  #task(
    where: string,
    body: JsonObject,
    common: { name: string; next: string | undefined } & Outcome,
  ): State | undefined {
    const arn = body["Resource"];
    const resource = typeof arn === "string" ? parseResource(arn) : undefined;
    if (resource === undefined || (!isSupported(resource) && this.#options.anyIntegration !== true)) {
      this.problem(where, `Resource ${JSON.stringify(arn ?? null)} is not an integration that runs here`);
      return undefined;
    }
    for (const field of ["TimeoutSeconds", "HeartbeatSeconds"]) this.#expect(where, body, field, "number");
    return {
      type: "Task",
      ...common,
      ...this.#guards(where, body),
      resource,
      arguments: this.#value(where, body, "Arguments"),
      timeoutSeconds: this.#value(where, body, "TimeoutSeconds"),
      heartbeatSeconds: this.#value(where, body, "HeartbeatSeconds"),
    };
  }

  #map(
    name: string,
    where: string,
    body: JsonObject,
    common: { name: string; next: string | undefined } & Outcome,
  ): MapState {
    const processor = body["ItemProcessor"];
    const id = `${where}/ItemProcessor`;
    let distributed = false;
    if (isJsonObject(processor)) {
      this.#unknown(id, processor, ["ProcessorConfig", "StartAt", "States", "Comment"]);
      const config = processor["ProcessorConfig"];
      const mode = isJsonObject(config) ? config["Mode"] : undefined;
      if (mode !== undefined && mode !== "INLINE" && mode !== "DISTRIBUTED") this.problem(id, "unknown Mode");
      distributed = mode === "DISTRIBUTED";
      this.level(id, processor);
    } else this.problem(where, "ItemProcessor is required");
    const only = [
      "ItemReader",
      "ItemBatcher",
      "ResultWriter",
      "ToleratedFailureCount",
      "ToleratedFailurePercentage",
      "Label",
    ];
    for (const field of only) {
      if (!distributed && body[field] !== undefined) this.problem(where, `${field} needs Mode DISTRIBUTED`);
    }
    if (body["ItemReader"] !== undefined && body["Items"] !== undefined) {
      this.problem(where, "a Map has Items or an ItemReader, not both");
    }
    const label = body["Label"];
    const report = (place: string, what: string): void => this.problem(`${where}/${place}`, what);
    for (const field of ["ItemReader", "ItemBatcher", "ResultWriter"]) this.#value(where, body, field);
    return {
      type: "Map",
      ...common,
      ...this.#guards(where, body),
      processor: id,
      distributed,
      label: typeof label === "string" ? label : name.replaceAll(/[^A-Za-z0-9_-]/g, "").slice(0, 40),
      items: this.#value(where, body, "Items"),
      itemReader: reader(body["ItemReader"], report),
      itemSelector: this.#value(where, body, "ItemSelector"),
      itemBatcher: batcher(body["ItemBatcher"], report),
      maxConcurrency: this.#value(where, body, "MaxConcurrency"),
      toleratedFailureCount: this.#value(where, body, "ToleratedFailureCount"),
      toleratedFailurePercentage: this.#value(where, body, "ToleratedFailurePercentage"),
      resultWriter: writer(body["ResultWriter"], report),
    };
  }

  #choice(where: string, body: JsonObject): Pick<Extract<State, { type: "Choice" }>, "choices" | "next"> {
    const rules = body["Choices"];
    if (!Array.isArray(rules) || rules.length === 0) this.problem(where, "Choices must be a list with a rule");
    const otherwise = body["Default"];
    if (otherwise !== undefined && typeof otherwise !== "string") this.problem(where, "Default must be a string");
    return {
      next: typeof otherwise === "string" ? otherwise : undefined,
      choices: (Array.isArray(rules) ? rules : []).flatMap((rule, index) => {
        const place = `${where}/Choices[${index}]`;
        const next = isJsonObject(rule) ? rule["Next"] : undefined;
        const condition = isJsonObject(rule) ? rule["Condition"] : undefined;
        if (!isJsonObject(rule) || typeof next !== "string" || condition === undefined) {
          this.problem(place, "a rule has a Condition and a Next");
          return [];
        }
        this.#unknown(place, rule, ["Condition", "Next", "Assign", "Output", "Comment"]);
        if (typeof condition !== "boolean" && !isExpression(condition)) {
          this.problem(place, "Condition must be a boolean or a {% %} expression");
        }
        this.#parse(`${place}/Condition`, condition);
        return [{ condition, next, ...this.#outcome(place, rule, true) }];
      }),
    };
  }

  #next(where: string, body: JsonObject, without: boolean): string | undefined {
    if (without) return undefined;
    const { Next: next, End: end } = body;
    if ((typeof next === "string") === (end === true)) this.problem(where, "a state has either Next or End: true");
    return typeof next === "string" ? next : undefined;
  }

  #outcome(where: string, body: JsonObject, assigns: boolean): Outcome {
    const assign = assigns ? body["Assign"] : undefined;
    if (assign !== undefined && !isJsonObject(assign)) this.problem(where, "Assign must be an object");
    for (const name of isJsonObject(assign) ? Object.keys(assign) : []) {
      if (!/^[\p{ID_Start}][\p{ID_Continue}]{0,79}$/u.test(name) || name === "states") {
        this.problem(where, `"${name}" is no name for a variable`);
      }
    }
    this.#parse(`${where}/Assign`, assign);
    return { assign: isJsonObject(assign) ? assign : undefined, output: this.#value(where, body, "Output") };
  }

  #guards(where: string, body: JsonObject): { retry: Retrier[]; catch: Catcher[] } {
    const list = (field: string): JsonObject[] => {
      const value = body[field];
      if (value === undefined) return [];
      if (!Array.isArray(value) || !value.every(isJsonObject)) {
        this.problem(where, `${field} must be a list of objects`);
        return [];
      }
      return value;
    };
    const errors = (place: string, item: JsonObject): string[] => {
      const names = item["ErrorEquals"];
      if (!Array.isArray(names) || names.length === 0 || !names.every((name) => typeof name === "string")) {
        this.problem(place, "ErrorEquals must be a list of error names");
        return [];
      }
      return names;
    };
    const number = (place: string, item: JsonObject, field: string, fallback: number, least: number): number => {
      const value = item[field];
      if (value === undefined) return fallback;
      if (typeof value === "number" && value >= least) return value;
      this.problem(place, `${field} must be a number of at least ${least}`);
      return fallback;
    };
    return {
      retry: list("Retry").map((item, index, all) => {
        const place = `${where}/Retry[${index}]`;
        const known = [
          "ErrorEquals",
          "IntervalSeconds",
          "MaxAttempts",
          "BackoffRate",
          "MaxDelaySeconds",
          "JitterStrategy",
        ];
        this.#unknown(place, item, [...known, "Comment"]);
        const errorEquals = errors(place, item);
        this.#wildcard(place, errorEquals, index === all.length - 1);
        return {
          errorEquals,
          intervalSeconds: number(place, item, "IntervalSeconds", 1, 1),
          maxAttempts: number(place, item, "MaxAttempts", 3, 0),
          backoffRate: number(place, item, "BackoffRate", 2, 1),
          maxDelaySeconds:
            item["MaxDelaySeconds"] === undefined ? undefined : number(place, item, "MaxDelaySeconds", 1, 1),
          jitter: item["JitterStrategy"] === "FULL",
        };
      }),
      catch: list("Catch").flatMap((item, index, all) => {
        const place = `${where}/Catch[${index}]`;
        this.#unknown(place, item, ["ErrorEquals", "Next", "Assign", "Output", "Comment"]);
        const errorEquals = errors(place, item);
        this.#wildcard(place, errorEquals, index === all.length - 1);
        const next = item["Next"];
        if (typeof next !== "string") {
          this.problem(place, "a catcher has a Next");
          return [];
        }
        return [{ errorEquals, next, ...this.#outcome(place, item, true) }];
      }),
    };
  }

  #wildcard(place: string, names: readonly string[], last: boolean): void {
    if (!names.includes("States.ALL")) return;
    if (names.length > 1) this.problem(place, "States.ALL stands alone");
    if (!last) this.problem(place, "States.ALL stands in the last entry");
  }

  #unknown(where: string, body: JsonObject, known: readonly string[]): void {
    for (const field of Object.keys(body)) {
      if (known.includes(field)) continue;
      const why = JSONPATH_ONLY.has(field)
        ? "belongs to JSONPath; this engine runs JSONata only"
        : "is not supported here";
      this.problem(where, `field "${field}" ${why}`);
    }
  }

  #value(where: string, body: JsonObject, field: string): Json | undefined {
    const value = body[field];
    this.#parse(`${where}/${field}`, value);
    return value;
  }

  /** Every expression must parse, as on AWS, before anything runs. */
  #parse(where: string, value: Json | undefined): void {
    if (isExpression(value)) {
      try {
        compile(expressionText(value));
      } catch (error) {
        const message = isObject(error) ? error["message"] : error;
        this.problem(where, `the expression does not parse: ${String(message)}`);
      }
    } else if (Array.isArray(value)) value.forEach((item, index) => this.#parse(`${where}[${index}]`, item));
    else if (isJsonObject(value)) {
      for (const [key, item] of Object.entries(value)) this.#parse(`${where}/${key}`, item);
    }
  }

  #expect(where: string, body: JsonObject, field: string, type: "number" | "string"): void {
    const value = body[field];
    if (value === undefined || isExpression(value) || typeof value === type) return;
    this.problem(where, `${field} must be a ${type} or a {% %} expression`);
  }
}

const isTerminal = (state: State): boolean =>
  state.type === "Succeed" || state.type === "Fail" || (state.type !== "Choice" && state.next === undefined);

function targetsOf(state: State): string[] {
  const catches = "catch" in state ? state.catch.map((catcher) => catcher.next) : [];
  const choices = state.type === "Choice" ? state.choices.map((rule) => rule.next) : [];
  return [...catches, ...choices, ...(state.next === undefined ? [] : [state.next])];
}
