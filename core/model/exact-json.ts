/**
 * JSON without loss: Iceberg ids are 64-bit integers and `JSON.parse` rounds them (8 of 10 random snapshot ids
 * change). Integers beyond 2^53 are read as `bigint` and any `bigint` is written digit for digit.
 */

declare global {
  // ES2025 "JSON.parse source text access": in Node 24, not yet in TypeScript's es2024 library.
  interface JSON {
    parse(
      text: string,
      reviver: (this: unknown, key: string, value: unknown, context: { readonly source?: string }) => unknown,
    ): unknown;
    rawJSON(text: string): object;
  }
}

export function parseJson(text: string): unknown {
  return JSON.parse(text, (_key, value: unknown, context) =>
    typeof value === "number" && !Number.isSafeInteger(value) && /^-?\d+$/.test(context.source ?? "")
      ? BigInt(context.source ?? "0")
      : value,
  );
}

export function formatJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === "bigint" ? JSON.rawJSON(String(inner)) : inner,
  );
}
