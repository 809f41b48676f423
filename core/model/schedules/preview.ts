import type { ScheduleDeclaration } from "./declaration.ts";
import { parseSchedule } from "./expression.ts";
import { judgeTick, type Circumstances, type Judgement } from "./judge-tick.ts";
import { ticksBetween, tickTime } from "./ticks.ts";
import { localText } from "./zoned-time.ts";

export interface TickPreview extends Judgement {
  readonly scheduledTime: string;
  /** In the schedule's zone, with its offset. */
  readonly local: string;
}

const FAR_AHEAD = new Date("2200-01-01T00:00:00Z");

/**
 * The next ticks, and what each would do if all stayed as it is: an override ends in time, a run that goes on now is
 * taken to go on.
 * @param anchor where a rate counts from: any tick of it.
 */
export function previewTicks(
  declaration: ScheduleDeclaration,
  options: Circumstances & { readonly now: Date; readonly count: number; readonly anchor: Date },
): TickPreview[] {
  const { expression, timeZone } = declaration;
  const ticks = parseSchedule(expression, timeZone, options.anchor);
  return ticksBetween(ticks, options.now, FAR_AHEAD, options.count).map((tick) => ({
    scheduledTime: tickTime(tick),
    local: localText(tick, timeZone),
    ...judgeTick(declaration, tick, options, tick),
  }));
}
