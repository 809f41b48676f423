import { CLOSE_BRACE, COLON, COMMA, DOT, MINUS, OPEN_BRACE, QUOTE, SPACE, isDigit } from "./byte-classes.ts";
import { CONTEXT, EVENT, FIELDS, TIME } from "./columns.ts";
import { ABSENT, NOT_A_TIME, readTime, timeText, type EventTime, type TimeStatus } from "./event-time.ts";
import { MAX_GROWTH, copyBytes, writeKept, writeRespelt } from "./render-text.ts";
import type { Member } from "./scan-line.ts";

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const FIELD_PREFIX = FIELDS.map((name, field) => encode(`${field === 0 ? "{" : ","}"${name}":`));
const NULL = encode("null");
const TIME_RAW = encode(',"time_raw":');
const TIME_STATUS = encode(',"time_status":"');
const EVENT_KIND = encode('","event_kind":"');
const CONTEXT_KIND = encode('","context_kind":"');
const EXTRA = encode('","extra":');
const SOURCE_LINE = encode(',"source_line":');
const SOURCE_OFFSET = encode(',"source_offset":');
const DAY_MICROS = 86_400_000_000;
/** `"YYYY-MM-DDTHH:MM:SS.ffffff+00:00"`, what Open edX itself writes. */
const USUAL_TIME_BYTES = 34;
/** Names, braces and numbers of one staged line. */
const FRAME_BYTES = 1_024;

export const stagedBound = (lineBytes: number): number => lineBytes * MAX_GROWTH + FRAME_BYTES;

/** Renders one row as a line of the staged file: all columns as JSON strings, null or counts. */
export class LineRenderer {
  /** Of the line rendered last. */
  micros = Number.NaN;
  status: TimeStatus = "absent";
  /** End of the 14 columns without a closing brace: that far the normalised line is the same. */
  columnsEnd = 0;
  /** YYYYMMDD */
  private usualDay = 0;
  private usualDayMicros = 0;
  private timeMember: Member | undefined;

  /** `slots` holds the member of each field, `extras` the others in input order. Returns the end in `out`. */
  render(
    from: Uint8Array,
    slots: readonly (Member | undefined)[],
    extras: readonly Member[],
    line: number,
    offset: number,
    out: Uint8Array,
    place: number,
  ): number {
    let to = place;
    for (let field = 0; field < FIELDS.length; field += 1) {
      to = put(FIELD_PREFIX[field] ?? NULL, out, to);
      const member = slots[field];
      to = field === TIME ? this.time(from, member, out, to) : value(from, member, out, to);
    }
    this.columnsEnd = to;
    to = put(TIME_RAW, out, to);
    to = value(from, this.timeMember, out, to);
    to = put(TIME_STATUS, out, to);
    to = putAscii(this.status, out, to);
    to = put(EVENT_KIND, out, to);
    to = putAscii(slots[EVENT]?.kind ?? "absent", out, to);
    to = put(CONTEXT_KIND, out, to);
    to = putAscii(slots[CONTEXT]?.kind ?? "absent", out, to);
    to = put(EXTRA, out, to);
    to = extra(from, extras, out, to);
    to = put(SOURCE_LINE, out, to);
    to = putAscii(String(line), out, to);
    to = put(SOURCE_OFFSET, out, to);
    to = putAscii(String(offset), out, to);
    out[to] = CLOSE_BRACE;
    out[to + 1] = 0x0a;
    return to + 2;
  }

  private time(from: Uint8Array, member: Member | undefined, out: Uint8Array, to: number): number {
    this.timeMember = member;
    if (member !== undefined && isUsualTime(from, member) && this.usualTime(from, member.start + 1)) {
      out[to] = QUOTE;
      copyBytes(from, member.start + 1, member.start + 27, out, to + 1);
      out[to + 11] = SPACE;
      out[to + 27] = QUOTE;
      return to + 28;
    }
    const { micros, status } = anyTime(from, member);
    this.micros = micros;
    this.status = status;
    if (Number.isNaN(micros)) return put(NULL, out, to);
    return putAscii(`"${timeText(micros)}"`, out, to);
  }

