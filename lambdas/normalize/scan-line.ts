import {
  BACKSLASH,
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COLON,
  COMMA,
  CR,
  DOT,
  LOWER_U,
  MINUS,
  OPEN_BRACE,
  OPEN_BRACKET,
  PLUS,
  QUOTE,
  SHORT_ESCAPE,
  SLASH,
  SPACE,
  STRING_STOP,
  TAB,
  ZERO,
  firstStop,
  hex4,
  isDigit,
  stopsIn,
  wordsOf,
} from "./byte-classes.ts";
import { FIELDS } from "./columns.ts";
import { MAX_GROWTH, codePointAt, writeCodePoint, writeEscape } from "./escapes.ts";

/** A line's object may nest this deep; the line itself is depth 1. */
export const MAX_DEPTH = 10_000;

export type ValueKind = "object" | "array" | "string" | "number" | "boolean" | "null";

/** Why a line is not a row of JSON. `trailing` = one whole value, then more. */
export type ScanFault =
  | "syntax"
  | "control_character"
  | "lone_surrogate"
  | "too_deep"
  | "not_an_object"
  | "trailing"
  | "none";

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

/** Room for the kept texts of any usual line; a long line's larger room is given up after it. */
const KEPT_MIN_BYTES = 1024 * 1024;
const KEPT_SLACK_BYTES = 64;

const FIELD_BYTES = FIELDS.map((name) => new TextEncoder().encode(name));
const MAX_FIELD_LENGTH = Math.max(...FIELD_BYTES.map((bytes) => bytes.length));
const FIELDS_BY_LENGTH: readonly (readonly number[])[] = Array.from({ length: MAX_FIELD_LENGTH + 1 }, (_, length) =>
  FIELD_BYTES.flatMap((bytes, field) => (bytes.length === length ? [field] : [])),
);

/** States of the walk inside a nested container. */
const VALUE = 0;
const VALUE_OR_CLOSE = 1;
const KEY = 2;
const KEY_OR_CLOSE = 3;
const AFTER = 4;

/**
 * A strict RFC 8259 reader of one line over its bytes: it decodes nothing, finds the members of the top-level object
 * and says why a line is refused. The byte after the line must be a control character (its LF or CR), which ends every
 * run, so the hot loops need no bounds check. Written by hand because no JSON library keeps the spelling of numbers,
 * reports duplicate keys and reads bytes.
 */
export class LineScanner {
  /** Reused from line to line: the first `count` are valid after `scan` returned true. */
  readonly members: Member[] = [];
  count = 0;
  fault: ScanFault = "none";
  /** Where the fault was seen, and the end of the first value. */
  faultAt = 0;
  /** Kept texts of the line scanned last: written while they are read, because each pass over the bytes costs. */
  kept = new Uint8Array(KEPT_MIN_BYTES);
  keptWords = wordsOf(this.kept);
  private keptPlace = 0;
  private readonly stack = new Uint8Array(MAX_DEPTH + 1);
  private bytes: Uint8Array = new Uint8Array(0);
  private words = wordsOf(this.bytes);
  private respell = false;
  private escaped = false;

  /** True = a JSON object alone on the line. `end` is exclusive. */
  scan(bytes: Uint8Array, start: number, end: number): boolean {
    if (this.bytes !== bytes) {
      this.bytes = bytes;
      this.words = wordsOf(bytes);
    }
    this.count = 0;
    this.fault = "none";
    this.reserve((end - start) * MAX_GROWTH + KEPT_SLACK_BYTES);
    let at = this.blank(start);
    if (at >= end) return this.fail("syntax", end);
    const isObject = bytes[at] === OPEN_BRACE;
    at = isObject ? this.topObject(at + 1) : this.value(at);
    if (at < 0) return false;
    at = this.blank(at);
    if (at < end) return this.fail("trailing", at);
    return isObject || this.fail("not_an_object", start);
  }

  private reserve(bytes: number): void {
    this.keptPlace = 0;
    const isMuchLarger = this.kept.length > KEPT_MIN_BYTES && bytes <= KEPT_MIN_BYTES;
    if (bytes <= this.kept.length && !isMuchLarger) return;
    this.kept = new Uint8Array(Math.max(bytes, KEPT_MIN_BYTES));
    this.keptWords = wordsOf(this.kept);
  }

