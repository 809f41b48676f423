import type { MapState, Outcome, State } from "./definition.ts";
import { isExpression } from "./expressions.ts";
import { isJsonObject, type Json, type JsonObject } from "./json.ts";
import { guards, outcome } from "./load-guards.ts";
import { batcher, reader, writer } from "./load-map.ts";
import type { Problems } from "./problems.ts";
import { parseResource, type Resource } from "./resource.ts";

/** What reading one state needs of the loader. */
export interface StateLoader {
  readonly problems: Problems;
  /** Whether an integration can be carried out. */
  runs(resource: Resource): boolean;
  level(id: string, json: JsonObject): void;
}

type Common = { readonly name: string; readonly next: string | undefined } & Outcome;

const COMMON = ["Type", "Comment", "QueryLanguage"];
const FLOW = ["Output", "Assign", "Next", "End"];
const GUARDED = [...COMMON, ...FLOW, "Retry", "Catch", "Arguments"];
const DISTRIBUTED_ONLY = ["ItemReader", "ItemBatcher", "ResultWriter", "Label"];
// AWS takes these in an inline Map too, where they do nothing.
const TOLERANCE = ["ToleratedFailureCount", "ToleratedFailurePercentage"];
const FIELDS: Readonly<Record<string, readonly string[]>> = {
  Pass: [...COMMON, ...FLOW],
  Succeed: [...COMMON, "Output"],
  Fail: [...COMMON, "Error", "Cause"],
  Wait: [...COMMON, ...FLOW, "Seconds", "Timestamp"],
  Choice: [...COMMON, "Output", "Assign", "Choices", "Default"],
  Task: [...GUARDED, "Resource", "TimeoutSeconds", "HeartbeatSeconds", "Credentials"],
  Parallel: [...GUARDED, "Branches"],
  Map: [
    ...GUARDED.filter((field) => field !== "Arguments"),
    ...["ItemProcessor", "Items", "ItemSelector", "MaxConcurrency", ...DISTRIBUTED_ONLY, ...TOLERANCE],
  ],
};

export function loadState(loader: StateLoader, name: string, where: string, body: JsonObject): State | undefined {
  const { problems } = loader;
  const type = body["Type"];
  const fields = typeof type === "string" ? FIELDS[type] : undefined;
  if (fields === undefined) {
    problems.report(where, `Type ${JSON.stringify(type ?? null)} is not one of ${Object.keys(FIELDS).join(", ")}`);
    return undefined;
  }
  problems.unknown(where, body, fields);
  const flows = type !== "Choice" && type !== "Succeed" && type !== "Fail";
  const next = flows ? nextOf(problems, where, body) : undefined;
  const common: Common = { name, next, ...outcome(problems, where, body, type !== "Succeed" && type !== "Fail") };
  switch (type) {
    case "Pass":
    case "Succeed":
      return { type, ...common };
    case "Fail": {
      const error = problems.expect(where, body, "Error", "string");
      return { type, ...common, error, cause: problems.expect(where, body, "Cause", "string") };
    }
    case "Wait": {
      const seconds = problems.expect(where, body, "Seconds", "number");
      const timestamp = problems.expect(where, body, "Timestamp", "string");
      if ((seconds === undefined) === (timestamp === undefined)) {
        problems.report(where, "a Wait has exactly one of Seconds and Timestamp");
      }
      return { type, ...common, seconds, timestamp };
    }
    case "Choice":
      return choice(problems, where, body, common);
    case "Task":
      return task(loader, where, body, common);
    case "Parallel":
      return parallel(loader, where, body, common);
    default:
      return map(loader, where, body, common);
  }
}

function nextOf(problems: Problems, where: string, body: JsonObject): string | undefined {
  const { Next: next, End: end } = body;
  if ((typeof next === "string") === (end === true)) problems.report(where, "a state has either Next or End: true");
  return typeof next === "string" ? next : undefined;
}

