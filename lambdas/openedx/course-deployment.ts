import * as z from "zod";
import { courseExportAsset, courseStructureAsset, exporting } from "./sources/course-assets.ts";
import { deploymentId } from "./sources/deployments.ts";

/** An installation whose courses are asked after. */
export const CourseDeployment = z
  .string()
  .transform(deploymentId)
  .pipe(z.enum(exporting.map(({ id }) => id)));

/** What is made of each of its course runs. */
export const courseAssets = (deployment: string): readonly [string, string] => [
  courseExportAsset(deployment),
  courseStructureAsset(deployment),
];
