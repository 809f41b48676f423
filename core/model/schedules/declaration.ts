import { createHash } from "node:crypto";
import * as z from "zod";
import type { EnvironmentName, ScheduleTrigger } from "../pipeline.ts";
import { tickTime } from "./ticks.ts";

/** A schedule as one environment has it: all that a tick needs to be decided, so that the decider knows no domain. */
export const ScheduleDeclaration = z.object({
  /** Unique over all domains. */
  id: z.string().min(1),
  domain: z.string().min(1),
  /** What a tick starts. */
  job: z.string().min(1),
  expression: z.string().min(1),
  timeZone: z.string().min(1),
  misfire: z.enum(["run-once", "skip"]),
  /** Added to the input of its runs. */
  input: z.record(z.string(), z.string()).exactOptional(),
  /** On or off in this environment, by code. */
  enabled: z.boolean(),
  /** A tick may start a run while the one before still runs. */
  overlap: z.boolean().default(false),
  /** Absent = one and a half times the gap between ticks. */
  maximumSilenceHours: z.number().positive().optional(),
  /** The next tick's run must have succeeded this long after the tick, instead. */
  endsWithinHours: z.number().positive().exactOptional(),
});
export type ScheduleDeclaration = z.infer<typeof ScheduleDeclaration>;

/** How a tick's run is started: the same name and input every time that the same tick is decided. */
export const TickStart = z.object({
  domain: z.string(),
  /** Name of the execution. */
  name: z.string(),
  input: z.object({ job: z.string(), trigger: z.string(), scheduledTime: z.string() }).catchall(z.string()),
});
export type TickStart = z.infer<typeof TickStart>;

/** What stands in the input of every tick of this trigger. */
export const declarationOf = (
  domain: string,
  {
    id,
    job,
    expression,
    timeZone,
    misfire,
    environments,
    overlap,
    maximumSilenceHours,
    endsWithinHours,
    input,
  }: ScheduleTrigger,
  environment: { readonly name: EnvironmentName; readonly schedules: boolean },
): ScheduleDeclaration => ({
  ...{ id, domain, job, expression, timeZone, misfire, overlap: overlap ?? false },
  enabled: environment.schedules && environments.includes(environment.name),
  ...(maximumSilenceHours === undefined ? {} : { maximumSilenceHours }),
  ...(endsWithinHours === undefined ? {} : { endsWithinHours }),
  ...(input === undefined ? {} : { input }),
});

/** The run of one tick; its name is the one that a domain's starter gives it (lib/constructs/starter.asl.json). */
export function startOf({ id, domain, job, input }: ScheduleDeclaration, tick: Date): TickStart {
  const scheduledTime = tickTime(tick);
  const text = `${id}-${scheduledTime}`.replaceAll(/[^A-Za-z0-9_]+/g, "-");
  const readable = text.length <= 67 ? text : `${text.slice(0, 33)}--${text.slice(-32)}`;
  const digest = createHash("sha256").update([domain, id, scheduledTime].join(" ")).digest("hex").slice(0, 12);
  return { domain, name: `${readable}-${digest}`, input: { ...input, job, trigger: id, scheduledTime } };
}
