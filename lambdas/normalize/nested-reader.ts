import {
  BACKSLASH,
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COLON,
  COMMA,
  CR,
  LOWER_U,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
  SHORT_ESCAPE,
  SLASH,
  SPACE,
  STRING_STOP,
  TAB,
  firstStop,
  stopsIn,
  wordsOf,
} from "./byte-classes.ts";
import { MAX_GROWTH, codePointAt, writeCodePoint, writeEscape } from "./escapes.ts";
import { TextReader } from "./text-reader.ts";

/** A line's object may nest this deep; the line itself is depth 1. */
const MAX_DEPTH = 10_000;
/** Room for the kept texts of any usual line; a long line's larger room is given up after it. */
const KEPT_MIN_BYTES = 1024 * 1024;
const KEPT_SLACK_BYTES = 64;

/** States of the walk inside a nested value. */
const VALUE = 0;
const VALUE_OR_CLOSE = 1;
const KEY = 2;
const KEY_OR_CLOSE = 3;
const AFTER = 4;

/** Reads nested values, and writes their kept texts while it does: each pass over the bytes costs. */
export class NestedReader extends TextReader {
  /** Kept texts of the line that was read last, escaped for a JSON string. */
  private kept = new Uint8Array(KEPT_MIN_BYTES);
  keptWords: DataView = wordsOf(this.kept);
  protected keptPlace = 0;
  private readonly stack = new Uint8Array(MAX_DEPTH + 1);

  /** Makes room for the kept texts of a line of so many bytes. */
  protected reserve(lineBytes: number): void {
    const bytes = lineBytes * MAX_GROWTH + KEPT_SLACK_BYTES;
    this.keptPlace = 0;
    const isMuchLarger = this.kept.length > KEPT_MIN_BYTES && bytes <= KEPT_MIN_BYTES;
    if (bytes <= this.kept.length && !isMuchLarger) return;
    this.kept = new Uint8Array(Math.max(bytes, KEPT_MIN_BYTES));
    this.keptWords = wordsOf(this.kept);
  }

  /** A nested object or array, without recursion: depth is the input's choice. */
  protected container(from: number): number {
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
