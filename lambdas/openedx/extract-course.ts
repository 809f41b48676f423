import * as z from "zod";
import { takenMode } from "../../core/model/backfills/mode.ts";
import { task, type TaskContext } from "../../core/task.ts";
import type { CourseOutcome } from "../course-archive/course-outcome.ts";
import { extractObject } from "../course-archive/extract-object.ts";
import { deploymentHome } from "./deployment-home.ts";
import { landedExport } from "./landing-keys.ts";
import { jobModes } from "./sources/modes.ts";

const Input = z.looseObject({
  bucket: z.string().min(1),
  key: z.string().min(1),
  /** Empty when the event named no version: an input transformer writes nothing for what it does not find. */
  versionId: z.string().optional(),
  mode: z.string().optional(),
});

export const handler = task({ name: "ExtractCourse", input: Input, run: extractLanded });

type Ignored = { readonly outcome: "ignored"; readonly reason: string };

/** One landed course export. `redeliver` never comes here. */
export async function extractLanded(
  input: z.infer<typeof Input>,
  context: Pick<TaskContext, "io" | "settings" | "run" | "log">,
): Promise<CourseOutcome | Ignored> {
  const { bucket, key, versionId } = input;
  const mode = takenMode(input.mode, jobModes.course_archive, "course_archive");
  const landed = landedExport(key);
  if (landed === undefined) return { outcome: "ignored", reason: `${key} is not named like a course export` };
  const ref = { bucket, key, ...(versionId === undefined || versionId === "" ? {} : { versionId }) };
  return extractObject(ref, { home: deploymentHome(landed.deployment, landed.name), mode }, context);
}
