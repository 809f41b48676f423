import { startOf, type ScheduleDeclaration, type TickStart } from "./declaration.ts";
import { inForce, type ScheduleOverride } from "./override.ts";
import type { RunStatus, ScheduleState, TickOutcome } from "./tick-record.ts";

/** From here on a tick is late: Scheduler calls within a minute, and a cold start or a retry takes part of another. */
export const LATE_AFTER_MS = 120_000;

export interface Circumstances {
  readonly override?: ScheduleOverride | undefined;
  readonly state?: ScheduleState | undefined;
  /** Of the run in `state.started`. */
  readonly previous: RunStatus;
}

export interface Judgement {
  readonly outcome: TickOutcome;
  readonly why: string;
  readonly start?: TickStart;
}

/** Whether the schedule is on at that moment, and who says so. */
export function switchOf(
  { enabled }: Pick<ScheduleDeclaration, "enabled">,
  override: ScheduleOverride | undefined,
  at: Date,
): { readonly on: boolean; readonly why: string } {
  const found = inForce(override, at);
  if (found === undefined) return { on: enabled, why: `Declared ${enabled ? "on" : "off"} here.` };
  const { state, author, reason, until } = found;
  return { on: state === "on", why: `Switched ${state} by ${author} until ${until.slice(0, 16)}Z: ${reason}` };
}

/** Start it, or not because the schedule is off or its last run still goes on. */
export function judgeTick(
  declaration: ScheduleDeclaration,
  tick: Date,
  { override, state, previous }: Circumstances,
  now: Date,
): Judgement {
  const { on, why } = switchOf(declaration, override, now);
  if (!on) return { outcome: "skipped: off", why };
  const last = state?.started ?? null;
  // Between the decision and the start nobody knows the run yet.
  const starting =
    last !== null && previous === "unknown" && now.getTime() - Date.parse(last.decidedAt) < LATE_AFTER_MS;
  if (last !== null && !declaration.overlap && (previous === "running" || starting)) {
    return { outcome: "skipped: overlap", why: `The run ${last.start.name} of ${last.scheduledTime} still goes on.` };
  }
  const start = startOf(declaration, tick);
  return { outcome: "started", why: `Starts ${start.name}. ${why}`, start };
}
