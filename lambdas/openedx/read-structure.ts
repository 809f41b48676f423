import * as z from "zod";
import { takenMode } from "../../core/model/backfills/mode.ts";
import { task, type TaskContext } from "../../core/task.ts";
import { readDocument } from "../course-structure/document.ts";
import { reloadStructure } from "../course-structure/reload-structure.ts";
import { structureRows } from "../course-structure/rows.ts";
import { settleStructure, type StructureOutcome } from "../course-structure/settle-structure.ts";
import type { StructureHome } from "../course-structure/structure-home.ts";
import { openOpenEdx } from "../open-edx-api/client.ts";
import { courseOf, CourseItem } from "./course-item.ts";
import { courseStructureAsset, courseStructureTable } from "./sources/course-assets.ts";
import { jobModes } from "./sources/modes.ts";

/** Below the task's own 900 s, with room for the rows. */
const DEADLINE_MS = 480_000;

const Input = CourseItem.extend({ mode: z.string().optional() });

export const handler = task({ name: "ReadStructure", input: Input, run: readStructure });

interface Gone {
  readonly outcome: "gone";
  readonly courseId: string;
}

/**
 * The structure of one course run: its rows land and are staged when they differ from the newest. Mode `all` makes them
 * again, `reload` loads the newest again without the LMS, each once for a run. Throws Malformed for a document that has
 * no such rows.
 */
export async function readStructure(
  input: z.infer<typeof Input>,
  context: Pick<TaskContext, "io" | "settings" | "run" | "measure">,
): Promise<StructureOutcome | Gone> {
  const { io, measure } = context;
  const mode = takenMode(input.mode, jobModes.course_structure, "course_structure");
  const { deployment, courseId } = courseOf(input.item, courseStructureAsset);
  const home = homeOf(deployment.id);
  if (mode === "reload") return reloadStructure(home, courseId, context);
  const client = await openOpenEdx({
    secrets: io.secrets,
    deployment: deployment.id,
    deadline: Date.now() + DEADLINE_MS,
  });
  if ((await client.status(courseId)) === "gone") return { outcome: "gone", courseId };
  const checkedAt = new Date().toISOString();
  const rows = structureRows(readDocument(await client.structure(courseId)), courseId, checkedAt);
  if (rows.warnings.length > 0) measure("CourseStructureWarnings", 1, "Count", { deployment: deployment.id });
  return settleStructure({ home, courseId, rows, mode, checkedAt }, context);
}

const homeOf = (deployment: string): StructureHome => ({
  ...{ id: deployment, asset: courseStructureAsset(deployment) },
  partition: (courseId) => courseId,
  table: (entity) => courseStructureTable(deployment, entity),
  key: (entity, courseId, sha256) => `${deployment}/openedx/processed_data/${entity}/${courseId}/${sha256}.json`,
  origin: () => ({ source_system: deployment }),
  replace: (courseId) => [{ column: "course_id", value: courseId }],
});
