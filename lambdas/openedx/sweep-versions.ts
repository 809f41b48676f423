import * as z from "zod";
import { openCoordination } from "../../core/io/coordination.ts";
import { task, type TaskContext } from "../../core/task.ts";
import { openOpenEdx } from "../open-edx-api/client.ts";
import { courseAssets, CourseDeployment } from "./course-deployment.ts";
import { OUTLINES_PER_SECOND, sweepVersions, type Swept } from "./discovery/sweep.ts";

const BUDGET_SECONDS = 180;

const Input = z.looseObject({
  deployment: CourseDeployment,
  /** Wall clock of the whole task; its function ends a minute after the default. */
  budgetSeconds: z.number().positive().max(200).default(BUDGET_SECONDS),
});

/** Looks which version of its course runs one installation has published. */
export async function sweepCourses(
  { deployment, budgetSeconds }: z.infer<typeof Input>,
  { io, settings, run, measure }: Pick<TaskContext, "io" | "settings" | "run" | "measure">,
  now: () => number = Date.now,
): Promise<Swept> {
  const until = now() + budgetSeconds * 1_000;
  const perSecond = OUTLINES_PER_SECOND;
  const openEdx = await openOpenEdx({ secrets: io.secrets, deployment, now, deadline: until, perSecond });
  return sweepVersions({
    ...{ deployment, openEdx, until, now, ledger: io.ledger, assets: courseAssets(deployment) },
    run: run.id,
    holder: `${run.id} attempt ${run.attempt}`,
    coordination: openCoordination({ io, settings, now }),
    lag: (ms) => measure("SweepLag", ms / 1_000, "Seconds"),
  });
}

export const handler = task({
  name: "SweepVersions",
  input: Input,
  run: (input, context) => sweepCourses(input, context),
});
