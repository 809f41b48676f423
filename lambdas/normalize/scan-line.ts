import { CLOSE_BRACE, COLON, COMMA, OPEN_BRACE, OPEN_BRACKET, QUOTE, SPACE } from "./byte-classes.ts";
import { FIELDS } from "./columns.ts";
import { NestedReader } from "./nested-reader.ts";
import type { ScanFault } from "./text-reader.ts";

export type ValueKind = "object" | "array" | "string" | "number" | "boolean" | "null";

/** One member of the line's object: byte ranges in the scanned buffer. */
export interface Member {
  /** Place in FIELDS, or -1. */
  field: number;
  /** The key without its quotes. */
  keyStart: number;
  keyEnd: number;
  keyEscaped: boolean;
  kind: ValueKind;
  /** The value with its quotes or brackets. */
  start: number;
  end: number;
  /** A string that holds `\u` or `\/`: its text is spelt anew. */
  respell: boolean;
  /** An object or array: where its kept text stands in the scanner's `kept`, escaped for a JSON string. */
  keptStart: number;
  keptEnd: number;
}

const NO_BYTES = new Uint8Array(0);
const FIELD_BYTES = FIELDS.map((name) => new TextEncoder().encode(name));
const MAX_FIELD_LENGTH = Math.max(...FIELD_BYTES.map((bytes) => bytes.length));
const FIELDS_BY_LENGTH: readonly (readonly number[])[] = Array.from({ length: MAX_FIELD_LENGTH + 1 }, (_, length) =>
  FIELD_BYTES.flatMap((bytes, field) => (bytes.length === length ? [field] : [])),
);

/**
 * A strict RFC 8259 reader of one line over its bytes: it decodes nothing, finds the members of the top-level object
 * and says why a line is refused. Written by hand because no JSON library keeps the spelling of numbers, reports
 * duplicate keys and reads bytes.
 */
export class LineScanner extends NestedReader {
  /** Reused from line to line: the first `count` are valid after `scan` returned true. */
  readonly members: Member[] = [];
  count = 0;

  /** True = a JSON object alone on the line. `end` is exclusive. */
  scan(bytes: Uint8Array, start: number, end: number): boolean {
    this.bind(bytes);
    this.count = 0;
    this.reserve(end - start);
    let at = this.blank(start);
    if (at >= end) return this.fail("syntax", end);
    const isObject = bytes[at] === OPEN_BRACE;
    at = isObject ? this.topObject(at + 1) : this.value(at);
    if (at < 0) return false;
    at = this.blank(at);
    if (at < end) return this.fail("trailing", at);
    return isObject || this.fail("not_an_object", start);
  }

  private fail(fault: ScanFault, at: number): false {
    this.fault = fault;
    this.faultAt = at;
    return false;
  }

  private topObject(from: number): number {
    const bytes = this.bytes;
    let at = this.blank(from);
    if (bytes[at] === CLOSE_BRACE) return at + 1;
    for (;;) {
      if (bytes[at] !== QUOTE) return this.stop("syntax", at);
      const member = this.next();
      member.keyStart = at + 1;
      this.escaped = false;
      at = this.string(at + 1);
      if (at < 0) return -1;
      member.keyEnd = at - 1;
      member.keyEscaped = this.escaped;
      member.field = fieldOf(bytes, member.keyStart, member.keyEnd);
      if (bytes[at] !== COLON) {
        at = this.blank(at);
        if (bytes[at] !== COLON) return this.stop("syntax", at);
      }
      at += 1;
      if (bytes[at] === SPACE) at += 1;
      at = this.blank(at);
      member.start = at;
      member.kind = kindOf(bytes[at] ?? 0);
      this.respell = false;
      member.keptStart = this.keptPlace;
      at = this.value(at);
      if (at < 0) return -1;
      member.keptEnd = this.keptPlace;
      member.end = at;
      member.respell = this.respell;
      at = this.blank(at);
      const byte = bytes[at];
      if (byte === CLOSE_BRACE) return at + 1;
      if (byte !== COMMA) return this.stop("syntax", at);
      at += 1;
      if (bytes[at] === SPACE) at += 1;
      at = this.blank(at);
    }
  }

  private next(): Member {
    const known = this.members[this.count];
    this.count += 1;
    if (known !== undefined) return known;
    const member: Member = {
      field: -1,
      keyStart: 0,
      keyEnd: 0,
      keyEscaped: false,
      kind: "null",
      start: 0,
      end: 0,
      respell: false,
      keptStart: 0,
      keptEnd: 0,
    };
    this.members.push(member);
    return member;
  }

  /** All of these take the place of the first byte and return the place after the value, or -1. */
  private value(at: number): number {
    const byte = this.bytes[at] ?? 0;
    if (byte === QUOTE) return this.string(at + 1);
    if (byte === OPEN_BRACE || byte === OPEN_BRACKET) return this.container(at);
    return this.scalar(at);
  }
}

function fieldOf(bytes: Uint8Array, start: number, end: number): number {
  const length = end - start;
  if (length > MAX_FIELD_LENGTH) return -1;
  for (const field of FIELDS_BY_LENGTH[length] ?? []) {
    const name = FIELD_BYTES[field] ?? NO_BYTES;
    let at = 0;
    while (at < length && name[at] === bytes[start + at]) at += 1;
    if (at === length) return field;
  }
  return -1;
}

function kindOf(byte: number): ValueKind {
  if (byte === QUOTE) return "string";
  if (byte === OPEN_BRACE) return "object";
  if (byte === OPEN_BRACKET) return "array";
  if (byte === 0x74 || byte === 0x66) return "boolean";
  return byte === 0x6e ? "null" : "number";
}
