import { ScheduleEnd } from "../model/schedules/schedule-watch.ts";
import { allItems } from "./every-item.ts";
import type { Ledger } from "./ports.ts";
import { retryConflict } from "./retry-conflict.ts";
import { ifUnchanged } from "./ledger-conditions.ts";

const ENDS_PK = "schedule-end";

/** Keeps how a schedule's run ended; of two that end out of order the later one counts. Times are epoch milliseconds. */
export async function keepScheduleEnd(
  ledger: Ledger,
  schedule: string,
  end: { readonly run: string; readonly endedAt: number; readonly succeeded: boolean },
): Promise<void> {
  await retryConflict(async () => {
    const item = await ledger.get(ENDS_PK, schedule);
    const known = item === undefined ? undefined : ScheduleEnd.parse(item.data);
    const next = nextEnd(known, { ...end, endedAt: new Date(end.endedAt).toISOString() });
    if (next === undefined) return;
    const condition = ifUnchanged(item);
    await ledger.write([{ put: { pk: ENDS_PK, sk: schedule, data: next }, if: condition }]);
  });
}

/** By id of the schedule. */
export async function scheduleEnds(ledger: Ledger): Promise<ReadonlyMap<string, ScheduleEnd>> {
  const items = await allItems(ledger, ENDS_PK);
  return new Map(items.map(({ sk, data }) => [sk, ScheduleEnd.parse(data)]));
}

/** Undefined = nothing new. */
function nextEnd(
  known: ScheduleEnd | undefined,
  { run, endedAt, succeeded }: { readonly run: string; readonly endedAt: string; readonly succeeded: boolean },
): ScheduleEnd | undefined {
  const newer = known === undefined || endedAt > known.endedAt;
  const before = known?.succeededAt ?? null;
  const succeededAt = succeeded && (before === null || endedAt > before) ? endedAt : before;
  if (!newer && succeededAt === before) return undefined;
  return newer ? { run, endedAt, succeededAt } : { ...known, succeededAt };
}
