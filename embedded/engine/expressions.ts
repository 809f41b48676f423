import { EvaluationFailure } from "./errors.ts";
import { type Ambient, evaluate, stepFunctions, UnsupportedResult } from "./functions.ts";
import { isJsonObject, isObject, type Json, type JsonObject, typeName } from "./json.ts";

/** What the expressions of one state can see. */
export interface Scope {
  readonly variables: JsonObject;
  readonly states: JsonObject;
  readonly ambient: Ambient;
}

export const isExpression = (value: Json | undefined): value is string =>
  typeof value === "string" && value.startsWith("{%") && value.endsWith("%}") && value.length >= 4;

export const expressionText = (value: string): string => value.slice(2, -2).trim();

/** Replaces every `{% %}` string in a value. `field` is where the value stands, relative to the state. */
export async function resolve(value: Json, field: string, scope: Scope): Promise<Json> {
  if (isExpression(value)) return evaluateField(value, field, scope);
  if (Array.isArray(value)) {
    const items: Json[] = [];
    for (const [index, item] of value.entries()) items.push(await resolve(item, `${field}[${index}]`, scope));
    return items;
  }
  if (!isJsonObject(value)) return value;
  const object: JsonObject = {};
  for (const [key, item] of Object.entries(value)) object[key] = await resolve(item, `${field}/${key}`, scope);
  return object;
}

async function evaluateField(value: string, field: string, scope: Scope): Promise<Json> {
  const text = expressionText(value);
  const about = `The JSONata expression '${text}' specified for the field '${field}'`;
  let result: Json | undefined;
  try {
    result = await evaluate(text, { ...stepFunctions(scope.ambient), ...scope.variables, states: scope.states });
  } catch (error) {
    if (error instanceof UnsupportedResult) {
      throw new EvaluationFailure(`${about} returned an unsupported result type.`, field);
    }
    throw new EvaluationFailure(`${about} threw an error during evaluation${describe(error)}`, field);
  }
  if (result === undefined) throw new EvaluationFailure(`${about} returned nothing (undefined).`, field);
  return result;
}

/** AWS ends the sentence with `. <code>: <message>` for coded JSONata errors and with `: <message>` for others. */
function describe(error: unknown): string {
  const message = isObject(error) && typeof error["message"] === "string" ? error["message"] : String(error);
  const code = isObject(error) && typeof error["code"] === "string" ? error["code"] : undefined;
  return code === undefined ? `: ${message}` : `. ${code}: ${message}`;
}

export async function resolveBoolean(value: Json, field: string, scope: Scope): Promise<boolean> {
  const result = await resolve(value, field, scope);
  if (typeof result !== "boolean") throw wrongType(value, field, "boolean", result);
  return result;
}

export async function resolveString(value: Json, field: string, scope: Scope): Promise<string> {
  const result = await resolve(value, field, scope);
  if (typeof result !== "string") throw wrongType(value, field, "string", result);
  return result;
}

/** Of a Map's items, how many may fail: any number from 0 to 100. */
export async function resolvePercentage(value: Json | undefined, scope: Scope): Promise<number | undefined> {
  if (value === undefined) return undefined;
  const field = "ToleratedFailurePercentage";
  const result = await resolve(value, field, scope);
  if (typeof result !== "number") throw wrongType(value, field, "number", result);
  if (result >= 0 && result <= 100) return result;
  throw new EvaluationFailure("ToleratedFailurePercentage must be between 0 and 100.", field);
}

/** A number that must be whole and at least `least`; undefined stays undefined. */
export async function resolveInteger(
  value: Json | undefined,
  field: string,
  scope: Scope,
  least: number,
): Promise<number | undefined> {
  if (value === undefined) return undefined;
  const result = await resolve(value, field, scope);
  if (typeof result !== "number") throw wrongType(value, field, "number", result);
  if (!Number.isInteger(result) || result < least) {
    throw new EvaluationFailure(
      `The JSONata expression '${source(value)}' specified for the field '${field}' returned the value ${result}, which is not an integer of at least ${least}.`,
      field,
    );
  }
  return result;
}

export function wrongType(value: Json, field: string, expected: string, result: Json): EvaluationFailure {
  return new EvaluationFailure(
    `The JSONata expression '${source(value)}' specified for the field '${field}' returned an unexpected result type. ` +
      `Expected '${expected}', but was '${typeName(result)}' for value: ${JSON.stringify(result)}`,
    field,
  );
}

const source = (value: Json): string => (isExpression(value) ? expressionText(value) : JSON.stringify(value));
