import * as z from "zod";
import { openCoordination } from "../../core/io/coordination.ts";
import { decided } from "../../core/io/retry-conflict.ts";
import { EndedExecution, endedRun, type EndedRun } from "../../core/model/ended-run.ts";
import { task } from "../../core/task.ts";

/** `event`: the detail of Step Functions' status change, inside the event as EventBridge gives it. */
const Input = z.looseObject({ event: z.looseObject({ detail: EndedExecution }) });

interface Followed {
  readonly run: string;
  readonly outcome: EndedRun["outcome"]["status"] | "not ours";
  /** Runs that took the slot that came free, or that were asked for. */
  readonly started: readonly string[];
}

/** Follows up the end of a run. An event that is lost is made up for by the sweep, one that comes twice changes nothing. */
export const handler = task({
  name: "RunEnded",
  input: Input,
  unrecorded: true,
  run: async ({ event: { detail } }, { io, settings }): Promise<Followed> => {
    const run = endedRun(detail, settings.machineArnPrefix);
    if (run === undefined) return { run: detail.name, outcome: "not ours", started: [] };
    const coordination = openCoordination({ io, settings, now: Date.now });
    const { started } = await decided("follow up the end of a run", () => coordination.ended(run));
    return { run: run.name, outcome: run.outcome.status, started };
  },
});
