import * as z from "zod";
import type { Ledger } from "../../core/io/ports.ts";
import { openSchedules } from "../../core/io/schedules.ts";
import { Failure } from "../../core/model/failures.ts";
import { switchOf } from "../../core/model/schedules/judge-tick.ts";
import { inForce, newOverride } from "../../core/model/schedules/override.ts";
import { previewTicks } from "../../core/model/schedules/preview.ts";
import type { RunStatus } from "../../core/model/schedules/tick-record.ts";
import type { Schedule } from "../assembly/triggers.ts";
import type { Executions } from "../control/executions.ts";
import type { HomeStore } from "../home-store.ts";
import { declaredSchedules, type DeclaredSchedule } from "../schedules/declared.ts";
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
  const schedules = openSchedules(options.ledger);
  const find = (id: string | undefined): DeclaredSchedule => {
    const found = declared.find(({ declaration }) => declaration.id === id);
    if (found !== undefined) return found;
    throw new Failure("Rejected", `There is no schedule "${id ?? ""}".`, {
      code: "schedule_missing",
      what: "look up a schedule",
      hint: `There are: ${declared.map(({ declaration }) => declaration.id).join(", ")}.`,
    });
  };
  /** An execution that is known nowhere was never started. */
  const statusOf = (name: string): RunStatus => {
    const found = options.executions.find(name);
    if (found === undefined) return "unknown";
    return found.status === "RUNNING" ? "running" : "ended";
  };
  const preview = async ({ name, declaration }: DeclaredSchedule, count: number) => {
    const [override, state] = await Promise.all([schedules.override(declaration.id), schedules.state(declaration.id)]);
    const started = state?.started ?? null;
    const at = now();
    return previewTicks(declaration, {
      ...{ override, state, count, now: at },
      previous: started === null ? "ended" : statusOf(started.start.name),
      anchor: options.store.lastTick(name)?.anchor ?? at,
    });
  };
  const view = async (one: DeclaredSchedule) => {
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
  return [
    { method: "GET", path: "/api/schedules", serve: () => Promise.all(declared.map(view)) },
    {
      method: "GET",
      path: "/api/schedules/:id/ticks",
      serve: ({ params, query }) =>
        schedules.ticks(find(params["id"]).declaration.id, Page.parse(Object.fromEntries(query))),
    },
    {
      method: "GET",
      path: "/api/schedules/:id/preview",
      serve: ({ params, query }) => preview(find(params["id"]), Count.parse(Object.fromEntries(query)).count),
    },
    {
      method: "POST",
      path: "/api/schedules/:id/override",
      serve: async ({ params, body }) => {
        const found = find(params["id"]);
        const override = newOverride({ ...Order.parse(body), schedule: found.declaration.id }, now());
        if (override.state === "on" && !found.ticks) throw disabled(found.declaration.id);
        await schedules.setOverride(override);
        return view(found);
      },
    },
    {
      method: "POST",
      path: "/api/schedules/:id/clear",
      serve: async ({ params }) => {
        const found = find(params["id"]);
        await schedules.clearOverride(found.declaration.id);
        return view(found);
      },
    },
  ];
}

const disabled = (id: string): Failure =>
  new Failure("Rejected", `The schedule "${id}" is deployed as DISABLED: it has no ticks that could be let through.`, {
    code: "schedule_disabled",
    what: "switch a schedule",
    hint: "Declare it for this environment and deploy.",
  });
