import { createHash } from "node:crypto";
import jsonata from "jsonata";
import { isObject, type Json, parseJson } from "./json.ts";

/** Where an evaluation takes time and chance from: both are the engine's, so a run can be made repeatable. */
export interface Ambient {
  now(): number;
  random(): number;
}

const HASHES: Readonly<Record<string, string>> = {
  MD5: "md5",
  "SHA-1": "sha1",
  "SHA-256": "sha256",
  "SHA-384": "sha384",
  "SHA-512": "sha512",
};
// No list that fits into a state is longer; a bound keeps a typing mistake from taking the engine's memory.
const LONGEST_RANGE = 1_000_000;

const fromMillis = jsonata("$fromMillis(millis, picture, zone)");

/** The functions that Step Functions adds to JSONata, with $now, $millis and $random on the engine's clock. */
export const stepFunctions = (ambient: Ambient): Record<string, unknown> => {
  const now = ambient.now();
  return {
    // AWS disables $eval; calling a variable without a value gives the same T1006 as there.
    eval: undefined,
    millis: () => now,
    now: (picture?: string, zone?: string): Promise<unknown> =>
      picture === undefined && zone === undefined
        ? Promise.resolve(new Date(now).toISOString())
        : fromMillis.evaluate({ millis: now, picture, zone }),
    random: (seed?: number) => (seed === undefined ? ambient.random() : javaRandom(seed)),
    uuid: () => uuid(ambient),
    parse: (text: unknown): Json | undefined => (text === undefined ? undefined : parseJson(String(text))),
    hash: (value: unknown, algorithm: unknown): string | undefined => {
      if (value === undefined) return undefined;
      const name = HASHES[String(algorithm)];
      if (name === undefined) throw new Error(`Unsupported hash algorithm ${String(algorithm)}`);
      const text = typeof value === "string" ? value : JSON.stringify(value);
      return createHash(name).update(text, "utf8").digest("hex");
    },
    partition: (list: unknown, size: unknown): unknown[][] | undefined => {
      if (list === undefined || size === undefined) return undefined;
      const items: unknown[] = Array.isArray(list) ? list : [list];
      const step = Math.trunc(Number(size));
      if (!(step > 0)) throw new Error("The chunk size of $partition must be a positive number");
      return Array.from({ length: Math.ceil(items.length / step) }, (_, i) => items.slice(i * step, (i + 1) * step));
    },
    range: (start: unknown, end: unknown, step: unknown = 1): number[] | undefined => {
      if (start === undefined || end === undefined) return undefined;
      const [first, last, stride] = [Number(start), Number(end), Number(step)];
      if (!Number.isFinite(first + last + stride) || stride === 0) throw new Error("$range needs a step other than 0");
      const length = Math.max(0, Math.floor((last - first) / stride) + 1);
      if (length > LONGEST_RANGE) throw new Error(`$range makes at most ${LONGEST_RANGE} numbers`);
      return Array.from({ length }, (_, i) => first + i * stride);
    },
  };
};

export function uuid(ambient: Ambient): string {
  const hex = Array.from({ length: 32 }, () => Math.floor(ambient.random() * 16).toString(16));
  hex[12] = "4";
  hex[16] = (8 + Math.floor(ambient.random() * 4)).toString(16);
  const text = hex.join("");
  return [text.slice(0, 8), text.slice(8, 12), text.slice(12, 16), text.slice(16, 20), text.slice(20)].join("-");
}

/** `$random(seed)` is java.util.Random's nextDouble on AWS, bit for bit. */
function javaRandom(seed: number): number {
  const mask = (1n << 48n) - 1n;
  let state = (BigInt(Math.trunc(seed)) ^ 0x5deece66dn) & mask;
  const next = (bits: bigint): number => {
    state = (state * 0x5deece66dn + 0xbn) & mask;
    return Number(state >> (48n - bits));
  };
  const high = next(26n);
  return (high * 2 ** 27 + next(27n)) * 2 ** -53;
}

/** Compiled expressions are kept: a machine evaluates the same few thousand texts for ever. */
const compiled = new Map<string, jsonata.Expression>();
const COMPILED_LIMIT = 5_000;
// Bounds of one evaluation. AWS has them too but does not publish them.
const GUARD = { timeout: 10_000, stack: 1_000, sequence: 1_000_000 };

export function compile(text: string): jsonata.Expression {
  const known = compiled.get(text);
  if (known !== undefined) return known;
  const expression = jsonata(text, GUARD);
  if (compiled.size >= COMPILED_LIMIT) compiled.clear();
  compiled.set(text, expression);
  return expression;
}

/** The result is, or holds, a function. */
export class UnsupportedResult extends Error {}

/** What an expression yields, as JSON; undefined when it yields nothing. Throws UnsupportedResult and what jsonata throws. */
export async function evaluate(text: string, bindings: Record<string, unknown>): Promise<Json | undefined> {
  const value: unknown = await compile(text).evaluate(undefined, bindings);
  const json = JSON.stringify(value, (_key, part: unknown) => {
    if (typeof part === "function" || (isObject(part) && "_jsonata_lambda" in part)) throw new UnsupportedResult();
    return part;
  });
  return json === undefined ? undefined : parseJson(json);
}
