import type * as z from "zod";
import { takenMode } from "../../core/model/backfills/mode.ts";
import { task, type TaskContext } from "../../core/task.ts";
import { reloadStructure } from "../course-structure/reload-structure.ts";
import { structureRows } from "../course-structure/rows.ts";
import { settleStructure, type StructureOutcome } from "../course-structure/settle-structure.ts";
import { CourseItem, courseOf, unknownMember } from "./courses/course-item.ts";
import { structureHome } from "./courses/structure-home.ts";
import { findStructure } from "./courses/structure-member.ts";
import { COURSE_STRUCTURE } from "./sources/course-sources.ts";
import { jobModes } from "./sources/modes.ts";

export const handler = task({ name: "ReadArchivedStructure", input: CourseItem, run: readStructure });

/** The newest structure of one course that an archive brought. Throws Malformed, and Rejected `member_unknown`. */
export async function readStructure(
  { item, mode: wanted }: z.infer<typeof CourseItem>,
  context: Pick<TaskContext, "io" | "settings" | "run" | "measure">,
): Promise<StructureOutcome> {
  const { io, settings, measure } = context;
  const mode = takenMode(wanted, jobModes.course_structure, "course_structure");
  const course = courseOf(item, COURSE_STRUCTURE);
  const { courseId, source } = course;
  const home = structureHome(source);
  if (mode === "reload") return reloadStructure(home, courseId, context);
  const found = await findStructure(io, settings.buckets.landing, course);
  if (found === undefined) throw unknownMember(item.partition, "structure");
  const checkedAt = found.member.lastSeenAt;
  const rows = structureRows(found.document, courseId, checkedAt);
  if (rows.warnings.length > 0) measure("CourseStructureWarnings", 1, "Count", { deployment: home.id });
  return settleStructure({ home, courseId, rows, mode, checkedAt }, context);
}
