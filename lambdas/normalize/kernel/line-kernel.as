// AssemblyScript (a dialect of TypeScript that compiles to WebAssembly). compile.ts compiles it into module.ts.
//
// The fast path: reads lines of a verified, valid UTF-8 block, sixteen bytes at a time, and writes each as a staged
// line and as a normalised line. It takes only what tracking logs are nearly always made of; at the first line that is
// anything else it stops, and ../normalise-lines.ts reads that line. It never decides that a line is bad.
// The layout of the memory is in layout.ts; both must say the same.

const NAMES: i32 = 1024; // 14 x 16 bytes
const NAME_LENGTHS: i32 = 1280; // 14 x i32
const CONSTANTS: i32 = 2048; // 32 bytes each
const CONSTANT_LENGTHS: i32 = 3072; // i32 each
const SLOTS: i32 = 4096; // 14 x 24 bytes: kind, start, end, respell, keptStart, keptEnd
const STACK: i32 = 5120; // one byte a level
const STATE: i32 = 512; // cursor, status, stagedEnd, normalisedEnd, times, absent
const KEPT: i32 = 0x100000;
const STAGED: i32 = 0x400000;
const STAGED_SOFT: i32 = 0x800000;
const NORMALISED: i32 = 0xc00000;
const NORMALISED_SOFT: i32 = 0x1000000;
const TABLE: i32 = 0x1400000; // 16 bytes a line: staged end, micros, both f64
const TABLE_LINES: i32 = 0x10000;

const FIELDS: i32 = 14;
const CONTEXT: i32 = 9;
const EVENT: i32 = 10;
const TIME: i32 = 11;
const MAX_DEPTH: i32 = 64;

// Constants: 0-13 are the fields' prefixes, then:
const TIME_RAW: i32 = 14;
const STATUS_OK: i32 = 15;
const STATUS_ABSENT: i32 = 16;
const EVENT_KIND: i32 = 17;
const CONTEXT_KIND: i32 = 18;
const NO_EXTRA: i32 = 19;
const OFFSET: i32 = 20;
const END: i32 = 21;
const NULL: i32 = 22;
// Kinds, as constants of their names.
const ABSENT: i32 = 23;
const OBJECT: i32 = 24;
const ARRAY: i32 = 25;
const STRING: i32 = 26;
const NUMBER: i32 = 27;
const BOOLEAN: i32 = 28;
const NOTHING: i32 = 29;

// States inside a nested value.
const VALUE: i32 = 0;
const VALUE_OR_CLOSE: i32 = 1;
const KEY: i32 = 2;
const KEY_OR_CLOSE: i32 = 3;
const AFTER: i32 = 4;

let keptPlace: i32 = 0;
let respell: i32 = 0;

/** Reads lines from `from`; returns how many were taken. Status 0 = all, 1 = the next line is not for us, 2 = full. */
export function run(from: i32, end: i32, line: i32, offset: f64): i32 {
  let cursor = from;
  let status = 0;
  let staged = STAGED;
  let normalised = NORMALISED;
  let taken = 0;
  let times = 0;
  let absent = 0;
  while (cursor < end) {
    if (taken == TABLE_LINES || staged > STAGED_SOFT || normalised > NORMALISED_SOFT) {
      status = 2;
      break;
    }
    const next = readLine(cursor);
    const micros = next < 0 ? <i64>-1 : readTime();
    if (micros == -1) {
      status = 1;
      break;
    }
    if (micros == 0) absent += 1;
    else times += 1;

    let to = staged;
    for (let field = 0; field < FIELDS; field += 1) {
      to = put(field, to);
      to = field == TIME && micros != 0 ? timeText(to) : fieldText(field, to);
    }
    const length = to - staged;
    memory.copy(normalised, staged, length);
    normalised = put(END, normalised + length);
    to = fieldText(TIME, put(TIME_RAW, to));
    to = put(micros == 0 ? STATUS_ABSENT : STATUS_OK, to);
    to = put(kindOf(EVENT), put(EVENT_KIND, to));
    to = put(kindOf(CONTEXT), put(CONTEXT_KIND, to));
    to = digits(line + taken, put(NO_EXTRA, to));
    to = digits(<i64>offset + (cursor - from), put(OFFSET, to));
    staged = put(END, to);

    const entry = TABLE + taken * 16;
    store<f64>(entry, <f64>(staged - STAGED));
    store<f64>(entry, micros == 0 ? NaN : <f64>micros, 8);
    taken += 1;
    cursor = next;
  }
  store<i32>(STATE, cursor);
  store<i32>(STATE, status, 4);
  store<i32>(STATE, staged - STAGED, 8);
  store<i32>(STATE, normalised - NORMALISED, 12);
  store<i32>(STATE, times, 16);
  store<i32>(STATE, absent, 20);
  return taken;
}