function choice(problems: Problems, where: string, body: JsonObject, common: Common): State {
  const rules = body["Choices"];
  if (!Array.isArray(rules) || rules.length === 0) problems.report(where, "Choices must be a list with a rule");
  const otherwise = body["Default"];
  if (otherwise !== undefined && typeof otherwise !== "string") problems.report(where, "Default must be a string");
  return {
    type: "Choice",
    ...common,
    next: typeof otherwise === "string" ? otherwise : undefined,
    choices: (Array.isArray(rules) ? rules : []).flatMap((rule, index) => {
      const place = `${where}/Choices[${index}]`;
      const { Next: next, Condition: condition }: JsonObject = isJsonObject(rule) ? rule : {};
      if (!isJsonObject(rule) || typeof next !== "string" || condition === undefined) {
        problems.report(place, "a rule has a Condition and a Next");
        return [];
      }
      problems.unknown(place, rule, ["Condition", "Next", "Assign", "Output", "Comment"]);
      if (typeof condition !== "boolean" && !isExpression(condition)) {
        problems.report(place, "Condition must be a boolean or a {% %} expression");
      }
      problems.parse(`${place}/Condition`, condition);
      return [{ condition, next, ...outcome(problems, place, rule, true) }];
    }),
  };
}

function task(loader: StateLoader, where: string, body: JsonObject, common: Common): State | undefined {
  const { problems } = loader;
  const arn = body["Resource"];
  const resource = typeof arn === "string" ? parseResource(arn) : undefined;
  if (resource === undefined || !loader.runs(resource)) {
    problems.report(where, `Resource ${JSON.stringify(arn ?? null)} is not an integration that runs here`);
    return undefined;
  }
  return {
    type: "Task",
    ...common,
    ...guards(problems, where, body),
    resource,
    arguments: problems.value(where, body, "Arguments"),
    timeoutSeconds: problems.expect(where, body, "TimeoutSeconds", "number"),
    heartbeatSeconds: problems.expect(where, body, "HeartbeatSeconds", "number"),
  };
}

function parallel(loader: StateLoader, where: string, body: JsonObject, common: Common): State {
  const { problems } = loader;
  const branches = body["Branches"];
  if (!Array.isArray(branches) || branches.length === 0)
    problems.report(where, "Branches must be a list with a branch");
  return {
    type: "Parallel",
    ...common,
    ...guards(problems, where, body),
    arguments: problems.value(where, body, "Arguments"),
    branches: (Array.isArray(branches) ? branches : []).map((branch, index) => {
      const id = `${where}/Branches/${index}`;
      sublevel(loader, id, branch, []);
      return id;
    }),
  };
}

function map(loader: StateLoader, where: string, body: JsonObject, common: Common): MapState {
  const { problems } = loader;
  const processor = body["ItemProcessor"];
  const config = isJsonObject(processor) ? processor["ProcessorConfig"] : undefined;
  const mode = isJsonObject(config) ? (config["Mode"] ?? "INLINE") : "INLINE";
  if (mode !== "INLINE" && mode !== "DISTRIBUTED") problems.report(where, "Mode must be INLINE or DISTRIBUTED");
  const distributed = mode === "DISTRIBUTED";
  sublevel(loader, `${where}/ItemProcessor`, processor, ["ProcessorConfig"]);
  for (const field of distributed ? [] : DISTRIBUTED_ONLY) {
    if (body[field] !== undefined) problems.report(where, `${field} needs Mode DISTRIBUTED`);
  }
  if (body["ItemReader"] !== undefined && body["Items"] !== undefined) {
    problems.report(where, "a Map has Items or an ItemReader, not both");
  }
  const report = (place: string, what: string): void => problems.report(`${where}/${place}`, what);
  const value = (field: string): Json | undefined => problems.value(where, body, field);
  const label = body["Label"];
  return {
    type: "Map",
    ...common,
    ...guards(problems, where, body),
    processor: `${where}/ItemProcessor`,
    distributed,
    label: typeof label === "string" ? label : common.name.replaceAll(/[^A-Za-z0-9_-]/g, "").slice(0, 40),
    items: value("Items"),
    itemReader: reader(value("ItemReader"), report),
    itemSelector: value("ItemSelector"),
    itemBatcher: batcher(value("ItemBatcher"), report),
    maxConcurrency: problems.expect(where, body, "MaxConcurrency", "number"),
    toleratedFailureCount: problems.expect(where, body, "ToleratedFailureCount", "number"),
    toleratedFailurePercentage: problems.expect(where, body, "ToleratedFailurePercentage", "number"),
    resultWriter: writer(value("ResultWriter"), report),
  };
}

function sublevel(loader: StateLoader, id: string, json: Json | undefined, more: readonly string[]): void {
  if (!isJsonObject(json)) {
    loader.problems.report(id, "must be an object with StartAt and States");
    return;
  }
  loader.problems.unknown(id, json, ["StartAt", "States", "Comment", ...more]);
  loader.level(id, json);
}
