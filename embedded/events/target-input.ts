import type { RuleTarget } from "../assembly/triggers.ts";
import { isList, isObject, parseJson, type Json } from "../assembly/json.ts";

/** What a rule sends to its target: the event, a constant, a part of the event, or a filled template. */
export function targetInput(target: RuleTarget, event: Json, ruleName: string): string {
  if (target.input !== undefined) return target.input;
  if (target.inputPath !== undefined) return JSON.stringify(atPath(event, target.inputPath) ?? null);
  if (target.inputTransformer === undefined) return JSON.stringify(event);
  const { paths, template } = target.inputTransformer;
  const time = isObject(event) ? event["time"] : undefined;
  const values: Record<string, Json | undefined> = {
    "aws.events.event": event,
    "aws.events.event.json": event,
    "aws.events.rule-name": ruleName,
    "aws.events.event.ingestion-time": time,
  };
  for (const [name, path] of Object.entries(paths)) values[name] = atPath(event, path);
  return fill(template, values);
}

/**
 * Placeholders inside a quoted text become text; elsewhere they become JSON. A value that is not in the event
 * is an empty text, as EventBridge does it.
 */
function fill(template: string, values: Readonly<Record<string, Json | undefined>>): string {
  let out = "";
  let quoted = false;
  for (let index = 0; index < template.length; index += 1) {
    const char = template[index] ?? "";
    const name = char === "<" ? /^<([A-Za-z0-9_.-]+)>/.exec(template.slice(index))?.[1] : undefined;
    if (name !== undefined && name in values) {
      out += quoted ? inText(values[name]) : JSON.stringify(values[name] ?? "");
      index += name.length + 1;
      continue;
    }
    if (char === '"' && template[index - 1] !== "\\") quoted = !quoted;
    out += char;
  }
  const trimmed = out.trim();
  // A template of lines without braces is one text.
  return trimmed.startsWith("{") || trimmed.startsWith("[") || trimmed.startsWith('"')
    ? normal(trimmed)
    : JSON.stringify(trimmed);
}

const normal = (json: string): string => JSON.stringify(parseJson(json));

function inText(value: Json | undefined): string {
  const text = typeof value === "string" ? value : value === undefined ? "" : JSON.stringify(value);
  return JSON.stringify(text).slice(1, -1);
}

/** The subset of JSONPath that EventBridge has: dots, `['name']` and indexes. */
export function atPath(event: Json, path: string): Json | undefined {
  let value: Json | undefined = event;
  for (const [, dotted, quoted, index] of path.replace(/^\$/, "").matchAll(/\.([^.[\]]+)|\['([^']+)'\]|\[(\d+)\]/g)) {
    if (index !== undefined) value = isList(value) ? value[Number(index)] : undefined;
    else value = isObject(value) ? value[dotted ?? quoted ?? ""] : undefined;
  }
  return value;
}