/** Fills the slots; returns the place behind the LF, or -1. */
function readLine(start: i32): i32 {
  memory.fill(SLOTS, 0, FIELDS * 24);
  keptPlace = KEPT;
  if (load<u8>(start) != 0x7b) return -1;
  let at = blank(start + 1);
  if (load<u8>(at) == 0x7d) return lineEnd(at + 1);
  while (true) {
    if (load<u8>(at) != 0x22) return -1;
    const key = at + 1;
    const keyEnd = plainEnd(key);
    // An escaped key is not for us.
    if (load<u8>(keyEnd) != 0x22) return -1;
    const field = fieldOf(key, keyEnd - key);
    if (field < 0) return -1;
    const slot = SLOTS + field * 24;
    if (load<i32>(slot) != 0) return -1;
    at = blank(keyEnd + 1);
    if (load<u8>(at) != 0x3a) return -1;
    at = blank(at + 1);
    const kind = kindAt(at);
    store<i32>(slot, kind);
    store<i32>(slot, at, 4);
    store<i32>(slot, keptPlace, 16);
    respell = 0;
    if (kind == STRING) at = text(at + 1);
    else if (kind == OBJECT || kind == ARRAY) at = field == EVENT || field == CONTEXT ? nested(at) : -1;
    else at = scalar(at);
    if (at < 0) return -1;
    store<i32>(slot, at, 8);
    store<i32>(slot, respell, 12);
    store<i32>(slot, keptPlace, 20);
    at = blank(at);
    const byte = load<u8>(at);
    if (byte == 0x7d) return lineEnd(at + 1);
    if (byte != 0x2c) return -1;
    at = blank(at + 1);
  }
}

function lineEnd(from: i32): i32 {
  const at = blank(from);
  return load<u8>(at) == 0x0a ? at + 1 : -1;
}

// @ts-ignore: decorator
@inline
function blank(from: i32): i32 {
  let at = from;
  let byte = load<u8>(at);
  while (byte == 0x20 || byte == 0x09 || byte == 0x0d) {
    at += 1;
    byte = load<u8>(at);
  }
  return at;
}

/** A bit for each of sixteen bytes that is a quote, a backslash or a control character. */
// @ts-ignore: decorator
@inline
function stops(bytes: v128): i32 {
  const quote = i8x16.eq(bytes, i8x16.splat(0x22));
  const backslash = i8x16.eq(bytes, i8x16.splat(0x5c));
  const control = i8x16.lt_u(bytes, i8x16.splat(0x20));
  return i8x16.bitmask(v128.or(v128.or(quote, backslash), control));
}

// @ts-ignore: decorator
@inline
function plainEnd(from: i32): i32 {
  let at = from;
  while (true) {
    const found = stops(v128.load(at));
    if (found != 0) return at + ctz(found);
    at += 16;
  }
}

function fieldOf(key: i32, length: i32): i32 {
  if (length > 16) return -1;
  const bytes = v128.load(key);
  const wanted = (1 << length) - 1;
  for (let field = 0; field < FIELDS; field += 1) {
    if (load<i32>(NAME_LENGTHS + field * 4) != length) continue;
    const same = i8x16.bitmask(i8x16.eq(bytes, v128.load(NAMES + field * 16)));
    if ((same & wanted) == wanted) return field;
  }
  return -1;
}

