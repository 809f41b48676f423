/**
 * The six fields of `cron(minutes hours day-of-month month day-of-week year)` as EventBridge Scheduler reads them:
 * https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html#cron-based. What that page does not list
 * is refused, because a deployment would refuse it later.
 */
export interface CronFields {
  /** Minutes since midnight, ascending. */
  readonly minutesOfDay: readonly number[];
  /** 1 to 12. */
  readonly months: ReadonlySet<number>;
  readonly years: ReadonlySet<number>;
  readonly onDay: DayTest;
}

/** `day` counts from 1, `last` is the last of its month, `weekday` counts from 1 = Sunday as AWS does. */
type DayTest = (date: { readonly day: number; readonly last: number; readonly weekday: number }) => boolean;

const MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const DAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/** Throws a RangeError that names the field. */
export function parseCronFields(text: string): CronFields {
  const fields = text.trim().split(/\s+/);
  const [minute, hour, dayOfMonth, month, dayOfWeek, year] = fields;
  if (fields.length !== 6 || minute === undefined || hour === undefined || dayOfMonth === undefined) throw sixFields();
  if (month === undefined || dayOfWeek === undefined || year === undefined) throw sixFields();
  if ((dayOfMonth === "?") === (dayOfWeek === "?")) {
    throw new RangeError("one of day-of-month and day-of-week is ?, and the other is not");
  }
  const minutes = [...numbers("minutes", minute, 0, 59)];
  const hours = [...numbers("hours", hour, 0, 23)];
  return {
    minutesOfDay: hours.flatMap((h) => minutes.map((m) => h * 60 + m)).sort((a, b) => a - b),
    months: numbers("month", month, 1, 12, MONTHS),
    years: numbers("year", year, 1970, 2199),
    onDay: dayOfWeek === "?" ? daysOfMonth(dayOfMonth) : daysOfWeek(dayOfWeek),
  };
}

const sixFields = (): RangeError =>
  new RangeError("cron has six fields: minutes hours day-of-month month day-of-week year");

/** `*`, `5`, `1-5`, `0/4` (from 0 to the field's end), and several of these with commas. */
function numbers(field: string, text: string, min: number, max: number, names: readonly string[] = []): Set<number> {
  const wrong = (): RangeError => new RangeError(`"${text}" is no value of ${field} (${min} to ${max})`);
  const figure = (word: string): number => {
    const named = names.indexOf(word.toUpperCase());
    const value = named >= 0 ? named + min : /^\d+$/.test(word) ? Number(word) : Number.NaN;
    if (!(value >= min && value <= max)) throw wrong();
    return value;
  };
  const found = new Set<number>();
  for (const part of text.split(",")) {
    const [, range = "", step] = /^([^/]+)(?:\/(\d+))?$/.exec(part) ?? [];
    const [from = "", to, more] = range.split("-");
    const first = range === "*" ? min : figure(from);
    const last = to !== undefined ? figure(to) : range === "*" || step !== undefined ? max : first;
    const by = Number(step ?? 1);
    if (more !== undefined || last < first || by < 1) throw wrong();
    for (let value = first; value <= last; value += by) found.add(value);
  }
  return found;
}

/** Numbers, `L` (the last day) and `3W` (the weekday nearest to the third, in the same month). */
function daysOfMonth(text: string): DayTest {
  const tests = text.split(",").map((part): DayTest => {
    if (part === "L") return ({ day, last }) => day === last;
    const nearest = /^(\d+)W$/.exec(part)?.[1];
    if (nearest === undefined) {
      const days = numbers("day-of-month", part, 1, 31);
      return ({ day }) => days.has(day);
    }
    const [wanted = 0] = numbers("day-of-month", nearest, 1, 31);
    return (date) => wanted <= date.last && date.day === nearestWeekday(wanted, date);
  });
  return (date) => tests.some((test) => test(date));
}

function nearestWeekday(wanted: number, { day, last, weekday }: Parameters<DayTest>[0]): number {
  const itsWeekday = (((weekday - 1 + wanted - day) % 7) + 7) % 7;
  if (itsWeekday === 6) return wanted === 1 ? wanted + 2 : wanted - 1;
  if (itsWeekday === 0) return wanted === last ? wanted - 2 : wanted + 1;
  return wanted;
}

/** 1 = Sunday to 7, names, `L` (Saturday), `6L` (the last Friday of the month), `6#2` (its second Friday). */
function daysOfWeek(text: string): DayTest {
  if (text.includes("/")) throw new RangeError(`"${text}" is no value of day-of-week: it takes no steps`);
  if (text.includes("#")) {
    const [, named = "", nth] = /^(\w+)#([1-5])$/.exec(text) ?? [];
    const [wanted] = numbers("day-of-week", named, 1, 7, DAYS);
    return ({ day, weekday }) => weekday === wanted && Math.ceil(day / 7) === Number(nth);
  }
  const tests = text.split(",").map((part): DayTest => {
    if (part === "L") return ({ weekday }) => weekday === 7;
    const [, named] = /^(\w+)L$/.exec(part) ?? [];
    const days = numbers("day-of-week", named ?? part, 1, 7, DAYS);
    return ({ day, last, weekday }) => days.has(weekday) && (named === undefined || day + 7 > last);
  });
  return (date) => tests.some((test) => test(date));
}
