import * as z from "zod";
import type { ScheduleBoard } from "../../core/io/schedule-board.ts";
import { ScheduleDeclaration, TickStart } from "../../core/model/schedules/declaration.ts";
import { ScheduleOverride } from "../../core/model/schedules/override.ts";
import { TickRecord } from "../../core/model/schedules/tick-record.ts";
import type { EngineClient } from "../../embedded/control/client.ts";
import { useDeployedSchedules } from "./kernel.ts";
import type { VerbContext } from "./verb.ts";

const Preview = z.object({
  scheduledTime: z.string(),
  local: z.string(),
  outcome: TickRecord.shape.outcome,
  why: z.string(),
  start: TickStart.exactOptional(),
});
const Switch = z.enum(["on", "off"]);
const Schedule = ScheduleDeclaration.extend({
  ...{ declared: Switch, state: Switch, why: z.string(), override: ScheduleOverride.nullable() },
  ...{ next: Preview.nullable(), lastTick: TickRecord.nullable() },
});
const Page = z.object({ ticks: z.array(TickRecord), next: z.string().exactOptional() });

/** The schedules of an environment in AWS; or of the engine, which alone knows what it was started with. */
export const useSchedules = async ({ environment, engine, out }: VerbContext): Promise<ScheduleBoard> =>
  environment === undefined ? overHttp(await engine()) : useDeployedSchedules({ environment, out });

function overHttp(engine: EngineClient): ScheduleBoard {
  const path = (id: string, what: string): string => `/api/schedules/${encodeURIComponent(id)}/${what}`;
  return {
    list: () => engine.get("/api/schedules", z.array(Schedule)),
    ticks(id, { limit, after } = {}) {
      const query = new URLSearchParams({
        ...(limit === undefined ? {} : { limit: String(limit) }),
        ...(after === undefined ? {} : { after }),
      });
      return engine.get(`${path(id, "ticks")}?${query.toString()}`, Page);
    },
    preview: (id, count) => engine.get(`${path(id, "preview")}?count=${count}`, z.array(Preview)),
    override: (id, order) => engine.post(path(id, "override"), order, Schedule),
    clear: (id) => engine.post(path(id, "clear"), {}, Schedule),
  };
}
