import { Failure } from "../failures.ts";
import { parseCronFields } from "./cron-fields.ts";
import { cronTicks } from "./cron-ticks.ts";
import type { Ticks } from "./ticks.ts";
import { instantOf, isTimeZone } from "./zoned-time.ts";

const UNIT_MS: Readonly<Record<string, number>> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };

/**
 * Reads `cron(…)`, `rate(…)` and `at(…)` of EventBridge Scheduler.
 * @param anchor where a rate starts to count; days of a rate have 24 hours in every time zone.
 * @throws Failure Misconfigured `bad_schedule` that names the expression and what is wrong with it.
 */
export function parseSchedule(expression: string, timeZone: string, anchor: Date): Ticks {
  if (!isTimeZone(timeZone)) throw bad(`"${timeZone}" is no name of the time zone database, such as Europe/Berlin`);
  const [, kind, body = ""] = /^(cron|rate|at)\((.*)\)$/.exec(expression.trim()) ?? [];
  try {
    if (kind === "cron") return cronTicks(parseCronFields(body), timeZone);
    if (kind === "rate") return rateTicks(body, anchor);
    if (kind === "at") return atTick(body, timeZone);
  } catch (cause) {
    if (cause instanceof RangeError) throw bad(`"${expression}" is no schedule: ${cause.message}`, cause);
    throw cause;
  }
  throw bad(`"${expression}" is no schedule: use cron(minute hour day month weekday year), rate(n unit) or at(time)`);
}

function rateTicks(body: string, anchor: Date): Ticks {
  const [, count, unit] = /^(\d+)\s+(minute|hour|day)s?$/.exec(body.trim()) ?? [];
  const period = Number(count) * (UNIT_MS[unit ?? ""] ?? Number.NaN);
  if (!(period > 0)) throw new RangeError("a rate is a positive number of minutes, hours or days");
  const nth = (at: Date, more: number): Date =>
    new Date(anchor.getTime() + (Math.floor((at.getTime() - anchor.getTime()) / period) + more) * period);
  return { next: (after) => nth(after, 1), latest: (until) => nth(until, 0) };
}

function atTick(body: string, zone: string): Ticks {
  const wall = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/.test(body) ? Date.parse(`${body}Z`) : Number.NaN;
  if (Number.isNaN(wall)) throw new RangeError("a time is yyyy-mm-ddThh:mm:ss");
  const instant = instantOf(wall, zone);
  const tick = instant === undefined ? undefined : new Date(instant);
  return {
    next: (after) => (tick !== undefined && tick > after ? tick : undefined),
    latest: (until) => (tick !== undefined && tick <= until ? tick : undefined),
  };
}

const bad = (message: string, cause?: unknown): Failure =>
  new Failure("Misconfigured", `${message}.`, {
    code: "bad_schedule",
    what: "read a schedule",
    hint: "Correct the schedule's declaration under state-machines/.",
    ...(cause === undefined ? {} : { cause }),
  });
