/** What became of an event's time. `ok` = an instant with a stated zone, or a count of seconds since 1970. */
export const TIME_STATUSES = ["ok", "assumed_utc", "leap", "unparsed", "absent"] as const;
export type TimeStatus = (typeof TIME_STATUSES)[number];

export interface EventTime {
  /** Microseconds since 1970 in UTC: exact in a double, far below 2^53. NaN = no instant. */
  readonly micros: number;
  readonly status: TimeStatus;
}

const SECOND = 1_000_000;
const MINUTE = 60 * SECOND;
const MIN_MICROS = Date.UTC(2000, 0, 1) * 1_000;
/** The first instant after the year 2100. */
const END_MICROS = Date.UTC(2101, 0, 1) * 1_000;

const ISO =
  /^(\d{4})-(\d{2})-(\d{2})[Tt ](\d{2}):(\d{2}):(\d{2})(?:[.,](\d{1,9}))?(?: ?([Zz]|UTC|[+-]\d{2}(?::?\d{2})?))?$/;
const NUMBER = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,4}))?$/;
/** Longer numbers are no time; the bound keeps the arithmetic small. */
const NUMBER_MAX_CHARS = 200;

const UNPARSED: EventTime = { micros: Number.NaN, status: "unparsed" };
export const ABSENT: EventTime = { micros: Number.NaN, status: "absent" };
export const NOT_A_TIME = UNPARSED;

/** A time as decoded text or as the digits of a number: both spellings of a number mean the same. */
export function readTime(text: string): EventTime {
  const iso = ISO.exec(text);
  if (iso !== null) return readIso(iso);
  return text.length > NUMBER_MAX_CHARS ? UNPARSED : readEpoch(text);
}

function readIso(match: RegExpExecArray): EventTime {
  const [, year, month, day, hour, minute, second, fraction = "", zone] = match;
  const [y, mo, d, h, mi, s] = [year, month, day, hour, minute, second].map(Number);
  if (y === undefined || mo === undefined || d === undefined || h === undefined || mi === undefined || s === undefined)
    return UNPARSED;
  const midnight = new Date(Date.UTC(y, mo - 1, d));
  const isDate = y >= 100 && midnight.getUTCMonth() === mo - 1 && midnight.getUTCDate() === d;
  const offset = offsetMinutes(zone);
  if (!isDate || h > 23 || mi > 59 || s > 60 || offset === undefined) return UNPARSED;
  const leap = s === 60;
  // A leap second has no form in a timestamp: the next minute begins, whatever the fraction.
  const micros = leap ? SECOND * 60 : s * SECOND + Number(fraction.padEnd(6, "0").slice(0, 6));
  const status = leap ? "leap" : zone === undefined ? "assumed_utc" : "ok";
  return inRange(midnight.getTime() * 1_000 + (h * 60 + mi - offset) * MINUTE + micros, status);
}

function offsetMinutes(zone: string | undefined): number | undefined {
  if (zone === undefined || zone === "UTC" || zone === "Z" || zone === "z") return 0;
  const hours = Number(zone.slice(1, 3));
  const minutes = Number(zone.length > 3 ? zone.slice(-2) : "0");
  if (hours > 23 || minutes > 59) return undefined;
  return (zone.startsWith("-") ? -1 : 1) * (hours * 60 + minutes);
}

/** Seconds, milliseconds or microseconds since 1970, told apart by magnitude, by decimal arithmetic. */
function readEpoch(text: string): EventTime {
  const match = NUMBER.exec(text);
  if (match === null) return UNPARSED;
  const [, sign = "", whole = "", fraction = "", exponent = "0"] = match;
  const digits = `${whole}${fraction}`.replace(/^0+/, "");
  // value = 0.<digits> x 10^point; `point` is the count of digits before the decimal point.
  const point = digits.length - fraction.length + Number(exponent);
  if (digits === "" || sign === "-" || point > 17) return UNPARSED;
  const unit = point <= 11 ? 6 : point <= 14 ? 3 : 0;
  const length = point + unit;
  if (length <= 0) return UNPARSED;
  return inRange(Number(digits.padEnd(length, "0").slice(0, length)), "ok");
}

function inRange(micros: number, status: TimeStatus): EventTime {
  return micros >= MIN_MICROS && micros < END_MICROS ? { micros, status } : UNPARSED;
}

/** `YYYY-MM-DD HH:MM:SS.ffffff`, always 26 characters. */
export function timeText(micros: number): string {
  const millis = Math.floor(micros / 1_000);
  const iso = new Date(millis).toISOString();
  return `${iso.slice(0, 10)} ${iso.slice(11, 23)}${String(micros - millis * 1_000).padStart(3, "0")}`;
}