  private fail(fault: ScanFault, at: number): false {
    this.fault = fault;
    this.faultAt = at;
    return false;
  }

  private stop(fault: ScanFault, at: number): -1 {
    this.fault = fault;
    this.faultAt = at;
    return -1;
  }

  private blank(from: number): number {
    const bytes = this.bytes;
    let at = from;
    for (let byte = bytes[at] ?? 0; byte === SPACE || byte === TAB || byte === CR; byte = bytes[at] ?? 0) at += 1;
    return at;
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

  /** Takes the place after the opening quote. */
  private string(from: number): number {
    const bytes = this.bytes;
    let at = from;
    for (;;) {
      at = this.plainRun(at);
      const byte = bytes[at] ?? 0;
      if (byte === QUOTE) return at + 1;
      if (byte !== BACKSLASH) return this.stop("control_character", at);
      this.escaped = true;
      const escape = bytes[at + 1] ?? 0;
      if (escape === LOWER_U) {
        at = this.unicodeEscape(at);
        if (at < 0) return -1;
      } else {
        if ((SHORT_ESCAPE[escape] ?? 0) === 0) return this.stop("syntax", at);
        if (escape === SLASH) this.respell = true;
        at += 2;
      }
    }
  }

  /** The place of the next byte that is no plain byte of a string. */
  private plainRun(from: number): number {
    const { words } = this;
    const last = words.byteLength - 4;
    let at = from;
    while (at <= last) {
      const stops = stopsIn(words.getInt32(at, true));
      if (stops !== 0) return at + firstStop(stops);
      at += 4;
    }
    while ((STRING_STOP[this.bytes[at] ?? 0] ?? 0) === 0) at += 1;
    return at;
  }

  private unicodeEscape(at: number): number {
    const bytes = this.bytes;
    const unit = hex4(bytes, at + 2);
    if (unit < 0) return this.stop("syntax", at);
    this.respell = true;
    if (unit < 0xd800 || unit > 0xdfff) return at + 6;
    const paired = bytes[at + 6] === BACKSLASH && bytes[at + 7] === LOWER_U ? hex4(bytes, at + 8) : -1;
    if (unit < 0xdc00 && paired >= 0xdc00 && paired <= 0xdfff) return at + 12;
    // The line may hold a worse fault further on: the first wins, as in any reader from left to right.
    return this.stop("lone_surrogate", at);
  }

  private scalar(from: number): number {
    const bytes = this.bytes;
    const byte = bytes[from] ?? 0;
    if (byte === 0x74 && bytes[from + 1] === 0x72 && bytes[from + 2] === 0x75 && bytes[from + 3] === 0x65)
      return from + 4;
    if (byte === 0x6e && bytes[from + 1] === 0x75 && bytes[from + 2] === 0x6c && bytes[from + 3] === 0x6c)
      return from + 4;
    if (
      byte === 0x66 &&
      bytes[from + 1] === 0x61 &&
      bytes[from + 2] === 0x6c &&
      bytes[from + 3] === 0x73 &&
      bytes[from + 4] === 0x65
    ) {
      return from + 5;
    }
    let at = byte === MINUS ? from + 1 : from;
    if (bytes[at] === ZERO) at += 1;
    else if (isDigit(bytes[at] ?? 0)) at = this.digits(at);
    else return this.stop("syntax", from);
    if (bytes[at] === DOT) {
      if (!isDigit(bytes[at + 1] ?? 0)) return this.stop("syntax", from);
      at = this.digits(at + 1);
    }
    if (((bytes[at] ?? 0) | 0x20) === 0x65) {
      at += 1;
      if (bytes[at] === PLUS || bytes[at] === MINUS) at += 1;
      if (!isDigit(bytes[at] ?? 0)) return this.stop("syntax", from);
      at = this.digits(at);
    }
    return at;
  }

  private digits(from: number): number {
    const bytes = this.bytes;
    let at = from;
    while (isDigit(bytes[at] ?? 0)) at += 1;
    return at;
  }

  /** A nested object or array, without recursion: depth is the input's choice. */
  private container(from: number): number {
    const { bytes, stack, kept } = this;
    let depth = 2;
    let at = from;
    let byte = bytes[at] ?? 0;
    stack[depth] = byte;
    this.keep(byte);
    let state = byte === OPEN_BRACE ? KEY_OR_CLOSE : VALUE_OR_CLOSE;
    at += 1;
    for (;;) {
      byte = bytes[at] ?? 0;
      while (byte === SPACE || byte === TAB || byte === CR) {
        at += 1;
        byte = bytes[at] ?? 0;
      }
      if (state === AFTER) {
        const inObject = stack[depth] === OPEN_BRACE;
        if (byte === COMMA) {
          this.keep(COMMA);
          at += 1;
          state = inObject ? KEY : VALUE;
          continue;
        }
        if (byte !== (inObject ? CLOSE_BRACE : CLOSE_BRACKET)) return this.stop("syntax", at);
      } else if (state === KEY || state === KEY_OR_CLOSE) {
        if (byte === QUOTE) {
          at = this.keptString(at + 1);
          if (at < 0) return -1;
          if (bytes[at] !== COLON) at = this.blank(at);
          if (bytes[at] !== COLON) return this.stop("syntax", at);
          this.keep(COLON);
          at += 1;
          state = VALUE;
          continue;
        }
        if (byte !== CLOSE_BRACE || state === KEY) return this.stop("syntax", at);
      } else if (byte !== CLOSE_BRACKET || state === VALUE) {
        if (byte === QUOTE) {
          at = this.keptString(at + 1);
          state = AFTER;
        } else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
          if (depth >= MAX_DEPTH) return this.stop("too_deep", at);
          depth += 1;
          stack[depth] = byte;
          this.keep(byte);
          at += 1;
          state = byte === OPEN_BRACE ? KEY_OR_CLOSE : VALUE_OR_CLOSE;
        } else {
          const start = at;
          at = this.scalar(at);
          let to = this.keptPlace;
          for (let digit = start; digit < at; digit += 1) {
            kept[to] = bytes[digit] ?? 0;
            to += 1;
          }
          this.keptPlace = to;
          state = AFTER;
        }
        if (at < 0) return -1;
        continue;
      }
      // A closing bracket that fits.
      this.keep(byte);
      at += 1;
      depth -= 1;
      if (depth < 2) return at;
      state = AFTER;
    }
  }

