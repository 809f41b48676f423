import { type ScheduleDeclaration, type TickStart } from "./declaration.ts";
import { parseSchedule } from "./expression.ts";
import { judgeTick, LATE_AFTER_MS, switchOf, type Circumstances, type Judgement } from "./judge-tick.ts";
import type { ScheduleState, TickOutcome, TickRecord } from "./tick-record.ts";
import { tickTime, type Ticks } from "./ticks.ts";

/** A transaction holds 100 writes: these, the tick, the one started in its place, the state. */
const MISSED_ON_RECORD = 90;

export interface TickContext extends Circumstances {
  readonly now: Date;
  /** The record of this very tick. */
  readonly recorded?: TickRecord | undefined;
}

export interface TickDecision {
  readonly outcome: TickOutcome | "duplicate";
  readonly why: string;
  /** To be started now; again for a duplicate, because the first may have died before it did. */
  readonly start?: TickStart;
  /** To be written together, each only if absent. */
  readonly records: readonly TickRecord[];
  /** To replace the state that was read; undefined = unchanged. */
  readonly state?: ScheduleState;
}

/**
 * What one delivery of a tick does. A tick is decided once, however often it comes. One that comes late (after
 * downtime) is a misfire: `skip` forgets it; `run-once` starts the newest tick that is due, in its place and once.
 */
export function decideTick(declaration: ScheduleDeclaration, tick: Date, context: TickContext): TickDecision {
  const { now, recorded, state, override } = context;
  if (recorded !== undefined) {
    const why = `Decided at ${recorded.decidedAt}: ${recorded.outcome}. ${recorded.why}`;
    return {
      outcome: "duplicate",
      why,
      records: [],
      ...(recorded.start === undefined ? {} : { start: recorded.start }),
    };
  }
  const ticks = parseSchedule(declaration.expression, declaration.timeZone, tick);
  const decided = (time: Date, { outcome, why, start }: Judgement): TickRecord => ({
    ...{ schedule: declaration.id, scheduledTime: tickTime(time), outcome, why, decidedAt: now.toISOString() },
    ...(start === undefined ? {} : { start }),
  });
  const late = now.getTime() - tick.getTime() > LATE_AFTER_MS && switchOf(declaration, override, now).on;
  const latest = late ? (ticks.latest(now) ?? tick) : tick;
  const own: TickRecord[] = [];
  if (late && declaration.misfire === "skip") {
    own.push(decided(tick, misfire("It came late, and what was missed is skipped.")));
  } else if (latest <= tick) {
    own.push(decided(tick, judgeTick(declaration, tick, context, now)));
  } else if (state !== undefined && Date.parse(state.newest) >= latest.getTime()) {
    own.push(decided(tick, misfire(`It came late, and the newer tick of ${state.newest} has been decided.`)));
  } else {
    const instead = judgeTick(declaration, latest, context, now);
    const why = `It came late; the newest tick that was missed, ${tickTime(latest)}, counts for all of them.`;
    own.push(decided(tick, { ...misfire(why), ...(instead.start === undefined ? {} : { start: instead.start }) }));
    own.push(decided(latest, instead));
  }
  const records = [...own, ...missed(ticks, declaration, state, now, own).map((time) => decided(time, LOST))];
  const [{ outcome, why } = LOST] = own;
  const started = own.findLast((record) => record.start !== undefined);
  return {
    ...{ outcome, why, records, state: nextState(declaration, state, records) },
    ...(started?.start === undefined ? {} : { start: started.start }),
  };
}

const misfire = (why: string): Judgement => ({ outcome: "skipped: misfire", why });
const LOST = misfire("Nothing delivered it in time: downtime.");

/** Ticks since the newest on record that nobody brought; newest first, as many as one transaction holds. */
function missed(
  ticks: Ticks,
  { expression, timeZone }: ScheduleDeclaration,
  state: ScheduleState | undefined,
  now: Date,
  own: readonly TickRecord[],
): Date[] {
  if (state === undefined || state.expression !== expression || state.timeZone !== timeZone) return [];
  const known = new Set(own.map(({ scheduledTime }) => scheduledTime));
  const found: Date[] = [];
  let time = ticks.latest(new Date(now.getTime() - LATE_AFTER_MS - 1));
  while (time !== undefined && time.getTime() > Date.parse(state.newest) && found.length < MISSED_ON_RECORD) {
    if (!known.has(tickTime(time))) found.push(time);
    time = ticks.latest(new Date(time.getTime() - 1));
  }
  return found;
}

function nextState(
  { expression, timeZone }: ScheduleDeclaration,
  state: ScheduleState | undefined,
  records: readonly TickRecord[],
): ScheduleState {
  const times = [...records.map(({ scheduledTime }) => scheduledTime), ...(state === undefined ? [] : [state.newest])];
  const begun = records.findLast(({ outcome }) => outcome === "started");
  const started =
    begun?.start === undefined
      ? (state?.started ?? null)
      : { scheduledTime: begun.scheduledTime, decidedAt: begun.decidedAt, start: begun.start };
  return { newest: times.toSorted().at(-1) ?? "", expression, timeZone, started };
}