function kindAt(at: i32): i32 {
  const byte = load<u8>(at);
  if (byte == 0x22) return STRING;
  if (byte == 0x7b) return OBJECT;
  if (byte == 0x5b) return ARRAY;
  if (byte == 0x74 || byte == 0x66) return BOOLEAN;
  return byte == 0x6e ? NOTHING : NUMBER;
}

function kindOf(field: i32): i32 {
  const kind = load<i32>(SLOTS + field * 24);
  return kind == 0 ? ABSENT : kind;
}

/** A string that is not kept; takes the place after the opening quote. */
function text(from: i32): i32 {
  let at = from;
  while (true) {
    at = plainEnd(at);
    const byte = load<u8>(at);
    if (byte == 0x22) return at + 1;
    if (byte != 0x5c) return -1;
    const letter = load<u8>(at, 1);
    if (letter == 0x75) {
      if (unitAt(at) < 0) return -1;
      respell = 1;
      at += 6;
    } else {
      if (!isShort(letter)) return -1;
      if (letter == 0x2f) respell = 1;
      at += 2;
    }
  }
}

// @ts-ignore: decorator
@inline
function isShort(letter: u32): bool {
  return (
    letter == 0x22 || letter == 0x5c || letter == 0x2f || letter == 0x62 ||
    letter == 0x66 || letter == 0x6e || letter == 0x72 || letter == 0x74
  );
}

/** The unit of the `\uXXXX` at `at` if it is neither ASCII nor a surrogate; else -1: not for us. */
function unitAt(at: i32): i32 {
  let unit = 0;
  for (let place = at + 2; place < at + 6; place += 1) {
    const byte = load<u8>(place);
    const lower = byte | 0x20;
    let digit = 0;
    if (byte >= 0x30 && byte <= 0x39) digit = byte - 0x30;
    else if (lower >= 0x61 && lower <= 0x66) digit = lower - 0x57;
    else return -1;
    unit = (unit << 4) | digit;
  }
  return unit < 0x80 || (unit >= 0xd800 && unit <= 0xdfff) ? -1 : unit;
}

function putUnit(unit: i32, place: i32): i32 {
  if (unit < 0x800) {
    store<u8>(place, 0xc0 | (unit >> 6));
    store<u8>(place, 0x80 | (unit & 0x3f), 1);
    return place + 2;
  }
  store<u8>(place, 0xe0 | (unit >> 12));
  store<u8>(place, 0x80 | ((unit >> 6) & 0x3f), 1);
  store<u8>(place, 0x80 | (unit & 0x3f), 2);
  return place + 3;
}

function scalar(from: i32): i32 {
  const word = load<u32>(from);
  if (word == 0x65757274 || word == 0x6c6c756e) return from + 4;
  if (word == 0x736c6166) return load<u8>(from, 4) == 0x65 ? from + 5 : -1;
  let at = load<u8>(from) == 0x2d ? from + 1 : from;
  if (load<u8>(at) == 0x30) at += 1;
  else if (isDigit(at)) at = digitsEnd(at);
  else return -1;
  if (load<u8>(at) == 0x2e) {
    if (!isDigit(at + 1)) return -1;
    at = digitsEnd(at + 1);
  }
  if ((load<u8>(at) | 0x20) == 0x65) {
    at += 1;
    const sign = load<u8>(at);
    if (sign == 0x2b || sign == 0x2d) at += 1;
    if (!isDigit(at)) return -1;
    at = digitsEnd(at);
  }
  return at;
}

// @ts-ignore: decorator
@inline
function isDigit(at: i32): bool {
  return <u32>load<u8>(at) - 0x30 < 10;
}

function digitsEnd(from: i32): i32 {
  let at = from;
  while (isDigit(at)) at += 1;
  return at;
}

