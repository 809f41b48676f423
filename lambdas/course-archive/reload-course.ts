import { createHash } from "node:crypto";
import { copyPlan } from "../../core/io/copy-plan.ts";
import { isFailure } from "../../core/model/failures.ts";
import type { TaskContext } from "../../core/task.ts";
import { recordVersion, type CourseVersion, type KnownVersion } from "./course-versions.ts";
import { planKey } from "../staged-rows/plan-key.ts";

/**
 * Stages the rows that were made of a course once more, as they are. Undefined = they are no longer kept, or another
 * archive came in between, and the course has to be extracted again.
 */
export async function reloadCourse(
  course: { readonly home: string; readonly courseId: string },
  known: KnownVersion,
  { io, settings, run }: Pick<TaskContext, "io" | "settings" | "run">,
): Promise<CourseVersion | undefined> {
  const { version } = known;
  const generation = version.generation + 1;
  const identity = [version.planId, "reload", generation];
  const planId = `course-${createHash("sha256").update(JSON.stringify(identity)).digest("hex").slice(0, 40)}`;
  const copy = { id: planId, key: planKey(planId) };
  if (!(await copyPlan(io, settings.buckets, planKey(version.planId), copy))) return undefined;
  const reloaded: CourseVersion = { ...version, planId, generation, run: run.id, repeated: true };
  try {
    await recordVersion(io.ledger, course.home, course.courseId, reloaded, known);
  } catch (error) {
    if (isFailure(error) && error.code === "stale_item") return undefined;
    throw error;
  }
  return reloaded;
}
