import { Failure } from "../model/failures.ts";
import type { ScheduleDeclaration, TickStart } from "../model/schedules/declaration.ts";
import { switchOf } from "../model/schedules/judge-tick.ts";
import { inForce, newOverride, type ScheduleOverride } from "../model/schedules/override.ts";
import { previewTicks, type TickPreview } from "../model/schedules/preview.ts";
import type { RunStatus, TickRecord } from "../model/schedules/tick-record.ts";
import type { Ledger } from "./ports.ts";
import { openSchedules, type Schedules } from "./schedules.ts";

/** A schedule as a home has it. */
export interface DeployedSchedule {
  readonly declaration: ScheduleDeclaration;
  /** It is deployed as ENABLED: without ticks there is nothing to decide, so no override can switch it on. */
  readonly ticks: boolean;
  /** Where a rate counts from; absent = its latest tick. */
  readonly anchor?: Date | undefined;
}

export interface ScheduleView extends ScheduleDeclaration {
  readonly declared: "on" | "off";
  /** What holds now, and why. */
  readonly state: "on" | "off";
  readonly why: string;
  readonly override: ScheduleOverride | null;
  readonly next: TickPreview | null;
  readonly lastTick: TickRecord | null;
}

/** The schedules of a home, for people: what became of their ticks and what will, and an operator's switch. */
export interface ScheduleBoard {
  list(): Promise<ScheduleView[]>;
  /** All of them throw Rejected `schedule_missing`. */
  ticks(id: string, page?: Parameters<Schedules["ticks"]>[1]): ReturnType<Schedules["ticks"]>;
  preview(id: string, count: number): Promise<TickPreview[]>;
  /** Throws Rejected when the order is not whole, or `schedule_disabled`. */
  override(id: string, order: Omit<Parameters<typeof newOverride>[0], "schedule">): Promise<ScheduleView>;
  clear(id: string): Promise<ScheduleView>;
}

export function openScheduleBoard(home: {
  readonly ledger: Ledger;
  /** Asked again at each call. */
  readonly schedules: () => readonly DeployedSchedule[];
  readonly statusOf: (start: TickStart) => Promise<RunStatus>;
  readonly now: () => Date;
}): ScheduleBoard {
  const { now } = home;
  const schedules = openSchedules(home.ledger);
  const find = (id: string): DeployedSchedule => {
    const declared = home.schedules();
    const found = declared.find(({ declaration }) => declaration.id === id);
    if (found !== undefined) return found;
    throw new Failure("Rejected", `There is no schedule "${id}".`, {
      code: "schedule_missing",
      what: "look up a schedule",
      hint: `There ${declared.length === 0 ? "is none" : `are: ${declared.map(({ declaration }) => declaration.id).join(", ")}`}.`,
    });
  };
  const preview = async ({ declaration, anchor }: DeployedSchedule, count: number) => {
    const { id } = declaration;
    const [override, state] = await Promise.all([schedules.override(id), schedules.state(id)]);
    const started = state?.started ?? null;
    const at = now();
    return previewTicks(declaration, {
      ...{ override, state, count, now: at },
      previous: started === null ? "ended" : await home.statusOf(started.start),
      anchor: anchor ?? (await latestTick(id)) ?? at,
    });
  };
  const latestTick = async (id: string): Promise<Date | undefined> => {
    const [latest] = (await schedules.ticks(id, { limit: 1 })).ticks;
    return latest === undefined ? undefined : new Date(latest.scheduledTime);
  };
  const view = async (one: DeployedSchedule): Promise<ScheduleView> => {
    const { declaration } = one;
    const override = inForce(await schedules.override(declaration.id), now()) ?? null;
    const { on, why } = switchOf(declaration, override ?? undefined, now());
    const [[next], { ticks }] = await Promise.all([preview(one, 1), schedules.ticks(declaration.id, { limit: 1 })]);
    return {
      ...declaration,
      ...{ declared: declaration.enabled ? "on" : "off", state: on ? "on" : "off", why, override },
      ...{ next: next ?? null, lastTick: ticks[0] ?? null },
    };
  };
  return {
    list: () => Promise.all(home.schedules().map(view)),
    ticks: async (id, page) => schedules.ticks(find(id).declaration.id, page),
    preview: async (id, count) => preview(find(id), count),
    async override(id, order) {
      const found = find(id);
      const override = newOverride({ ...order, schedule: id }, now());
      if (override.state === "on" && !found.ticks) throw disabled(id);
      await schedules.setOverride(override);
      return view(found);
    },
    async clear(id) {
      const found = find(id);
      await schedules.clearOverride(id);
      return view(found);
    },
  };
}

const disabled = (id: string): Failure =>
  new Failure("Rejected", `The schedule "${id}" is deployed as DISABLED: it has no ticks that could be let through.`, {
    code: "schedule_disabled",
    what: "switch a schedule",
    hint: "Declare it for this environment and deploy.",
  });
