import { CLOSE_BRACE, COLON, COMMA, DOT, MINUS, OPEN_BRACE, QUOTE, SPACE, isDigit } from "./byte-classes.ts";
import { CONTEXT, EVENT, FIELDS, TIME } from "./columns.ts";
import { ABSENT, NOT_A_TIME, readTime, timeText, type EventTime, type TimeStatus } from "./event-time.ts";
import { MAX_GROWTH } from "./escapes.ts";
import { OVERRUN_BYTES, TextWriter, constant } from "./text-writer.ts";
import type { Member } from "./scan-line.ts";

const FIELD_PREFIX = FIELDS.map((name, field) => constant(`${field === 0 ? "{" : ","}"${name}":`));
const NULL = constant("null");
const TIME_RAW = constant(',"time_raw":');
const TIME_STATUS = constant(',"time_status":"');
const EVENT_KIND = constant('","event_kind":"');
const CONTEXT_KIND = constant('","context_kind":"');
const EXTRA = constant('","extra":');
const SOURCE_LINE = constant(',"source_line":');
const SOURCE_OFFSET = constant(',"source_offset":');
const END = constant("}\n");
const DAY_MICROS = 86_400_000_000;
/** `"YYYY-MM-DDTHH:MM:SS.ffffff+00:00"`, what Open edX itself writes. */
const USUAL_TIME_BYTES = 34;
/** Names, braces and numbers of one staged line. */
const FRAME_BYTES = 1_024;

export const stagedBound = (lineBytes: number): number => lineBytes * MAX_GROWTH + FRAME_BYTES + OVERRUN_BYTES;

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
  private readonly writer = new TextWriter();
  /** Where the scanner keeps the texts of nested values. */
  private keptWords: DataView = new DataView(new ArrayBuffer(0));

  /** `slots` holds the member of each field, `extras` the others in input order. Returns the end in `out`. */
  render(
    from: Uint8Array,
    keptWords: DataView,
    slots: readonly (Member | undefined)[],
    extras: readonly Member[],
    line: number,
    offset: number,
    out: Uint8Array,
    place: number,
  ): number {
    const { writer } = this;
    writer.bind(from, out);
    this.keptWords = keptWords;
    let to = place;
    for (let field = 0; field < FIELDS.length; field += 1) {
      to = writer.put(FIELD_PREFIX[field] ?? NULL, to);
      const member = slots[field];
      to = field === TIME ? this.time(from, member, to) : this.value(member, to);
    }
    this.columnsEnd = to;
    to = this.value(slots[TIME], writer.put(TIME_RAW, to));
    to = writer.ascii(this.status, writer.put(TIME_STATUS, to));
    to = writer.ascii(slots[EVENT]?.kind ?? "absent", writer.put(EVENT_KIND, to));
    to = writer.ascii(slots[CONTEXT]?.kind ?? "absent", writer.put(CONTEXT_KIND, to));
    to = this.extra(extras, writer.put(EXTRA, to));
    to = writer.digits(line, writer.put(SOURCE_LINE, to));
    to = writer.digits(offset, writer.put(SOURCE_OFFSET, to));
    return writer.put(END, to);
  }

  /** A value as a JSON string of its text, or null. */
  private value(member: Member | undefined, place: number): number {
    const { writer } = this;
    if (member === undefined || member.kind === "null") return writer.put(NULL, place);
    const { kind, start, end } = member;
    if (kind === "string") {
      return member.respell ? writer.respelt(start, end, place) : writer.copy(start, end, place);
    }
    const inside = writer.byte(QUOTE, place);
    return writer.byte(QUOTE, isNested(member) ? this.nested(member, inside) : writer.copy(start, end, inside));
  }

  private nested({ keptStart, keptEnd }: Member, place: number): number {
    return this.writer.copyOf(this.keptWords, keptStart, keptEnd, place);
  }

  /** The members that are no columns, as one JSON object of their kept texts, itself a JSON string. */
  private extra(members: readonly Member[], place: number): number {
    const { writer } = this;
    if (members.length === 0) return writer.put(NULL, place);
    let to = writer.byte(OPEN_BRACE, writer.byte(QUOTE, place));
    for (const [index, member] of members.entries()) {
      if (index > 0) to = writer.byte(COMMA, to);
      to = writer.kept(member.keyStart - 1, member.keyEnd + 1, to);
      to = writer.byte(COLON, to);
      to = isNested(member) ? this.nested(member, to) : writer.kept(member.start, member.end, to);
    }
    return writer.byte(QUOTE, writer.byte(CLOSE_BRACE, to));
  }

  private time(from: Uint8Array, member: Member | undefined, place: number): number {
    const { writer } = this;
    if (member !== undefined && isUsualTime(from, member) && this.usualTime(from, member.start + 1)) {
      const to = writer.copy(member.start, member.start + 27, place);
      writer.byte(SPACE, place + 11);
      return writer.byte(QUOTE, to);
    }
    const { micros, status } = anyTime(from, member);
    this.micros = micros;
    this.status = status;
    return Number.isNaN(micros) ? writer.put(NULL, place) : writer.ascii(`"${timeText(micros)}"`, place);
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

const isNested = ({ kind }: Member): boolean => kind === "object" || kind === "array";

/** Midnight of a `YYYY-MM-DD`, in microseconds since 1970. */
export const midnightMicros = (date: string): number => Date.parse(`${date}T00:00:00Z`) * 1_000;

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