  /** The clock of the usual form; false = let the general reader judge. */
  private usualTime(from: Uint8Array, at: number): boolean {
    const hour = two(from, at + 11);
    const minute = two(from, at + 14);
    const second = two(from, at + 17);
    if (hour > 23 || minute > 59 || second > 59) return false;
    const year = two(from, at) * 100 + two(from, at + 2);
    const day = (year * 100 + two(from, at + 5)) * 100 + two(from, at + 8);
    if (day !== this.usualDay) {
      const midnight = readTime(`${textOf(from, at, at + 10)}T00:00:00Z`);
      if (midnight.status !== "ok") return false;
      this.usualDay = day;
      this.usualDayMicros = midnight.micros;
    }
    const fraction = (two(from, at + 20) * 100 + two(from, at + 22)) * 100 + two(from, at + 24);
    this.micros = this.usualDayMicros + ((hour * 60 + minute) * 60 + second) * 1_000_000 + fraction;
    this.status = "ok";
    return true;
  }
}

/** Whether the event's instant is more than 7 days from its log date (midnight, microseconds). */
export const isFarFrom = (micros: number, logDateMicros: number): boolean =>
  micros < logDateMicros - 7 * DAY_MICROS || micros >= logDateMicros + 8 * DAY_MICROS;

function isUsualTime(from: Uint8Array, member: Member): boolean {
  if (member.end - member.start !== USUAL_TIME_BYTES || member.kind !== "string" || member.respell) return false;
  const at = member.start + 1;
  if (from[at + 4] !== MINUS || from[at + 7] !== MINUS || from[at + 10] !== 0x54) return false;
  if (from[at + 13] !== COLON || from[at + 16] !== COLON || from[at + 19] !== DOT) return false;
  // +00:00
  if (from[at + 26] !== 0x2b || from[at + 29] !== COLON) return false;
  if (from[at + 27] !== 0x30 || from[at + 28] !== 0x30 || from[at + 30] !== 0x30 || from[at + 31] !== 0x30)
    return false;
  for (let place = 0; place < 26; place += 1) {
    const isMark = place === 4 || place === 7 || place === 10 || place === 13 || place === 16 || place === 19;
    if (!isMark && !isDigit(from[at + place] ?? 0)) return false;
  }
  return true;
}

const two = (from: Uint8Array, at: number): number => ((from[at] ?? 0) - 0x30) * 10 + ((from[at + 1] ?? 0) - 0x30);

const textOf = (from: Uint8Array, start: number, end: number): string =>
  Buffer.from(from.buffer, from.byteOffset + start, end - start).toString("utf8");

function anyTime(from: Uint8Array, member: Member | undefined): EventTime {
  if (member === undefined || member.kind === "null") return ABSENT;
  const text = textOf(from, member.start, member.end);
  if (member.kind === "number") return readTime(text);
  if (member.kind !== "string") return NOT_A_TIME;
  const decoded: unknown = JSON.parse(text);
  return typeof decoded === "string" ? readTime(decoded) : NOT_A_TIME;
}

/** A value as a JSON string of its text, or null. */
function value(from: Uint8Array, member: Member | undefined, out: Uint8Array, place: number): number {
  if (member === undefined || member.kind === "null") return put(NULL, out, place);
  const { kind, start, end } = member;
  if (kind === "string") {
    return member.respell ? writeRespelt(from, start, end, out, place) : copyBytes(from, start, end, out, place);
  }
  out[place] = QUOTE;
  const isNested = kind === "object" || kind === "array";
  const to = isNested ? writeKept(from, start, end, out, place + 1) : copyBytes(from, start, end, out, place + 1);
  out[to] = QUOTE;
  return to + 1;
}

/** The members that are no columns, as one JSON object of their kept texts, itself a JSON string. */
function extra(from: Uint8Array, members: readonly Member[], out: Uint8Array, place: number): number {
  if (members.length === 0) return put(NULL, out, place);
  let to = place;
  out[to] = QUOTE;
  out[to + 1] = OPEN_BRACE;
  to += 2;
  for (const [index, member] of members.entries()) {
    if (index > 0) {
      out[to] = COMMA;
      to += 1;
    }
    to = writeKept(from, member.keyStart - 1, member.keyEnd + 1, out, to);
    out[to] = COLON;
    to = writeKept(from, member.start, member.end, out, to + 1);
  }
  out[to] = CLOSE_BRACE;
  out[to + 1] = QUOTE;
  return to + 2;
}

const put = (bytes: Uint8Array, out: Uint8Array, to: number): number => copyBytes(bytes, 0, bytes.length, out, to);

function putAscii(text: string, out: Uint8Array, place: number): number {
  for (let at = 0; at < text.length; at += 1) out[place + at] = text.charCodeAt(at);
  return place + text.length;
}
