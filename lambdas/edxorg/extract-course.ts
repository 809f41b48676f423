import type * as z from "zod";
import { takenMode } from "../../core/model/backfills/mode.ts";
import { task, type TaskContext } from "../../core/task.ts";
import type { CourseOutcome } from "../course-archive/course-outcome.ts";
import { extractObject } from "../course-archive/extract-object.ts";
import { findRecord } from "./archive/member-record.ts";
import { edxorgHome } from "./courses/course-home.ts";
import { CourseItem, courseOf, unknownMember } from "./courses/course-item.ts";
import { COURSE_XML } from "./sources/course-sources.ts";
import { jobModes } from "./sources/modes.ts";

export const handler = task({ name: "ExtractCourse", input: CourseItem, run: extractMember });

/** The newest export of one course that an archive brought. Throws as `extractObject`, and Rejected `member_unknown`. */
export async function extractMember(
  { item, mode }: z.infer<typeof CourseItem>,
  context: Pick<TaskContext, "io" | "settings" | "run" | "log">,
): Promise<CourseOutcome> {
  const { io, settings } = context;
  const taken = takenMode(mode, jobModes.course_xml, "course_xml");
  const { courseId, source } = courseOf(item, COURSE_XML);
  const member = await findRecord(io.ledger, { category: "course_xml", courseId, source: source.source });
  if (member === undefined) throw unknownMember(item.partition, "export");
  return extractObject(
    { bucket: settings.buckets.landing, key: member.objectKey },
    {
      home: edxorgHome(source, courseId),
      mode: taken,
      // Content that came back has an object of its first time; what counts is the archive that has it now.
      arrivedAt: new Date(member.lastSeenAt),
    },
    context,
  );
}
