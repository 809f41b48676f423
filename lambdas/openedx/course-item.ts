import * as z from "zod";
import { Failure } from "../../core/model/failures.ts";
import { exporting } from "./sources/course-assets.ts";

/** What the machine is started with: one course run of one asset. */
export const CourseItem = z.looseObject({
  item: z.object({ asset: z.string().min(1), partition: z.string().min(1) }),
});

export interface CourseOfItem {
  readonly deployment: (typeof exporting)[number];
  readonly courseId: string;
  readonly asset: string;
}

/** Throws Misconfigured `wrong_item` for an asset that no deployment has. */
export function courseOf(
  { asset, partition }: z.infer<typeof CourseItem>["item"],
  assetOf: (deployment: string) => string,
): CourseOfItem {
  const deployment = exporting.find(({ id }) => assetOf(id) === asset);
  if (deployment !== undefined) return { deployment, courseId: partition, asset };
  throw new Failure("Misconfigured", `The asset "${asset}" is not made here.`, {
    code: "wrong_item",
    what: "find the course of a run",
    hint: `Give one of ${exporting.map(({ id }) => assetOf(id)).join(", ")}.`,
  });
}
