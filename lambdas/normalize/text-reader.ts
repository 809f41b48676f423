import {
  BACKSLASH,
  CR,
  DOT,
  LOWER_U,
  MINUS,
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

/** Why a line is not a row of JSON. `trailing` = one whole value, then more. */
export type ScanFault =
  | "syntax"
  | "control_character"
  | "lone_surrogate"
  | "too_deep"
  | "not_an_object"
  | "trailing"
  | "none";

/**
 * Reads strings, numbers and literals of RFC 8259 over the bytes of a line. Methods take a place and return the next
 * one, or -1 with the fault. The byte after the line must be a control character (its LF or CR), which ends every run,
 * so the hot loops need no bounds check.
 */
export class TextReader {
  fault: ScanFault = "none";
  /** Where the fault was seen, and the end of the first value. */
  faultAt = 0;
  protected bytes: Uint8Array = new Uint8Array(0);
  protected words = wordsOf(this.bytes);
  /** The last string held `\u` or `\/`; held any backslash. Reset by whoever asks. */
  protected respell = false;
  protected escaped = false;

  protected bind(bytes: Uint8Array): void {
    this.fault = "none";
    if (this.bytes === bytes) return;
    this.bytes = bytes;
    this.words = wordsOf(bytes);
  }

  protected stop(fault: ScanFault, at: number): -1 {
    this.fault = fault;
    this.faultAt = at;
    return -1;
  }

  protected blank(from: number): number {
    const bytes = this.bytes;
    let at = from;
    for (let byte = bytes[at] ?? 0; byte === SPACE || byte === TAB || byte === CR; byte = bytes[at] ?? 0) at += 1;
    return at;
  }

  /** Takes the place after the opening quote. */
  protected string(from: number): number {
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
  protected plainRun(from: number): number {
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

  protected unicodeEscape(at: number): number {
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

  protected scalar(from: number): number {
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

  protected digits(from: number): number {
    const bytes = this.bytes;
    let at = from;
    while (isDigit(bytes[at] ?? 0)) at += 1;
    return at;
  }
}
