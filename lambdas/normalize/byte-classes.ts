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
