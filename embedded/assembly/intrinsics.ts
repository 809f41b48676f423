import { Buffer } from "node:buffer";
import { isList, isObject, text, type Json, type JsonObject } from "./json.ts";

/** What a template's functions look up. `undefined` from `attribute` or `ref` is an error of the template. */
export interface Scope {
  ref(logicalId: string): Json;
  attribute(logicalId: string, attribute: string): Json;
  importValue(exportName: string): Json;
  stackOutput(stack: string, output: string): Json;
  condition(name: string): boolean;
  mapping(map: string, top: string, second: string): Json;
}

/** `AWS::NoValue` removes the member that holds it. */
const NO_VALUE = Symbol("AWS::NoValue");
type Resolved = Json | typeof NO_VALUE;

/**
 * Resolves CloudFormation's intrinsic functions. By hand: what npm offers is a mock of a whole deployment or
 * knows only Ref and Fn::Sub.
 */
export function resolveIntrinsics(value: Json, scope: Scope): Json {
  const resolved = resolveValue(value, scope);
  return resolved === NO_VALUE ? null : resolved;
}

function resolveValue(value: Json, scope: Scope): Resolved {
  if (isList(value)) {
    return value.map((item) => resolveValue(item, scope)).filter((item): item is Json => item !== NO_VALUE);
  }
  if (!isObject(value)) return value;
  const keys = Object.keys(value);
  const [name] = keys;
  if (keys.length === 1 && name !== undefined && (name === "Ref" || name.startsWith("Fn::"))) {
    return call(name, value[name] ?? null, scope);
  }
  const out: Record<string, Json> = {};
  for (const [key, item] of Object.entries(value)) {
    const resolved = resolveValue(item, scope);
    if (resolved !== NO_VALUE) out[key] = resolved;
  }
  return out;
}

function call(name: string, argument: Json, scope: Scope): Resolved {
  if (name === "Ref") return argument === "AWS::NoValue" ? NO_VALUE : scope.ref(String(argument));
  if (name === "Fn::If") {
    const [condition, yes, no] = isList(argument) ? argument : [];
    return resolveValue((scope.condition(String(condition)) ? yes : no) ?? null, scope);
  }
  if (name === "Fn::Sub") return substitute(argument, scope);
  const resolved = resolveIntrinsics(argument, scope);
  const list = isList(resolved) ? resolved : [];
  switch (name) {
    case "Fn::GetAtt": {
      const parts = typeof resolved === "string" ? resolved.split(".") : list.map(String);
      return scope.attribute(parts[0] ?? "", parts.slice(1).join("."));
    }
    case "Fn::Join":
      return (isList(list[1]) ? list[1] : []).map((item) => text(item) ?? "").join(text(list[0]) ?? "");
    case "Fn::Split":
      return (text(list[1]) ?? "").split(text(list[0]) ?? "");
    case "Fn::Select":
      return (isList(list[1]) ? list[1] : [])[Number(list[0])] ?? null;
    case "Fn::ImportValue":
      return scope.importValue(text(resolved) ?? "");
    case "Fn::GetStackOutput": {
      const output: JsonObject = isObject(resolved) ? resolved : {};
      return scope.stackOutput(text(output["StackName"]) ?? "", text(output["OutputName"]) ?? "");
    }
    case "Fn::FindInMap":
      return scope.mapping(text(list[0]) ?? "", text(list[1]) ?? "", text(list[2]) ?? "");
    case "Fn::Base64":
      return Buffer.from(text(resolved) ?? "").toString("base64");
    case "Fn::ToJsonString":
      return JSON.stringify(resolved);
    case "Fn::GetAZs":
      return ["us-east-1a", "us-east-1b", "us-east-1c"];
    case "Fn::Cidr":
      return Array.from({ length: Number(list[1] ?? 1) }, (_, index) => `10.0.${index}.0/24`);
    default:
      throw new Error(`The template uses ${name}, which is not known here.`);
  }
}

/** `${Name}`, `${Name.Attr}` and names given in the second argument; `${!x}` is the text `${x}`. */
function substitute(argument: Json, scope: Scope): string {
  const [template, given] = isList(argument) ? argument : [argument];
  const values: JsonObject = isObject(given) ? given : {};
  return (text(template) ?? "").replaceAll(/\$\{(!?)([^}]+)\}/g, (_, literal: string, name: string) => {
    if (literal === "!") return `\${${name}}`;
    const own = values[name];
    if (own !== undefined) return text(resolveIntrinsics(own, scope)) ?? "";
    const dot = name.indexOf(".");
    const value = dot < 0 ? scope.ref(name) : scope.attribute(name.slice(0, dot), name.slice(dot + 1));
    return text(value) ?? "";
  });
}

/** The condition functions of the `Conditions` section. */
export function evaluateCondition(value: Json, scope: Scope): boolean {
  if (!isObject(value)) return value === true || value === "true";
  const [name, argument] = Object.entries(value)[0] ?? ["", null];
  const list = isList(argument) ? argument : [];
  switch (name) {
    case "Condition":
      return scope.condition(String(argument));
    case "Fn::Equals":
      return (
        JSON.stringify(resolveIntrinsics(list[0] ?? null, scope)) ===
        JSON.stringify(resolveIntrinsics(list[1] ?? null, scope))
      );
    case "Fn::And":
      return list.every((item) => evaluateCondition(item, scope));
    case "Fn::Or":
      return list.some((item) => evaluateCondition(item, scope));
    case "Fn::Not":
      return !evaluateCondition(list[0] ?? false, scope);
    default:
      return false;
  }
}
