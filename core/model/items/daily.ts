import { Failure } from "../failures.ts";

/** One partition for each day from `start` on, in the calendar of a time zone. */
export interface DailyPartitions {
  /** `2016-01-01` */
  readonly start: string;
  /** IANA name, `America/New_York`. */
  readonly timeZone: string;
}

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const formats = new Map<string, Intl.DateTimeFormat>();

/** The calendar day `YYYY-MM-DD` of an instant (epoch milliseconds). Throws Misconfigured `time_zone_unknown`. */
export function dayOf(instant: number, timeZone: string): string {
  const parts = Object.fromEntries(
    formatOf(timeZone)
      .formatToParts(instant)
      .map(({ type, value }) => [type, value]),
  );
  return `${parts["year"]?.padStart(4, "0")}-${parts["month"]}-${parts["day"]}`;
}

/**
 * When a day begins and ends, in epoch milliseconds: 23 to 25 hours where the clocks change, none where the zone
 * skipped the day. Each day ends where the next begins. Throws Malformed `day_invalid`.
 */
export function windowOf(day: string, timeZone: string): { readonly start: number; readonly end: number } {
  const midnight = utcMidnight(day);
  return { start: startOf(midnight, timeZone), end: startOf(midnight + DAY_MS, timeZone) };
}

/** The partitions whose day is over at `now`, in order. Throws Malformed `day_invalid`. */
export function* daysUntil({ start, timeZone }: DailyPartitions, now: number): Generator<string> {
  const today = dayOf(now, timeZone);
  for (let midnight = utcMidnight(start); ; midnight += DAY_MS) {
    const day = isoDay(midnight);
    if (day >= today) return;
    if (exists(day, timeZone)) yield day;
  }
}

/** No zone is further than 15 hours from UTC; the first instant of that day or a later one is the day's start. */
function startOf(midnight: number, timeZone: string): number {
  const day = isoDay(midnight);
  let [before, from] = [midnight - 16 * HOUR_MS, midnight + 16 * HOUR_MS];
  while (from - before > 1) {
    const middle = Math.floor((before + from) / 2);
    if (dayOf(middle, timeZone) >= day) from = middle;
    else before = middle;
  }
  return from;
}

/** Samoa had no 2011-12-30. UTC's noon is in the same day nearly everywhere; where it is not, one look more tells. */
export function exists(day: string, timeZone: string): boolean {
  const midnight = utcMidnight(day);
  return [12, 0, 24, -6, 30].some((hour) => dayOf(midnight + hour * HOUR_MS, timeZone) === day);
}

/** A day of the calendar, written YYYY-MM-DD. */
export function isDay(text: string): boolean {
  const midnight = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN;
  return !Number.isNaN(midnight) && isoDay(midnight) === text;
}

function utcMidnight(day: string): number {
  if (isDay(day)) return Date.parse(`${day}T00:00:00Z`);
  throw new Failure("Malformed", `"${day.slice(0, 40)}" is no day.`, {
    code: "day_invalid",
    what: "read the day of a daily partition",
    hint: "Write a day of the calendar as YYYY-MM-DD.",
  });
}

const isoDay = (midnight: number): string => new Date(midnight).toISOString().slice(0, 10);

function formatOf(timeZone: string): Intl.DateTimeFormat {
  const known = formats.get(timeZone);
  if (known !== undefined) return known;
  try {
    const options = { timeZone, year: "numeric", month: "2-digit", day: "2-digit" } as const;
    const made = new Intl.DateTimeFormat("en-US", { ...options, calendar: "iso8601", numberingSystem: "latn" });
    formats.set(timeZone, made);
    return made;
  } catch (cause) {
    throw new Failure("Misconfigured", `"${timeZone}" is no time zone.`, {
      code: "time_zone_unknown",
      what: "find the days of a time zone",
      hint: "Write the IANA name, for example America/New_York.",
      cause,
    });
  }
}
