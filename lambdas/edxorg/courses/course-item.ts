import * as z from "zod";
import { Failure } from "../../../core/model/failures.ts";
import { partitionParts } from "../../../core/model/items/partition-key.ts";
import { courseSources, type CourseSource } from "../sources/course-sources.ts";

/** What the machine is started with: one course of one source. */
export const CourseItem = z.looseObject({
  item: z.object({ asset: z.string().min(1), partition: z.string().min(1) }),
  mode: z.string().exactOptional(),
});

export interface CourseOfItem {
  readonly courseId: string;
  readonly source: CourseSource;
}

/** Throws Misconfigured `wrong_item` for another asset or a source that there is not, Malformed `partition_invalid`. */
export function courseOf({ asset, partition }: z.infer<typeof CourseItem>["item"], wanted: string): CourseOfItem {
  const [courseId = "", name = ""] = partitionParts(partition, 2);
  const source = courseSources.find((one) => one.source === name);
  if (asset === wanted && source !== undefined) return { courseId, source };
  throw new Failure("Misconfigured", `There is no partition "${partition.slice(0, 80)}" of "${asset}" here.`, {
    code: "wrong_item",
    what: "find the course of a run",
    hint: `Give a partition of ${wanted}: <course id>|${courseSources.map((one) => one.source).join(" or |")}.`,
  });
}

/** Rejected `member_unknown`. */
export const unknownMember = (partition: string, what: string): Failure =>
  new Failure("Rejected", `No archive of edx.org had a course ${what} of ${partition}.`, {
    code: "member_unknown",
    what: `find the ${what} of a course of edx.org`,
    hint: "Land the archive that holds it; docs/runbooks/edxorg.md says where.",
  });
