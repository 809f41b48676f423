/** JSON as state machines see it. */
export type Json = null | boolean | number | string | Json[] | JsonObject;
export type JsonObject = { [key: string]: Json };

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export const isJsonObject = (value: Json | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** What is left of any value after a round trip through JSON text; undefined when nothing is. */
export function toJson(value: unknown): Json | undefined {
  const text = JSON.stringify(value);
  return text === undefined ? undefined : parseJson(text);
}

export function parseJson(text: string): Json {
  return JSON.parse(text);
}

/** Step Functions counts payloads in bytes of UTF-8. */
export const PAYLOAD_LIMIT_BYTES = 262_144;
export const isTooLarge = (text: string): boolean =>
  text.length > PAYLOAD_LIMIT_BYTES || Buffer.byteLength(text) > PAYLOAD_LIMIT_BYTES;

/** Equal values give equal text, whatever the order of their keys. */
export function canonical(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (!isJsonObject(value)) return JSON.stringify(value);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonical(item)}`).join(",")}}`;
}

export const typeName = (value: Json): string =>
  value === null ? "null" : Array.isArray(value) ? "array" : typeof value;