/** An object or array, checked and kept. */
function nested(from: i32): i32 {
  let depth = 0;
  let at = from;
  let byte: u32 = load<u8>(at);
  store<u8>(STACK, byte);
  keep(byte);
  let state = byte == 0x7b ? KEY_OR_CLOSE : VALUE_OR_CLOSE;
  at += 1;
  while (true) {
    at = blank(at);
    byte = load<u8>(at);
    if (state == AFTER) {
      const inObject = load<u8>(STACK + depth) == 0x7b;
      if (byte == 0x2c) {
        keep(0x2c);
        at += 1;
        state = inObject ? KEY : VALUE;
        continue;
      }
      if (byte != <u32>(inObject ? 0x7d : 0x5d)) return -1;
    } else if (state == KEY || state == KEY_OR_CLOSE) {
      if (byte == 0x22) {
        at = keptText(at + 1);
        if (at < 0) return -1;
        at = blank(at);
        if (load<u8>(at) != 0x3a) return -1;
        keep(0x3a);
        at += 1;
        state = VALUE;
        continue;
      }
      if (byte != 0x7d || state == KEY) return -1;
    } else if (byte != 0x5d || state == VALUE) {
      if (byte == 0x22) {
        at = keptText(at + 1);
        state = AFTER;
      } else if (byte == 0x7b || byte == 0x5b) {
        depth += 1;
        if (depth == MAX_DEPTH) return -1;
        store<u8>(STACK + depth, byte);
        keep(byte);
        at += 1;
        state = byte == 0x7b ? KEY_OR_CLOSE : VALUE_OR_CLOSE;
      } else {
        const start = at;
        at = scalar(at);
        if (at < 0) return -1;
        keptPlace = copy(start, at, keptPlace);
        state = AFTER;
      }
      if (at < 0) return -1;
      continue;
    }
    keep(byte);
    at += 1;
    depth -= 1;
    if (depth < 0) return at;
    state = AFTER;
  }
}

// @ts-ignore: decorator
@inline
function keep(byte: u32): void {
  store<u8>(keptPlace, byte);
  keptPlace += 1;
}

/** A string of a nested value, written as part of a JSON string: `\"` around it, escapes escaped. */
function keptText(from: i32): i32 {
  let at = from;
  let to = keptPlace;
  store<u16>(to, 0x225c);
  to += 2;
  while (true) {
    while (true) {
      const bytes = v128.load(at);
      v128.store(to, bytes);
      const found = stops(bytes);
      if (found != 0) {
        const plain = ctz(found);
        at += plain;
        to += plain;
        break;
      }
      at += 16;
      to += 16;
    }
    const byte = load<u8>(at);
    if (byte == 0x22) {
      store<u16>(to, 0x225c);
      keptPlace = to + 2;
      return at + 1;
    }
    if (byte != 0x5c) return -1;
    const letter = load<u8>(at, 1);
    if (letter == 0x75) {
      const unit = unitAt(at);
      if (unit < 0) return -1;
      to = putUnit(unit, to);
      at += 6;
      continue;
    }
    if (!isShort(letter)) return -1;
    if (letter != 0x2f) {
      store<u16>(to, 0x5c5c);
      to += 2;
      if (letter == 0x22 || letter == 0x5c) {
        store<u8>(to, 0x5c);
        to += 1;
      }
    }
    store<u8>(to, letter);
    to += 1;
    at += 2;
  }
}

/** The text of a field as a JSON string, or null. */
function fieldText(field: i32, place: i32): i32 {
  const slot = SLOTS + field * 24;
  const kind = load<i32>(slot);
  if (kind == 0 || kind == NOTHING) return put(NULL, place);
  const start = load<i32>(slot, 4);
  const end = load<i32>(slot, 8);
  if (kind == STRING) return load<i32>(slot, 12) != 0 ? respelt(start, end, place) : copy(start, end, place);
  store<u8>(place, 0x22);
  const isNested = kind == OBJECT || kind == ARRAY;
  const to = isNested ? copy(load<i32>(slot, 16), load<i32>(slot, 20), place + 1) : copy(start, end, place + 1);
  store<u8>(to, 0x22);
  return to + 1;
}

/** Copies sixteen bytes at a time; what lies behind the end is scratch. */
// @ts-ignore: decorator
@inline
function copy(start: i32, end: i32, place: i32): i32 {
  let to = place;
  for (let at = start; at < end; at += 16) {
    v128.store(to, v128.load(at));
    to += 16;
  }
  return place + end - start;
}

