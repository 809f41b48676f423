import * as z from "zod";
import type { AlertEvent } from "../model/alerts/alert-event.ts";
import { WatchedSchedule } from "../model/schedules/schedule-watch.ts";
import { oldestUnsent, unsentAlerts } from "./alert-unsent.ts";
import { oldestSince } from "./lane-queue.ts";
import { readLane } from "./lane-store.ts";
import { lookAtSchedules } from "./look-schedules.ts";
import { stuckRuns } from "./look-runs.ts";
import type { Io } from "./ports.ts";
import { isConflict } from "./retry-conflict.ts";
import type { Settings } from "./settings.ts";
import { startAlert } from "./start-alert.ts";
import { ifUnchanged } from "./ledger-conditions.ts";

/** The clock calls every minute and is late at times: a little less than five of them. */
const EVERY_MS = 5 * 60_000 - 15_000;

/** Without a look for so long the platform itself was down (an alarm tells that, or it is somebody's laptop). */
const PAUSE_MS = 20 * 60_000;
/** So long what was missed meanwhile has to catch up before its silence is told. */
const CATCH_UP_MS = 30 * 60_000;

const State = z.object({
  /** Epoch milliseconds of the latest look. */
  at: z.number(),
  /** Since when there has been no longer pause between two looks. */
  awakeSince: z.number(),
  schedules: z.record(z.string(), WatchedSchedule),
});

/** What a look has found; the figures become metrics. */
export interface Looked {
  readonly silent: readonly string[];
  readonly heard: readonly string[];
  readonly stuck: readonly string[];
  readonly lanes: readonly {
    readonly lane: string;
    /** Of the run that has waited longest, backfills left out: they are meant to wait. Absent = nobody waits. */
    readonly oldestSeconds?: number;
    readonly closed: boolean;
  }[];
  /** Since when the oldest alert waits to be told; absent = all are. */
  readonly unsentSeconds?: number;
  /** Alerts that are tried again. */
  readonly again: number;
}

/**
 * Looks for what no event tells: schedules without a success, runs without an end, queues that stand still, alerts that
 * reached nobody. At most once in five minutes: a call in between reads one item. Undefined = it was not time.
 * Repeating it is harmless: alerts have names of their own.
 */
export async function lookAround({
  io: { ledger, executions },
  settings,
  now,
}: {
  readonly io: Pick<Io, "ledger" | "executions">;
  readonly settings: Pick<Settings, "environment" | "machineArnPrefix" | "embedded" | "runs" | "watched">;
  readonly now: number;
}): Promise<Looked | undefined> {
  const item = await ledger.get("look", "around");
  const state = State.safeParse(item?.data).data;
  // A clock that was far ahead must not keep others from looking.
  if (state !== undefined && Math.abs(now - state.at) < EVERY_MS) return undefined;
  const { lanes = [], longestSeconds = {} } = settings.runs ?? {};
  const home = { ledger, executions };

  const { schedules = [] } = settings.watched ?? {};
  const awakeSince = state !== undefined && now - state.at < PAUSE_MS ? state.awakeSince : now;
  const seen = await lookAtSchedules(home, schedules, state?.schedules ?? {}, {
    environment: settings.environment,
    awake: now - awakeSince >= CATCH_UP_MS,
    now: new Date(now),
  });
  const open = [...seen.open];
  const queues: Looked["lanes"][number][] = [];
  for (const { id } of lanes) {
    const lane = (await readLane(ledger, id)).state;
    open.push(...lane.running.map(({ domain, name, grantedAt }) => ({ domain, name, since: grantedAt })));
    const since = await oldestSince(ledger, id, { before: "backfill" });
    const oldest = since === undefined ? {} : { oldestSeconds: Math.max(0, now - since) / 1_000 };
    queues.push({ lane: id, closed: lane.closed !== null, ...oldest });
  }
  const stuck = await stuckRuns(home, settings, longestSeconds, open, now);
  for (const event of [...seen.news, ...stuck]) {
    await startAlert(executions, { key: event.id, trigger: "sweep", event });
  }
  const unsent = await oldestUnsent(ledger);
  const again = await unsentAlerts(home, now);
  const data: z.infer<typeof State> = { at: now, awakeSince, schedules: seen.next };
  await ledger.write([{ put: { pk: "look", sk: "around", data }, if: ifUnchanged(item) }]).catch(lost);
  const ofKind = (kind: AlertEvent["kind"]) => seen.news.filter((one) => one.kind === kind).map((one) => one.schedule);
  return {
    ...{ silent: ofKind("dead-man"), heard: ofKind("schedule-heard"), stuck: stuck.map(({ run }) => run.id) },
    ...{ lanes: queues, again },
    ...(unsent === undefined ? {} : { unsentSeconds: Math.max(0, now - unsent) / 1_000 }),
  };
}

/** Somebody else looked at the same time and saw the same. */
function lost(error: unknown): void {
  if (!isConflict(error)) throw error;
}
