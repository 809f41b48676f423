import type { AlertEvent } from "../model/alerts/alert-event.ts";
import type { ScheduleDeclaration } from "../model/schedules/declaration.ts";
import { switchOf } from "../model/schedules/judge-tick.ts";
import { watchSchedule, type WatchedSchedule } from "../model/schedules/schedule-watch.ts";
import type { ScheduleState } from "../model/schedules/tick-record.ts";
import type { Executions, Ledger } from "./ports.ts";
import { keepScheduleEnd, scheduleEnds } from "./schedule-ends.ts";
import { openSchedules } from "./schedules.ts";

type Silent = Extract<AlertEvent, { kind: "dead-man" | "schedule-silent" }>;
type Heard = Extract<AlertEvent, { kind: "schedule-heard" }>;

export interface SchedulesSeen {
  /** What the next look begins with; schedules that are off are left out. */
  readonly next: Readonly<Record<string, WatchedSchedule>>;
  readonly news: readonly (Silent | Heard)[];
  /** Runs of ticks whose end nobody has told. */
  readonly open: readonly { readonly domain: string; readonly name: string; readonly since: number }[];
}

/** Looks at every declared schedule that is on, in three queries. `awake` = false: silence is not told yet. */
export async function lookAtSchedules(
  { ledger, executions }: { readonly ledger: Ledger; readonly executions: Pick<Executions, "describe"> },
  declared: readonly ScheduleDeclaration[],
  known: Readonly<Record<string, WatchedSchedule>>,
  { environment, awake, now }: Pick<AlertEvent, "environment"> & { readonly awake: boolean; readonly now: Date },
): Promise<SchedulesSeen> {
  const schedules = openSchedules(ledger);
  const [states, overrides, ends] = [await schedules.states(), await schedules.overrides(), await scheduleEnds(ledger)];
  const next: Record<string, WatchedSchedule> = {};
  const news: SchedulesSeen["news"][number][] = [];
  const open: SchedulesSeen["open"][number][] = [];
  for (const declaration of declared) {
    const { id, domain } = declaration;
    const override = overrides.find(({ schedule }) => schedule === id);
    const started = states.get(id)?.started ?? null;
    const end = ends.get(id);
    const isOpen = started !== null && end?.run !== started.start.name;
    if (isOpen) open.push({ ...started.start, since: Date.parse(started.decidedAt) });
    if (!switchOf(declaration, override, now).on) continue;
    let seen = watchSchedule(declaration, known[id], end?.succeededAt ?? undefined, now);
    if (seen.news?.kind === "silent" && !awake) seen = { next: { ...seen.next, silentSince: null } };
    if (seen.news?.kind === "silent" && isOpen) {
      const success = await untoldSuccess({ ledger, executions }, id, started);
      if (success !== undefined) seen = watchSchedule(declaration, known[id], success, now);
    }
    next[id] = seen.next;
    if (seen.news === undefined) continue;
    const common = { environment, pipeline: domain, schedule: id };
    news.push(
      seen.news.kind === "silent"
        ? {
            ...common,
            ...{ kind: "dead-man", id: `dead-man/${id}/${seen.news.deadline}`, at: seen.news.deadline, links: {} },
            ...{ lastSeenAt: seen.news.lastSeenAt, maxSilenceSeconds: seen.news.maxSilenceSeconds },
          }
        : { ...common, kind: "schedule-heard", id: `heard/${id}/${seen.news.at}`, at: seen.news.at },
    );
  }
  return { next, news, open };
}

/** Before anybody is woken up: the run may have succeeded, and the event of its end was lost. */
async function untoldSuccess(
  { ledger, executions }: { readonly ledger: Ledger; readonly executions: Pick<Executions, "describe"> },
  schedule: string,
  { start }: NonNullable<ScheduleState["started"]>,
): Promise<string | undefined> {
  const found = await executions.describe(start);
  if (found?.status !== "SUCCEEDED" || found.endedAt === undefined) return undefined;
  await keepScheduleEnd(ledger, schedule, { run: start.name, endedAt: found.endedAt.getTime(), succeeded: true });
  return found.endedAt.toISOString();
}
