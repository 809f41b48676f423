/** JSON with sorted keys, no spaces and numbers as they were spelt: how the fixtures' facts hash a value. */

/** Numbers become objects that `JSON.stringify` writes digit for digit. */
export const parseExactly = (text: string): unknown =>
  JSON.parse(text, (_key, value: unknown, { source }) =>
    typeof value === "number" && source !== undefined ? JSON.rawJSON(source) : value,
  );

export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value !== "object" || value === null || "rawJSON" in value) return JSON.stringify(value);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, inner]) => `${JSON.stringify(key)}:${canonical(inner)}`).join(",")}}`;
}
