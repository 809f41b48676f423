/** Bytes that JSON gives a meaning to. */
export const QUOTE = 0x22;
export const BACKSLASH = 0x5c;
export const OPEN_BRACE = 0x7b;
export const CLOSE_BRACE = 0x7d;
export const OPEN_BRACKET = 0x5b;
export const CLOSE_BRACKET = 0x5d;
export const COMMA = 0x2c;
export const COLON = 0x3a;
export const MINUS = 0x2d;
export const PLUS = 0x2b;
export const DOT = 0x2e;
export const SLASH = 0x2f;
export const ZERO = 0x30;
export const NINE = 0x39;
export const SPACE = 0x20;
export const TAB = 0x09;
export const LF = 0x0a;
export const CR = 0x0d;
export const LOWER_U = 0x75;

/** 1 = ends the plain run of a string: a quote, a backslash or a control character. */
export const STRING_STOP = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte === QUOTE || byte === BACKSLASH || byte < SPACE ? 1 : 0,
);

/** 1 = may follow a backslash, `u` aside. */
export const SHORT_ESCAPE = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte < 0x80 && '"\\/bfnrt'.includes(String.fromCharCode(byte)) ? 1 : 0,
);

/** Value of a hex digit, 255 for any other byte. */
export const HEX_VALUE = Uint8Array.from({ length: 256 }, (_, byte) => {
  const value = /^[0-9a-f]$/i.test(String.fromCharCode(byte)) ? Number.parseInt(String.fromCharCode(byte), 16) : 255;
  return value;
});

export const isDigit = (byte: number): boolean => byte >= ZERO && byte <= NINE;
export const isBlankByte = (byte: number): boolean => byte === SPACE || byte === TAB || byte === CR;

/** Four hex digits at `at`, or -1. */
export function hex4(bytes: Uint8Array, at: number): number {
  const a = HEX_VALUE[bytes[at] ?? 0] ?? 255;
  const b = HEX_VALUE[bytes[at + 1] ?? 0] ?? 255;
  const c = HEX_VALUE[bytes[at + 2] ?? 0] ?? 255;
  const d = HEX_VALUE[bytes[at + 3] ?? 0] ?? 255;
  return (a | b | c | d) > 15 ? -1 : (a << 12) | (b << 8) | (c << 4) | d;
}

/**
 * Four bytes at once: for each byte of the little-endian word that is a quote, a backslash or a control character, its
 * highest bit; exact up to and including the lowest such byte. Twice the speed of a byte loop on tracking logs.
 */
export function stopsIn(word: number): number {
  const quote = word ^ 0x22222222;
  const backslash = word ^ 0x5c5c5c5c;
  return (
    (((quote - 0x01010101) & ~quote) | ((backslash - 0x01010101) & ~backslash) | ((word - 0x20202020) & ~word)) &
    0x80808080
  );
}

/** Place (0 to 3) of the first byte that `stopsIn` marked. */
export const firstStop = (stops: number): number => (31 - Math.clz32(stops & -stops)) >> 3;

/** A view for reading words; kept by callers for as long as they stay with the same bytes. */
export const wordsOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
