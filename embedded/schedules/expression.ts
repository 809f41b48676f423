import { Cron } from "croner";

const UNIT_MS: Readonly<Record<string, number>> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };
const DAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];
/** A year holds one 29 February in four: a search that finds nothing in ten steps over gaps has no next tick. */
const GAP_STEPS = 10;

export interface Ticks {
  /** The first tick strictly after `after`, or undefined when there is none. */
  next(after: Date): Date | undefined;
}

/**
 * Reads `cron(…)`, `rate(…)` and `at(…)` of EventBridge Scheduler.
 * @param anchor where a rate starts to count.
 * @throws Error that names the expression when it is none of the three.
 */
export function parseSchedule(expression: string, timeZone: string, anchor: Date): Ticks {
  const [, kind, body] = /^(cron|rate|at)\((.*)\)$/.exec(expression.trim()) ?? [];
  if (kind === "cron" && body !== undefined) return cronTicks(body, timeZone, expression);
  if (kind === "rate" && body !== undefined) return rateTicks(body, anchor, expression);
  if (kind === "at" && body !== undefined) return atTick(body, timeZone);
  throw wrong(expression);
}

function cronTicks(body: string, timeZone: string, expression: string): Ticks {
  const [minute, hour, dayOfMonth, month, dayOfWeek, year, more] = body.trim().split(/\s+/);
  if (year === undefined || dayOfWeek === undefined || more !== undefined) throw wrong(expression);
  const fields = [fromStep(minute, 59), fromStep(hour, 23), fromStep(dayOfMonth, 31), fromStep(month, 12)];
  const pattern = ["0", ...fields, weekdays(dayOfWeek), year].join(" ");
  const cron = new Cron(pattern, { timezone: timeZone, paused: true });
  return {
    next(after) {
      let tick = cron.nextRun(after);
      // A local time that daylight saving skips is not made up for: Scheduler leaves that tick out, croner moves it.
      for (let step = 0; step < GAP_STEPS && tick !== null; step += 1) {
        if (cron.match(tick)) return tick;
        tick = cron.nextRun(tick);
      }
      return undefined;
    },
  };
}

/** `0/4` starts at 0 and goes to the field's end; croner wants that end spelt out. */
const fromStep = (field: string | undefined, last: number): string =>
  (field ?? "").replaceAll(/(?<![-\d])(\d+)\/(\d+)/g, (_, from: string, step: string) => `${from}-${last}/${step}`);

/** EventBridge counts days of the week from 1 = Sunday; croner from 0. `6L` is the last Friday of the month. */
function weekdays(field: string): string {
  return fromStep(field, 7)
    .split(",")
    .map((part) => {
      const [range = "", step] = part.split("/");
      const named = range.replaceAll(
        /^([1-7])(?=$|-|L|#)|(?<=-)([1-7])$/g,
        (digit) => DAYS[Number(digit) - 1] ?? digit,
      );
      const last = /^([A-Z]{3})L$/.exec(named);
      const text = last === null ? (named === "L" ? "SAT" : named) : `${last[1] ?? ""}#L`;
      return step === undefined ? text : `${text}/${step}`;
    })
    .join(",");
}

function rateTicks(body: string, anchor: Date, expression: string): Ticks {
  const [, count, unit] = /^(\d+)\s+(minute|hour|day)s?$/.exec(body.trim()) ?? [];
  const period = Number(count) * (UNIT_MS[unit ?? ""] ?? Number.NaN);
  if (!(period > 0)) throw wrong(expression);
  return {
    next: (after) =>
      new Date(anchor.getTime() + (Math.floor((after.getTime() - anchor.getTime()) / period) + 1) * period),
  };
}

function atTick(body: string, timeZone: string): Ticks {
  const once = new Cron(body.trim(), { timezone: timeZone, paused: true });
  return { next: (after) => once.nextRun(after) ?? undefined };
}

const wrong = (expression: string): Error =>
  new Error(`"${expression}" is no schedule: use cron(minute hour day month weekday year), rate(n unit) or at(time).`);