// @ts-ignore: decorator
@inline
function put(constant: i32, place: i32): i32 {
  const from = CONSTANTS + constant * 32;
  v128.store(place, v128.load(from));
  v128.store(place + 16, v128.load(from + 16));
  return place + load<i32>(CONSTANT_LENGTHS + constant * 4);
}

function respelt(start: i32, end: i32, place: i32): i32 {
  let to = place;
  let at = start;
  while (at < end) {
    const byte = load<u8>(at);
    const letter = load<u8>(at, 1);
    if (byte != 0x5c) {
      store<u8>(to, byte);
      to += 1;
      at += 1;
    } else if (letter == 0x75) {
      to = putUnit(unitAt(at), to);
      at += 6;
    } else {
      if (letter != 0x2f) {
        store<u8>(to, 0x5c);
        to += 1;
      }
      store<u8>(to, letter);
      to += 1;
      at += 2;
    }
  }
  return to;
}

function digits(value: i64, place: i32): i32 {
  let length = 1;
  for (let power: i64 = 10; power <= value; power *= 10) length += 1;
  let rest = value;
  for (let at = place + length - 1; at >= place; at -= 1) {
    store<u8>(at, 0x30 + <u32>(rest % 10));
    rest /= 10;
  }
  return place + length;
}

/** Microseconds since 1970 of a time as Open edX writes it; 0 = absent or null; -1 = not for us. */
function readTime(): i64 {
  const slot = SLOTS + TIME * 24;
  const kind = load<i32>(slot);
  if (kind == 0 || kind == NOTHING) return 0;
  const at = load<i32>(slot, 4) + 1;
  // "YYYY-MM-DDTHH:MM:SS.ffffff+00:00" with its quotes.
  if (kind != STRING || load<i32>(slot, 8) - at != 33 || load<i32>(slot, 12) != 0) return -1;
  if (load<u8>(at, 4) != 0x2d || load<u8>(at, 7) != 0x2d || load<u8>(at, 10) != 0x54) return -1;
  if (load<u8>(at, 13) != 0x3a || load<u8>(at, 16) != 0x3a || load<u8>(at, 19) != 0x2e) return -1;
  if (load<u8>(at, 26) != 0x2b || load<u16>(at, 27) != 0x3030 || load<u8>(at, 29) != 0x3a || load<u16>(at, 30) != 0x3030)
    return -1;
  const century = two(at);
  const decade = two(at + 2);
  const month = two(at + 5);
  const day = two(at + 8);
  const hour = two(at + 11);
  const minute = two(at + 14);
  const second = two(at + 17);
  const f1 = two(at + 20);
  const f2 = two(at + 22);
  const f3 = two(at + 24);
  if ((century | decade | month | day | hour | minute | second | f1 | f2 | f3) < 0) return -1;
  const year = century * 100 + decade;
  if (year < 2000 || year > 2100 || month < 1 || month > 12 || day < 1 || day > daysIn(year, month)) return -1;
  if (hour > 23 || minute > 59 || second > 59) return -1;
  const seconds = daysSince1970(year, month, day) * 86400 + (hour * 3600 + minute * 60 + second);
  return seconds * 1000000 + (f1 * 10000 + f2 * 100 + f3);
}

/** Two digits, or -1. */
function two(at: i32): i32 {
  if (!isDigit(at) || !isDigit(at + 1)) return -1;
  return (<i32>load<u8>(at) - 0x30) * 10 + (<i32>load<u8>(at, 1) - 0x30);
}

function daysIn(year: i32, month: i32): i32 {
  if (month == 2) return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28;
  return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

function daysSince1970(year: i32, month: i32, day: i32): i64 {
  const y = month > 2 ? year : year - 1;
  const era = y / 400;
  const ofEra = y - era * 400;
  const ofYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  return <i64>(era * 146097 + ofEra * 365 + ofEra / 4 - ofEra / 100 + ofYear - 719468);
}

/** The time of the slot as `"YYYY-MM-DD HH:MM:SS.ffffff"`. */
function timeText(place: i32): i32 {
  const start = load<i32>(SLOTS + TIME * 24, 4);
  copy(start, start + 27, place);
  store<u8>(place, 0x20, 11);
  store<u8>(place, 0x22, 27);
  return place + 28;
}
