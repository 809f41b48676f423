import type { ScheduleDeclaration } from "./declaration.ts";
import { parseSchedule } from "./expression.ts";

const HOUR_MS = 3_600_000;
/** Of the gap between two ticks, unless the declaration says how long. */
const SILENCE_IN_PERIODS = 1.5;

export interface Silence {
  /** When the next run had to have succeeded; null = nothing more is expected. ISO 8601, UTC. */
  readonly deadline: string | null;
  readonly passed: boolean;
}

/**
 * The dead man's switch of a schedule. A cron expression has no one period (on weekdays, the weekend is longer), so it
 * is the gap between the tick that was last heard of and the one due after it.
 * @param since the scheduled time of the last run that succeeded, or when the schedule was switched on if that was later.
 */
export function silenceOf(declaration: ScheduleDeclaration, since: Date, now: Date): Silence {
  const { expression, timeZone, maximumSilenceHours, endsWithinHours } = declaration;
  const ticks = parseSchedule(expression, timeZone, since);
  const last = ticks.latest(since) ?? since;
  const next = ticks.next(since);
  if (next === undefined) return { deadline: null, passed: false };
  if (endsWithinHours !== undefined) return silentAt(next.getTime() + endsWithinHours * HOUR_MS, now);
  const longest =
    maximumSilenceHours === undefined
      ? SILENCE_IN_PERIODS * (next.getTime() - last.getTime())
      : maximumSilenceHours * HOUR_MS;
  return silentAt(since.getTime() + longest, now);
}

const silentAt = (deadline: number, now: Date): Silence => ({
  deadline: new Date(deadline).toISOString(),
  passed: now.getTime() > deadline,
});
