import * as z from "zod";
import { courseExportAsset, courseStructureAsset, exporting } from "./sources/course-assets.ts";

/** An installation whose courses are asked after. */
export const CourseDeployment = z.enum(exporting.map(({ id }) => id));

/** What is made of each of its course runs. */
export const courseAssets = (deployment: string): readonly [string, string] => [
  courseExportAsset(deployment),
  courseStructureAsset(deployment),
];
