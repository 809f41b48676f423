import { isFailure, Failure } from "../model/failures.ts";
import type { ScheduleDeclaration, TickStart } from "../model/schedules/declaration.ts";
import { decideTick, type TickDecision } from "../model/schedules/decide-tick.ts";
import { ScheduleOverride } from "../model/schedules/override.ts";
import { ScheduleState, TickRecord, type RunStatus } from "../model/schedules/tick-record.ts";
import { tickTime } from "../model/schedules/ticks.ts";
import { allItems } from "./every-item.ts";
import type { Executions, Ledger, LedgerItem, LedgerWrite } from "./ports.ts";

const OVERRIDE_PK = "schedule-override";
const STATE_PK = "schedule";
const tickPk = (id: string): string => `schedule-tick#${id}`;

const KEEP_DAYS = 400;
const DAY_SECONDS = 86_400;
/** Every failed try means that somebody else has decided a tick of this schedule: there are few of them at a time. */
const TRIES = 8;

export interface Schedules {
  /** All of them, also those whose end has passed. */
  overrides(): Promise<ScheduleOverride[]>;
  override(id: string): Promise<ScheduleOverride | undefined>;
  /** Takes the place of an earlier one. */
  setOverride(override: ScheduleOverride): Promise<void>;
  /** From now on the declaration counts. */
  clearOverride(id: string): Promise<void>;
  state(id: string): Promise<ScheduleState | undefined>;
  /** Of all schedules that ever ticked, by id. */
  states(): Promise<ReadonlyMap<string, ScheduleState>>;
  /** Newest first; `next` is the `after` of the next page. Kept for 400 days. */
  ticks(
    id: string,
    page?: { readonly after?: string | undefined; readonly limit?: number },
  ): Promise<{ readonly ticks: TickRecord[]; readonly next?: string }>;
  /**
   * Decides a delivered tick and puts the decision on record, once; a second delivery gets `duplicate`, with what the first had to start.
   * @param status of an earlier run of the schedule.
   * @throws Failure Transient `schedule_contended` when others kept deciding ticks of the same schedule.
   */
  decide(
    declaration: ScheduleDeclaration,
    tick: Date,
    options: { readonly now: Date; readonly status: (start: TickStart) => Promise<RunStatus> },
  ): Promise<TickDecision>;
}

/** Overrides, ticks and the state between ticks, in the ledger. */
export function openSchedules(ledger: Ledger): Schedules {
  const override = async (id: string): Promise<ScheduleOverride | undefined> => {
    const item = await ledger.get(OVERRIDE_PK, id);
    return item === undefined ? undefined : ScheduleOverride.parse(item.data);
  };
  const readState = async (id: string): Promise<{ item: LedgerItem | undefined; state: ScheduleState | undefined }> => {
    const item = await ledger.get(STATE_PK, id);
    return { item, state: item === undefined ? undefined : ScheduleState.parse(item.data) };
  };
  return {
    override,
    overrides: async () => (await allItems(ledger, OVERRIDE_PK)).map(({ data }) => ScheduleOverride.parse(data)),
    async setOverride(given) {
      const expiresAt = Math.ceil(Date.parse(given.until) / 1000) + DAY_SECONDS;
      const put = { pk: OVERRIDE_PK, sk: given.schedule, data: given, expiresAt };
      await ledger.write([{ put, if: { any: true } }]);
    },
    async clearOverride(id) {
      await ledger.write([{ delete: { pk: OVERRIDE_PK, sk: id }, if: { any: true } }]);
    },
    states: async () =>
      new Map((await allItems(ledger, STATE_PK)).map(({ sk, data }) => [sk, ScheduleState.parse(data)])),
    state: async (id) => (await readState(id)).state,
    async ticks(id, { after, limit = 100 } = {}) {
      const page = await ledger.query(tickPk(id), {
        ...{ limit, descending: true },
        ...(after === undefined ? {} : { after }),
      });
      const ticks = page.items.map(({ data }) => TickRecord.parse(data));
      return { ticks, ...(page.next === undefined ? {} : { next: page.next }) };
    },
    async decide(declaration, tick, { now, status }) {
      const { id } = declaration;
      for (let tries = 0; tries < TRIES; tries += 1) {
        // The state is read before the tick: whoever writes between the two reads has raised the state's revision.
        const { item, state } = await readState(id);
        const [found, ordered] = await Promise.all([ledger.get(tickPk(id), tickTime(tick)), override(id)]);
        const recorded = found === undefined ? undefined : TickRecord.parse(found.data);
        const last = state?.started ?? null;
        const previous = recorded !== undefined || last === null ? "ended" : await status(last.start);
        const decision = decideTick(declaration, tick, { now, recorded, state, override: ordered, previous });
        if (decision.state === undefined || (await written(ledger, id, decision, item?.rev, now))) return decision;
      }
      throw new Failure("Transient", `Ticks of the schedule "${id}" were decided ${TRIES} times by others meanwhile.`, {
        code: "schedule_contended",
        what: `decide the tick of ${tickTime(tick)}`,
        hint: "It is tried again.",
      });
    },
  };
}

/** False = somebody else has written the schedule's state or one of these ticks. */
async function written(
  ledger: Ledger,
  id: string,
  { records, state }: TickDecision,
  rev: number | undefined,
  now: Date,
): Promise<boolean> {
  const expiresAt = Math.floor(now.getTime() / 1000) + KEEP_DAYS * DAY_SECONDS;
  const writes: LedgerWrite[] = [
    { put: { pk: STATE_PK, sk: id, data: state }, if: rev === undefined ? { absent: true } : { rev } },
    ...records.map((data): LedgerWrite => ({
      put: { pk: tickPk(id), sk: data.scheduledTime, data, expiresAt },
      if: { absent: true },
    })),
  ];
  try {
    await ledger.write(writes);
    return true;
  } catch (error) {
    if (isFailure(error) && error.name === "Conflict") return false;
    throw error;
  }
}

/** What became of a tick's run, as the home knows it; one that it does not know was never started. */
export const statusBy =
  (executions: Pick<Executions, "describe">) =>
  async ({ domain, name }: TickStart): Promise<RunStatus> => {
    const found = await executions.describe({ domain, name });
    if (found === undefined) return "unknown";
    return found.status === "RUNNING" ? "running" : "ended";
  };
