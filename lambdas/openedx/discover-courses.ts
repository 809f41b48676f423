import * as z from "zod";
import { openItems } from "../../core/io/items.ts";
import { task, type TaskContext } from "../../core/task.ts";
import { tellDeletion } from "../learn-webhook/tell-deletion.ts";
import { openOpenEdx } from "../open-edx-api/client.ts";
import { courseAssets, CourseDeployment } from "./course-deployment.ts";
import { exporting } from "./sources/course-assets.ts";
import { discover, type Discovered } from "./discovery/discover.ts";

/** Ends before its task is ended. */
const BUDGET_MS = 270_000;

const Input = z.looseObject({ deployment: CourseDeployment });

/** Finds the course runs of one installation. */
export async function discoverCourses(
  { deployment }: z.infer<typeof Input>,
  { io, run, log, settings }: Pick<TaskContext, "io" | "run" | "log" | "settings">,
  now: () => number = Date.now,
): Promise<Discovered> {
  const openEdx = await openOpenEdx({ secrets: io.secrets, deployment, now, deadline: now() + BUDGET_MS });
  const told = exporting.some(({ id, announcesDeletion }) => id === deployment && announcesDeletion === true);
  const tell = (courseId: string, goneSince: string) =>
    tellDeletion(io, settings.environment, { source: deployment, courseId, goneSince }, run);
  const found = await discover({
    ...(told ? { tell } : {}),
    ...{ deployment, run: run.id, assets: courseAssets(deployment), openEdx, now },
    ...{ items: openItems(io.ledger), ledger: io.ledger },
  });
  for (const [asset, { skipped }] of Object.entries(found.assets)) {
    if (skipped.count > 0) log.warn("ids that are no keys", { asset, ...skipped });
  }
  return found;
}

export const handler = task({
  name: "DiscoverCourses",
  input: Input,
  run: (input, context) => discoverCourses(input, context),
});