  private keep(byte: number): void {
    this.kept[this.keptPlace] = byte;
    this.keptPlace += 1;
  }

  /** A string of a nested value, checked and kept; takes the place after the opening quote. */
  private keptString(from: number): number {
    const { bytes, words, kept, keptWords } = this;
    const last = words.byteLength - 4;
    let at = from;
    let to = this.keptPlace;
    kept[to] = BACKSLASH;
    kept[to + 1] = QUOTE;
    to += 2;
    for (;;) {
      for (let stops = 0; at <= last && stops === 0;) {
        const word = words.getInt32(at, true);
        keptWords.setInt32(to, word, true);
        stops = stopsIn(word);
        const plain = stops === 0 ? 4 : firstStop(stops);
        at += plain;
        to += plain;
      }
      for (; (STRING_STOP[bytes[at] ?? 0] ?? 0) === 0; at += 1) {
        kept[to] = bytes[at] ?? 0;
        to += 1;
      }
      const byte = bytes[at] ?? 0;
      if (byte === QUOTE) {
        kept[to] = BACKSLASH;
        kept[to + 1] = QUOTE;
        this.keptPlace = to + 2;
        return at + 1;
      }
      if (byte !== BACKSLASH) return this.stop("control_character", at);
      const letter = bytes[at + 1] ?? 0;
      if (letter === LOWER_U) {
        const next = this.unicodeEscape(at);
        if (next < 0) return -1;
        to = writeCodePoint(codePointAt(bytes, at), true, kept, to);
        at = next;
      } else {
        if ((SHORT_ESCAPE[letter] ?? 0) === 0) return this.stop("syntax", at);
        if (letter === SLASH) {
          kept[to] = SLASH;
          to += 1;
        } else to = writeEscape(letter, true, kept, to);
        at += 2;
      }
    }
  }
}

function fieldOf(bytes: Uint8Array, start: number, end: number): number {
  const length = end - start;
  if (length > MAX_FIELD_LENGTH) return -1;
  for (const field of FIELDS_BY_LENGTH[length] ?? []) {
    const name = FIELD_BYTES[field];
    let at = 0;
    while (at < length && name !== undefined && name[at] === bytes[start + at]) at += 1;
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
