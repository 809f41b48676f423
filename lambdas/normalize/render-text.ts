import { BACKSLASH, CR, LOWER_U, QUOTE, SLASH, SPACE, STRING_STOP, TAB, hex4 } from "./byte-classes.ts";

/**
 * Writers of JSON strings from the scanned bytes of a valid line into an output that is large enough
 * (`MAX_GROWTH` bytes for each byte of the input). Each takes a place in the output and returns the next one.
 */

/** A backslash and a quote of a nested string (2 bytes) become four; `\u00XX` of a nested string 6 -> 7. */
export const MAX_GROWTH = 3;

const UPPER_HEX = new TextEncoder().encode("0123456789ABCDEF");
/** Letters of the short escapes, by code point. */
const SHORT_LETTERS: ReadonlyMap<number, number> = new Map([
  [0x08, 0x62],
  [0x09, 0x74],
  [0x0a, 0x6e],
  [0x0c, 0x66],
  [0x0d, 0x72],
]);

/** Bytes as they are. A loop, because a call into native code costs more than most values are long. */
export function copyBytes(from: Uint8Array, start: number, end: number, out: Uint8Array, place: number): number {
  let to = place;
  for (let at = start; at < end; at += 1) {
    out[to] = from[at] ?? 0;
    to += 1;
  }
  return to;
}

/** A JSON string, quotes included, in canonical spelling: the decoded text as the engine would write it. */
export function writeRespelt(from: Uint8Array, start: number, end: number, out: Uint8Array, place: number): number {
  let to = place;
  for (let at = start; at < end;) {
    const byte = from[at] ?? 0;
    if (byte !== BACKSLASH) {
      out[to] = byte;
      to += 1;
      at += 1;
      continue;
    }
    const letter = from[at + 1] ?? 0;
    if (letter === LOWER_U) {
      const point = codePointAt(from, at);
      to = writeCodePoint(point, false, out, to);
      at += point > 0xffff ? 12 : 6;
      continue;
    }
    if (letter !== SLASH) {
      out[to] = BACKSLASH;
      to += 1;
    }
    out[to] = letter;
    to += 1;
    at += 2;
  }
  return to;
}

/** The kept text of any value (spec: insignificant white space out, strings canonical), inside a JSON string. */
export function writeKept(from: Uint8Array, start: number, end: number, out: Uint8Array, place: number): number {
  let to = place;
  let at = start;
  while (at < end) {
    const byte = from[at] ?? 0;
    at += 1;
    if (byte === SPACE || byte === TAB || byte === CR) continue;
    if (byte !== QUOTE) {
      out[to] = byte;
      to += 1;
      continue;
    }
    out[to] = BACKSLASH;
    out[to + 1] = QUOTE;
    to += 2;
    for (;;) {
      let inner = from[at] ?? 0;
      while ((STRING_STOP[inner] ?? 0) === 0) {
        out[to] = inner;
        to += 1;
        at += 1;
        inner = from[at] ?? 0;
      }
      if (inner !== BACKSLASH) break;
      const letter = from[at + 1] ?? 0;
      if (letter === LOWER_U) {
        const point = codePointAt(from, at);
        to = writeCodePoint(point, true, out, to);
        at += point > 0xffff ? 12 : 6;
      } else {
        if (letter !== SLASH) to = writeEscape(letter, true, out, to);
        else {
          out[to] = SLASH;
          to += 1;
        }
        at += 2;
      }
    }
    out[to] = BACKSLASH;
    out[to + 1] = QUOTE;
    to += 2;
    at += 1;
  }
  return to;
}

/** `\x`; inside a JSON string `\\x`, and `\\\"` or `\\\\` where x is itself escaped there. */
function writeEscape(letter: number, nested: boolean, out: Uint8Array, place: number): number {
  let to = place;
  out[to] = BACKSLASH;
  to += 1;
  if (nested) {
    out[to] = BACKSLASH;
    to += 1;
    if (letter === QUOTE || letter === BACKSLASH) {
      out[to] = BACKSLASH;
      to += 1;
    }
  }
  out[to] = letter;
  return to + 1;
}

/** The code point of the `\uXXXX` (or pair of them) at `at`. */
function codePointAt(from: Uint8Array, at: number): number {
  const unit = hex4(from, at + 2);
  return unit >= 0xd800 && unit <= 0xdbff ? 0x10000 + ((unit - 0xd800) << 10) + (hex4(from, at + 8) - 0xdc00) : unit;
}

function writeCodePoint(point: number, nested: boolean, out: Uint8Array, place: number): number {
  let to = place;
  if (point === QUOTE || point === BACKSLASH) return writeEscape(point, nested, out, to);
  if (point < SPACE) {
    const short = SHORT_LETTERS.get(point);
    if (short !== undefined) return writeEscape(short, nested, out, to);
    to = writeEscape(LOWER_U, nested, out, to);
    out[to] = 0x30;
    out[to + 1] = 0x30;
    out[to + 2] = UPPER_HEX[point >> 4] ?? 0;
    out[to + 3] = UPPER_HEX[point & 15] ?? 0;
    return to + 4;
  }
  if (point < 0x80) {
    out[to] = point;
    return to + 1;
  }
  if (point < 0x800) {
    out[to] = 0xc0 | (point >> 6);
    out[to + 1] = 0x80 | (point & 0x3f);
    return to + 2;
  }
  if (point < 0x10000) {
    out[to] = 0xe0 | (point >> 12);
    out[to + 1] = 0x80 | ((point >> 6) & 0x3f);
    out[to + 2] = 0x80 | (point & 0x3f);
    return to + 3;
  }
  out[to] = 0xf0 | (point >> 18);
  out[to + 1] = 0x80 | ((point >> 12) & 0x3f);
  out[to + 2] = 0x80 | ((point >> 6) & 0x3f);
  out[to + 3] = 0x80 | (point & 0x3f);
  return to + 4;
}
