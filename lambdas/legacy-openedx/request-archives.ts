import type * as z from "zod";
import { atOnce } from "../../core/io/at-once.ts";
import { byShard } from "../../core/io/by-shard.ts";
import { openCoordination } from "../../core/io/coordination.ts";
import { task, type TaskContext } from "../../core/task.ts";
import { awaitedOf } from "./archives/awaited.ts";
import { courseArchive, COURSES_AT_ONCE } from "./archives/course-archive.ts";
import { deploymentOf, DropReference } from "./drop/drop-inputs.ts";
import { currentDrop, dropCourses } from "./drop/drop-record.ts";

interface Requested {
  /** Courses that had a good archive, or none that anybody waits for. */
  readonly asked: number;
  /** Asked for now, or by somebody else before. */
  readonly awaited: number;
}

export const handler = task({ name: "RequestArchives", input: DropReference, run: requestArchives });

/**
 * Asks for an export of every course run that has no archive, or one of an older version than the LMS publishes: as a
 * person would, so through the lane of the installation's exports, and once for a drop.
 */
export async function requestArchives(
  reference: z.infer<typeof DropReference>,
  { io, settings }: Pick<TaskContext, "io" | "settings">,
  now: () => number = Date.now,
): Promise<Requested> {
  const { drop } = await currentDrop(io.ledger, reference);
  const deployment = deploymentOf(reference.deployment);
  const courses = await dropCourses(io.objects, settings.buckets.artifacts, drop);
  const { items, recovery } = openCoordination({ io, settings, now });
  const askedAt = now();
  // The LMS may list one that discovery has not come to.
  await items.addAll(deployment.exports, courses, askedAt);
  const home = { items, objects: io.objects, landing: settings.buckets.landing, deployment };
  const found = await atOnce(courses, COURSES_AT_ONCE, async (course) => ({
    partition: course,
    ...(await courseArchive(home, course)),
  }));
  const wanted = found.filter(({ archive, behind, busy }) => !busy && (archive === undefined || behind));
  await byShard(wanted, async ({ partition }) => {
    const author = `research drop ${reference.deployment} ${reference.date}`;
    const ask = { id: `drop/${reference.dropId}/${partition}`, author, now: askedAt };
    await recovery.rerun({ asset: deployment.exports, partition }, ask);
  });
  const awaited = [...wanted, ...found.filter(({ busy }) => busy)].map(({ partition }) => partition);
  await awaitedOf(io.objects, settings.buckets.artifacts, reference).write({ askedAt, courses: awaited });
  return { asked: wanted.length, awaited: awaited.length };
}
