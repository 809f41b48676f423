import { Failure } from "./failures.ts";

/**
 * The JSON form of documents with history: old and new hashes of the same course compare equal only if the text is
 * spelled as it always was. `JSON.parse` cannot be used, because it reorders integer-like keys and rounds integers.
 */
export type LegacyJson =
  | null
  | boolean
  | string
  | LegacyNumber
  | readonly LegacyJson[]
  | ReadonlyMap<string, LegacyJson>;

/** A number, spelled as it is written again. */
export class LegacyNumber {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** Deeper documents are refused: a parser that recurses would otherwise end the process. */
const MAX_DEPTH = 1_000;
const ESCAPES: Readonly<Record<string, string>> = {
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  "/": "/",
  "\\": "\\",
  '"': '"',
};
const SHORT: Readonly<Record<string, string>> = {
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  '"': '\\"',
  "\\": "\\\\",
};

/** A JSON string literal in ASCII: every code unit outside 0x20-0x7E is `\uXXXX` in lower case, or its short form. */
export function asciiJsonString(value: string): string {
  const escaped = value.replace(
    /["\\]|[^\x20-\x7e]/g,
    (unit) => SHORT[unit] ?? `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return `"${escaped}"`;
}

/** Shortest text that reads back as the same double: `12.0`, `1e-05`, `1e+16`. */
export function floatText(value: number): string {
  if (!Number.isFinite(value)) {
    throw new Failure("Malformed", `${value} has no JSON form.`, { code: "number_out_of_range", what: "write JSON" });
  }
  const sign = value < 0 || Object.is(value, -0) ? "-" : "";
  const [mantissa = "0", power = "0"] = Math.abs(value).toExponential().split("e");
  const exponent = Number(power);
  const digits = mantissa.replace(".", "");
  if (exponent < -4 || exponent >= 16) {
    const head = digits.length > 1 ? `${digits[0]}.${digits.slice(1)}` : digits;
    return `${sign}${head}e${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(2, "0")}`;
  }
  if (exponent < 0) return `${sign}0.${"0".repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, "0");
  return `${sign}${whole}.${digits.slice(exponent + 1) || "0"}`;
}

/** Throws Malformed `invalid_json` with the offset of the fault in UTF-16 units. */
export function parseLegacyJson(text: string): LegacyJson {
  const reader = new Reader(text);
  const value = reader.value(0);
  reader.expectEnd();
  return value;
}

export function legacyJsonText(value: LegacyJson): string {
  if (value === null) return "null";
  if (typeof value === "boolean") return value ? "true" : "false";
  if (typeof value === "string") return asciiJsonString(value);
  if (value instanceof LegacyNumber) return value.text;
  if (value instanceof Map) {
    const parts: string[] = [];
    for (const [key, member] of value) parts.push(`${asciiJsonString(key)}: ${legacyJsonText(member)}`);
    return `{${parts.join(", ")}}`;
  }
  return isList(value) ? `[${value.map((item) => legacyJsonText(item)).join(", ")}]` : "null";
}

const isList = (value: LegacyJson): value is readonly LegacyJson[] => Array.isArray(value);

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  expectEnd(): void {
    this.#blank();
    if (this.#at < this.#text.length) throw this.#fault("there is more after the value");
  }

  value(depth: number): LegacyJson {
    if (depth > MAX_DEPTH) throw this.#fault(`values are nested deeper than ${MAX_DEPTH}`);
    this.#blank();
    switch (this.#text[this.#at]) {
      case "{":
        return this.#object(depth);
      case "[":
        return this.#array(depth);
      case '"':
        return this.#string();
      case "t":
        return this.#word("true", true);
      case "f":
        return this.#word("false", false);
      case "n":
        return this.#word("null", null);
      default:
        return this.#number();
    }
  }

  #object(depth: number): LegacyJson {
    const members = new Map<string, LegacyJson>();
    this.#at += 1;
    if (this.#next("}")) return members;
    do {
      this.#blank();
      if (this.#text[this.#at] !== '"') throw this.#fault("a key must be a string");
      const key = this.#string();
      if (!this.#next(":")) throw this.#fault("a key must be followed by a colon");
      members.set(key, this.value(depth + 1));
    } while (this.#next(","));
    if (!this.#next("}")) throw this.#fault("an object is not closed");
    return members;
  }

  #array(depth: number): LegacyJson {
    const items: LegacyJson[] = [];
    this.#at += 1;
    if (this.#next("]")) return items;
    do {
      items.push(this.value(depth + 1));
    } while (this.#next(","));
    if (!this.#next("]")) throw this.#fault("an array is not closed");
    return items;
  }

  #string(): string {
    let out = "";
    this.#at += 1;
    for (;;) {
      const plain = /[^"\\\x00-\x1f]*/y;
      plain.lastIndex = this.#at;
      const run = plain.exec(this.#text)?.[0] ?? "";
      out += run;
      this.#at += run.length;
      const stop = this.#text[this.#at];
      if (stop === '"') break;
      if (stop !== "\\") throw this.#fault("a string is not closed or holds a control character");
      out += this.#escape();
    }
    this.#at += 1;
    return out;
  }

  #escape(): string {
    const kind = this.#text[this.#at + 1] ?? "";
    if (kind === "u") {
      const hex = this.#text.slice(this.#at + 2, this.#at + 6);
      if (!/^[0-9a-fA-F]{4}$/.test(hex)) throw this.#fault("\\u needs four hexadecimal digits");
      this.#at += 6;
      return String.fromCharCode(Number.parseInt(hex, 16));
    }
    const plain = ESCAPES[kind];
    if (plain === undefined) throw this.#fault("unknown escape");
    this.#at += 2;
    return plain;
  }

  #number(): LegacyNumber {
    const form = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y;
    form.lastIndex = this.#at;
    const match = form.exec(this.#text);
    if (match === null) throw this.#fault("a value is expected");
    this.#at += match[0].length;
    const whole = match[1] === undefined && match[2] === undefined;
    if (whole) return new LegacyNumber(match[0] === "-0" ? "0" : match[0]);
    return new LegacyNumber(floatText(Number(match[0])));
  }

  #word<T extends boolean | null>(word: string, value: T): T {
    if (!this.#text.startsWith(word, this.#at)) throw this.#fault("a value is expected");
    this.#at += word.length;
    return value;
  }

  #next(character: string): boolean {
    this.#blank();
    if (this.#text[this.#at] !== character) return false;
    this.#at += 1;
    return true;
  }

  #blank(): void {
    while (" \t\n\r".includes(this.#text[this.#at] ?? "x")) this.#at += 1;
  }

  #fault(reason: string): Failure {
    return new Failure("Malformed", `Not JSON at offset ${this.#at}: ${reason}.`, {
      code: "invalid_json",
      what: "read a JSON document",
      details: { offset: this.#at },
    });
  }
}
