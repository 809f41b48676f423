import { createHash } from "node:crypto";
import { parseSchedule } from "../../core/model/schedules/expression.ts";
import { tickTime, type Ticks } from "../../core/model/schedules/ticks.ts";
import type { Schedule } from "../assembly/triggers.ts";
import type { StartExecution } from "../events/router.ts";
import type { HomeStore } from "../home-store.ts";

/** Timers hold at most 2^31 ms, and a machine that slept wakes up late: look again at least this often. */
const LONGEST_SLEEP_MS = 30_000;

export interface Scheduler {
  /** The next tick of every schedule that is switched on. */
  next(): readonly { readonly name: string; readonly at: string }[];
  stop(): void;
}

/**
 * Ticks of EventBridge Scheduler. The last tick is on disk: after downtime a schedule runs once for all ticks it
 * missed, unless the newest of them is older than its retry policy's maximum age. Names come from the tick's time,
 * so a tick that is seen twice starts one execution.
 */
export function startScheduler(options: {
  readonly schedules: readonly Schedule[];
  readonly store: HomeStore;
  readonly start: StartExecution;
  readonly onError: (error: unknown) => void;
  readonly now?: () => Date;
}): Scheduler {
  const { store, start, onError } = options;
  const now = options.now ?? (() => new Date());
  let stopped = false;
  const timers = new Map<string, NodeJS.Timeout>();
  const upcoming = new Map<string, Date>();

  const arm = (schedule: Schedule, ticks: Ticks, anchor: Date, last: Date): void => {
    if (stopped) return;
    const due = ticks.latest(now());
    if (due === undefined || due <= last) {
      const next = ticks.next(last);
      if (next === undefined) return;
      upcoming.set(schedule.name, next);
      const wait = Math.min(Math.max(next.getTime() - now().getTime(), 0), LONGEST_SLEEP_MS);
      timers.set(
        schedule.name,
        setTimeout(() => arm(schedule, ticks, anchor, last), wait),
      );
      return;
    }
    const late = now().getTime() - due.getTime() > schedule.maximumAgeSeconds * 1000;
    const started = late
      ? Promise.resolve([])
      : start(schedule.targetArn, tickName(schedule, due), tickInput(schedule, due));
    void started.then(
      () => {
        if (stopped) return;
        store.setTick(schedule.name, anchor, due);
        arm(schedule, ticks, anchor, due);
      },
      (error: unknown) => {
        if (stopped) return;
        onError(error);
        timers.set(
          schedule.name,
          setTimeout(() => arm(schedule, ticks, anchor, last), LONGEST_SLEEP_MS),
        );
      },
    );
  };

  for (const schedule of options.schedules.filter(({ enabled }) => enabled)) {
    try {
      const known = store.lastTick(schedule.name);
      const anchor = known?.anchor ?? now();
      if (known === undefined) store.setTick(schedule.name, anchor, anchor);
      arm(schedule, parseSchedule(schedule.expression, schedule.timeZone, anchor), anchor, known?.lastTick ?? anchor);
    } catch (error) {
      onError(error);
    }
  }
  return {
    next: () => [...upcoming].map(([name, at]) => ({ name, at: at.toISOString() })),
    stop() {
      stopped = true;
      for (const timer of timers.values()) clearTimeout(timer);
    },
  };
}

function tickName(schedule: Schedule, tick: Date): string {
  const digest = createHash("sha256").update(schedule.name).digest("hex").slice(0, 8);
  const at = tick.toISOString().replaceAll(/[-:.]/g, "");
  return `${schedule.name.replaceAll(/[^A-Za-z0-9_-]/g, "-").slice(0, 48)}-${digest}-${at}`;
}

const tickInput = (schedule: Schedule, tick: Date): string =>
  schedule.input
    .replaceAll("<aws.scheduler.scheduled-time>", tickTime(tick))
    .replaceAll("<aws.scheduler.execution-id>", tickName(schedule, tick))
    .replaceAll("<aws.scheduler.attempt-number>", "1")
    .replaceAll("<aws.scheduler.schedule-arn>", schedule.name);
