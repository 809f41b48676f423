import { codePointAt, writeCodePoint, writeEscape } from "./escapes.ts";
import {
  BACKSLASH,
  CR,
  LOWER_U,
  QUOTE,
  SLASH,
  SPACE,
  STRING_STOP,
  TAB,
  firstStop,
  stopsIn,
  wordsOf,
} from "./byte-classes.ts";

/** Words are written whole: up to this many bytes behind the end are scratch. */
export const OVERRUN_BYTES = 4;

/** A constant text, ready to be written word by word. */
export interface Constant {
  readonly words: Int32Array;
  readonly length: number;
}

export function constant(text: string): Constant {
  const bytes = new TextEncoder().encode(text);
  const padded = new Uint8Array(Math.ceil(bytes.length / 4) * 4);
  padded.set(bytes);
  const view = wordsOf(padded);
  return {
    words: Int32Array.from({ length: padded.length / 4 }, (_, index) => view.getInt32(index * 4, true)),
    length: bytes.length,
  };
}

/**
 * Writes JSON strings from the scanned bytes of a valid line into an output that is large enough. Every method takes
 * the place in the output and returns the next one. Copies are loops over words: a call into native code costs more
 * than most values are long.
 */
export class TextWriter {
  private from: Uint8Array = new Uint8Array(0);
  private fromWords = wordsOf(this.from);
  private out: Uint8Array = this.from;
  private outWords = this.fromWords;

  bind(from: Uint8Array, out: Uint8Array): void {
    if (this.from !== from) {
      this.from = from;
      this.fromWords = wordsOf(from);
    }
    if (this.out !== out) {
      this.out = out;
      this.outWords = wordsOf(out);
    }
  }

  put({ words, length }: Constant, place: number): number {
    const { outWords } = this;
    for (let index = 0; index < words.length; index += 1) {
      outWords.setInt32(place + index * 4, words[index] ?? 0, true);
    }
    return place + length;
  }

  byte(value: number, place: number): number {
    this.out[place] = value;
    return place + 1;
  }

  /** Digits and letters only. */
  ascii(text: string, place: number): number {
    const { out } = this;
    for (let at = 0; at < text.length; at += 1) out[place + at] = text.charCodeAt(at);
    return place + text.length;
  }

  /** A whole number from 0 to 2^53. */
  digits(value: number, place: number): number {
    if (value > 0xffff_ffff) return this.ascii(String(value), place);
    const { out } = this;
    let length = 1;
    for (let power = 10; power <= value; power *= 10) length += 1;
    let rest = value >>> 0;
    for (let at = place + length - 1; at >= place; at -= 1) {
      const tenth = Math.floor(rest / 10);
      out[at] = 0x30 + (rest - tenth * 10);
      rest = tenth;
    }
    return place + length;
  }

  /** Bytes as they are. */
  copy(start: number, end: number, place: number): number {
    const { fromWords, outWords, from, out } = this;
    const wordsEnd = Math.min(end, fromWords.byteLength - 3);
    let at = start;
    let to = place;
    for (; at < wordsEnd; at += 4) {
      outWords.setInt32(to, fromWords.getInt32(at, true), true);
      to += 4;
    }
    for (; at < end; at += 1) {
      out[to] = from[at] ?? 0;
      to += 1;
    }
    return place + end - start;
  }

  /** Bytes of another source than the bound one, which must have `OVERRUN_BYTES` behind them. */
  copyOf(words: DataView, start: number, end: number, place: number): number {
    const { outWords } = this;
    const shift = place - start;
    for (let at = start; at < end; at += 4) outWords.setInt32(at + shift, words.getInt32(at, true), true);
    return end + shift;
  }

  /** A JSON string, quotes included, in canonical spelling: the decoded text as the engine would write it. */
  respelt(start: number, end: number, place: number): number {
    const { from, out } = this;
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
      if (letter !== SLASH) to = this.byte(BACKSLASH, to);
      to = this.byte(letter, to);
      at += 2;
    }
    return to;
  }

  /** The kept text of any value (insignificant white space out, strings canonical), escaped for a JSON string. */
  kept(start: number, end: number, place: number): number {
    const { from, out } = this;
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
        const run = this.plainRun(at, to);
        to += run;
        at += run;
        if (from[at] !== BACKSLASH) break;
        const letter = from[at + 1] ?? 0;
        if (letter === LOWER_U) {
          const point = codePointAt(from, at);
          to = writeCodePoint(point, true, out, to);
          at += point > 0xffff ? 12 : 6;
        } else {
          to = letter === SLASH ? this.byte(SLASH, to) : writeEscape(letter, true, out, to);
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

  /** Copies up to the next byte that is no plain byte of a string; returns how many. */
  private plainRun(start: number, place: number): number {
    const { fromWords, outWords, from, out } = this;
    const last = fromWords.byteLength - 4;
    let at = start;
    let to = place;
    for (; at <= last; at += 4) {
      const word = fromWords.getInt32(at, true);
      outWords.setInt32(to, word, true);
      const stops = stopsIn(word);
      if (stops !== 0) return at + firstStop(stops) - start;
      to += 4;
    }
    for (; (STRING_STOP[from[at] ?? 0] ?? 0) === 0; at += 1) {
      out[to] = from[at] ?? 0;
      to += 1;
    }
    return at - start;
  }
}
