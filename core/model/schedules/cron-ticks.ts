import type { CronFields } from "./cron-fields.ts";
import type { Ticks } from "./ticks.ts";
import { instantOf, wallTime } from "./zoned-time.ts";

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
/** No clock is put back by more. */
const LONGEST_REPEAT_MS = 4 * 3_600_000;
const [FIRST_YEAR, LAST_YEAR] = [1970, 2199];

/**
 * Ticks of a cron expression in a time zone. As Scheduler documents it, a local time that does not exist has no tick
 * and one that comes twice has its tick at the first, so that local times and their ticks have the same order
 * (https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html#daylist-savings-time).
 */
export const cronTicks = (fields: CronFields, zone: string): Ticks => ({
  next(after) {
    const from = wallTime(after.getTime(), zone);
    for (const day of days(fields, from, 1)) {
      for (const minute of fields.minutesOfDay) {
        const wall = day + minute * MINUTE_MS;
        if (wall <= from) continue;
        const instant = instantOf(wall, zone);
        if (instant !== undefined && instant > after.getTime()) return new Date(instant);
      }
    }
    return undefined;
  },
  latest(until) {
    const from = wallTime(until.getTime(), zone) + LONGEST_REPEAT_MS;
    for (const day of days(fields, from, -1)) {
      for (const minute of fields.minutesOfDay.toReversed()) {
        const wall = day + minute * MINUTE_MS;
        if (wall > from) continue;
        const instant = instantOf(wall, zone);
        if (instant !== undefined && instant <= until.getTime()) return new Date(instant);
      }
    }
    return undefined;
  },
});

/** Midnights of the days that match, beginning with the day of `from`; years and months that do not match are jumped. */
function* days({ years, months, onDay }: CronFields, from: number, step: 1 | -1): Generator<number> {
  let day = Math.floor(from / DAY_MS) * DAY_MS;
  for (;;) {
    const date = new Date(day);
    const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()];
    if (year < FIRST_YEAR || year > LAST_YEAR) return;
    if (!years.has(year)) day = step === 1 ? Date.UTC(year + 1, 0, 1) : Date.UTC(year, 0, 0);
    else if (!months.has(month + 1)) day = step === 1 ? Date.UTC(year, month + 1, 1) : Date.UTC(year, month, 0);
    else {
      const last = new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
      if (onDay({ day: date.getUTCDate(), last, weekday: date.getUTCDay() + 1 })) yield day;
      day += step * DAY_MS;
    }
  }
}
