import { BACKSLASH, LOWER_U, QUOTE, SPACE, hex4 } from "./byte-classes.ts";

/** Escapes in canonical spelling: `\" \\ \b \f \n \r \t`, other control characters as `\u00XX`, the rest raw. */

/** Output bytes for each byte of the input, at most: a quoted quote of a nested string, `\"`, becomes `\\\"`. */
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

/** `\x`; inside a JSON string `\\x`, and `\\\"` or `\\\\` where x is itself escaped there. */
export function writeEscape(letter: number, nested: boolean, out: Uint8Array, place: number): number {
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
export function codePointAt(from: Uint8Array, at: number): number {
  const unit = hex4(from, at + 2);
  return unit >= 0xd800 && unit <= 0xdbff ? 0x10000 + ((unit - 0xd800) << 10) + (hex4(from, at + 8) - 0xdc00) : unit;
}

export function writeCodePoint(point: number, nested: boolean, out: Uint8Array, place: number): number {
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
