import * as z from "zod";
import type { Ledger } from "../../core/io/ports.ts";
import { openScheduleBoard } from "../../core/io/schedule-board.ts";
import type { TickStart } from "../../core/model/schedules/declaration.ts";
import type { RunStatus } from "../../core/model/schedules/tick-record.ts";
import type { Schedule } from "../assembly/triggers.ts";
import type { Executions } from "../control/executions.ts";
import type { HomeStore } from "../home-store.ts";
import { declaredSchedules } from "../schedules/declared.ts";
import type { ApiRoute } from "./routes.ts";

const Page = z.object({ after: z.string().optional(), limit: z.coerce.number().int().min(1).max(1_000).default(100) });
const Count = z.object({ count: z.coerce.number().int().min(1).max(1_000).default(5) });
const Order = z.object({
  ...{ state: z.enum(["on", "off"]), author: z.string().optional() },
  ...{ reason: z.string().optional(), until: z.string().optional() },
});

/** The schedules that are deployed, what became of their ticks and what will, and an operator's switch. */
export function scheduleRoutes(options: {
  readonly schedules: readonly Schedule[];
  readonly ledger: Ledger;
  readonly store: Pick<HomeStore, "lastTick">;
  readonly executions: Pick<Executions, "find">;
  readonly now?: () => Date;
}): readonly ApiRoute[] {
  const now = options.now ?? (() => new Date());
  const declared = declaredSchedules(options.schedules);
  /** An execution that is known nowhere was never started. */
  const statusOf = async ({ name }: TickStart): Promise<RunStatus> => {
    const found = options.executions.find(name);
    if (found === undefined) return "unknown";
    return found.status === "RUNNING" ? "running" : "ended";
  };
  const board = openScheduleBoard({
    ...{ ledger: options.ledger, statusOf, now },
    schedules: () => declared.map((one) => ({ ...one, anchor: options.store.lastTick(one.name)?.anchor ?? now() })),
  });
  const id = (params: Readonly<Record<string, string>>): string => params["id"] ?? "";
  return [
    { method: "GET", path: "/api/schedules", serve: () => board.list() },
    {
      method: "GET",
      path: "/api/schedules/:id/ticks",
      serve: ({ params, query }) => board.ticks(id(params), Page.parse(Object.fromEntries(query))),
    },
    {
      method: "GET",
      path: "/api/schedules/:id/preview",
      serve: ({ params, query }) => board.preview(id(params), Count.parse(Object.fromEntries(query)).count),
    },
    {
      method: "POST",
      path: "/api/schedules/:id/override",
      serve: ({ params, body }) => board.override(id(params), Order.parse(body)),
    },
    { method: "POST", path: "/api/schedules/:id/clear", serve: ({ params }) => board.clear(id(params)) },
  ];
}
