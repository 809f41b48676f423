import * as z from "zod";
import type { Io } from "../../core/io/ports.ts";
import { decided } from "../../core/io/retry-conflict.ts";
import { openSchedules, statusBy } from "../../core/io/schedules.ts";
import { tellStart } from "../../core/io/tell-watchers.ts";
import { ScheduleDeclaration, type TickStart } from "../../core/model/schedules/declaration.ts";
import type { TickDecision } from "../../core/model/schedules/decide-tick.ts";
import type { RunStatus } from "../../core/model/schedules/tick-record.ts";
import { task } from "../../core/task.ts";

/** The declaration comes with the tick, so that this task knows no domain and what is decided is what is deployed. */
export const TickInput = z.object({
  schedule: ScheduleDeclaration,
  /** ISO 8601, as Scheduler gives it. */
  scheduledTime: z.iso.datetime({ offset: true }),
});
type TickInput = z.infer<typeof TickInput>;

interface TickResult {
  readonly schedule: string;
  readonly scheduledTime: string;
  readonly outcome: TickDecision["outcome"];
  readonly why: string;
  /** What was started, or had been started before. */
  readonly start: TickStart | null;
}

/**
 * Decides one delivery of a tick, and starts what it decided. A delivery that died in between is repeated by whoever
 * sent it: it gets the same decision, and starting the same run again is no second run.
 */
export async function runTick(
  { schedule, scheduledTime }: TickInput,
  {
    ledger,
    status,
    start,
    started = async () => undefined,
    now,
  }: Pick<Io, "ledger"> & {
    readonly status: (start: TickStart) => Promise<RunStatus>;
    readonly start: (start: TickStart) => Promise<void>;
    /** Told of a run that was started, perhaps more than once. */
    readonly started?: (start: TickStart) => Promise<void>;
    readonly now: Date;
  },
): Promise<TickResult> {
  const tickAt = new Date(scheduledTime);
  const decision = await decided("decide a tick", () =>
    openSchedules(ledger).decide(schedule, tickAt, { now, status }),
  );
  if (decision.start !== undefined) {
    await start(decision.start);
    await started(decision.start);
  }
  const { outcome, why } = decision;
  return { schedule: schedule.id, scheduledTime, outcome, why, start: decision.start ?? null };
}

export const handler = task({
  name: "Tick",
  input: TickInput,
  unrecorded: true,
  run: (input, { io: { ledger, executions }, settings }) => {
    const now = new Date();
    return runTick(input, {
      ...{ ledger, now, status: statusBy(executions) },
      start: (start) => executions.start(start),
      started: (start) => tellStart({ executions, pings: settings.runs?.pings ?? [] }, start, now),
    });
  },
});
