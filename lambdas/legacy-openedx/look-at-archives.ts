import type * as z from "zod";
import { atOnce } from "../../core/io/at-once.ts";
import { openItems } from "../../core/io/items.ts";
import { task, type TaskContext } from "../../core/task.ts";
import { awaitedOf } from "./archives/awaited.ts";
import { courseArchive, COURSES_AT_ONCE, type CourseArchive } from "./archives/course-archive.ts";
import { deploymentOf, DropReference } from "./drop/drop-inputs.ts";

/** From the end of an export to the request that its landing makes. */
const LANDING_MS = 60_000;

export const handler = task({ name: "LookAtArchives", input: DropReference, run: lookAtArchives });

/** How many of the archives that were asked for are still to come. */
export async function lookAtArchives(
  reference: z.infer<typeof DropReference>,
  { io, settings }: Pick<TaskContext, "io" | "settings">,
  now: () => number = Date.now,
): Promise<{ readonly awaited: number }> {
  const awaited = awaitedOf(io.objects, settings.buckets.artifacts, reference);
  const { askedAt, courses } = await awaited.read();
  const deployment = deploymentOf(reference.deployment);
  const home = { items: openItems(io.ledger), objects: io.objects, landing: settings.buckets.landing, deployment };
  const found = await atOnce(courses, COURSES_AT_ONCE, async (course) => ({
    course,
    ...(await courseArchive(home, course)),
  }));
  const left = found.filter((one) => isAwaited(one, askedAt, now())).map(({ course }) => course);
  if (left.length < courses.length) await awaited.write({ askedAt, courses: left });
  return { awaited: left.length };
}

/** Between the two runs there is a moment in which neither is on record. */
function isAwaited({ busy, failure, exportedAt, unpackedAt }: CourseArchive, askedAt: number, now: number): boolean {
  const isToLand = exportedAt >= askedAt && unpackedAt < askedAt && failure === undefined;
  return busy || (isToLand && now - exportedAt < LANDING_MS);
}
