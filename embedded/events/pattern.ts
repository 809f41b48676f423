import { BlockList, isIP } from "node:net";
import { isList, isObject, type Json, type JsonObject } from "../assembly/json.ts";

/**
 * EventBridge event patterns as documented: every field of the pattern must match; a list is "any of";
 * a field of the event that is an array matches when one of its elements does. By hand: the reference
 * implementation (event-ruler) exists in Java only.
 */
export function matchesPattern(pattern: JsonObject, event: Json | undefined): boolean {
  return Object.entries(pattern).every(([field, rule]) => {
    if (field === "$or")
      return isList(rule) && rule.some((branch) => isObject(branch) && matchesPattern(branch, event));
    // Objects inside an array of the event are alternatives, as the documentation's array matching has it.
    if (isList(event)) return event.some((element) => matchesPattern({ [field]: rule }, element));
    const value = isObject(event) ? event[field] : undefined;
    if (isList(rule)) return matchesAny(rule, value);
    return isObject(rule) && matchesPattern(rule, value);
  });
}

function matchesAny(rules: readonly Json[], value: Json | undefined): boolean {
  if (isList(value))
    return value.some((element) => matchesAny(rules, element)) || (value.length === 0 && matchesAny(rules, undefined));
  return rules.some((rule) => matchesOne(rule, value));
}

function matchesOne(rule: Json, value: Json | undefined): boolean {
  if (!isObject(rule)) return value !== undefined && rule === value;
  return Object.entries(rule).every(([operator, operand]) => applies(operator, operand, value));
}

function applies(operator: string, operand: Json, value: Json | undefined): boolean {
  switch (operator) {
    // `exists` is about leaves: an object is not one.
    case "exists":
      return (value !== undefined && !isObject(value)) === operand;
    case "prefix":
      return affix(operand, value, (subject, part) => subject.startsWith(part));
    case "suffix":
      return affix(operand, value, (subject, part) => subject.endsWith(part));
    case "equals-ignore-case":
      return typeof value === "string" && typeof operand === "string" && value.toLowerCase() === operand.toLowerCase();
    case "wildcard":
      return typeof value === "string" && typeof operand === "string" && wildcard(operand).test(value);
    case "anything-but":
      return value !== undefined && !isObject(value) && !exclusions(operand, value);
    case "numeric":
      return typeof value === "number" && isList(operand) && inRange(operand, value);
    case "cidr":
      return typeof value === "string" && typeof operand === "string" && inCidr(operand, value);
    default:
      throw new Error(`The event pattern uses "${operator}", which EventBridge does not document.`);
  }
}

function affix(operand: Json, value: Json | undefined, test: (subject: string, part: string) => boolean): boolean {
  if (typeof value !== "string") return false;
  if (typeof operand === "string") return test(value, operand);
  const folded = isObject(operand) ? operand["equals-ignore-case"] : undefined;
  return typeof folded === "string" && test(value.toLowerCase(), folded.toLowerCase());
}

/** `anything-but` takes a value, a list of values, or one operator with a value or a list. */
function exclusions(operand: Json, value: Json): boolean {
  if (isList(operand)) return operand.some((item) => exclusions(item, value));
  if (!isObject(operand)) return operand === value;
  return Object.entries(operand).some(([operator, inner]) =>
    (isList(inner) ? inner : [inner]).some((item) => applies(operator, item, value)),
  );
}

function wildcard(pattern: string): RegExp {
  const escaped = pattern.replaceAll(/\\([*\\])|\*|[.+?^${}()|[\]\\]/g, (found, literal: string | undefined) => {
    if (literal !== undefined) return `\\${literal}`;
    return found === "*" ? ".*" : `\\${found}`;
  });
  return new RegExp(`^${escaped}$`, "s");
}

function inRange(rule: readonly Json[], value: number): boolean {
  for (let index = 0; index + 1 < rule.length; index += 2) {
    const limit = rule[index + 1];
    if (typeof limit !== "number" || !compare(String(rule[index]), value, limit)) return false;
  }
  return rule.length >= 2;
}

function compare(operator: string, value: number, limit: number): boolean {
  if (operator === "=") return value === limit;
  if (operator === "<") return value < limit;
  if (operator === "<=") return value <= limit;
  if (operator === ">") return value > limit;
  return operator === ">=" && value >= limit;
}

function inCidr(range: string, address: string): boolean {
  const [network, bits] = range.split("/");
  const family = isIP(address) === 6 ? "ipv6" : "ipv4";
  if (network === undefined || isIP(address) === 0 || isIP(network) !== isIP(address)) return false;
  const list = new BlockList();
  list.addSubnet(network, Number(bits ?? (family === "ipv6" ? 128 : 32)), family);
  return list.check(address, family);
}
