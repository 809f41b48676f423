import { expect, it } from "vitest";
import { CourseDeployment } from "./course-deployment.ts";

it.each([
  ["mitx", "mitx"],
  ["residential", "mitx"],
  ["xpro", "xpro"],
])("a run that is asked of %s is of %s", (name, id) => expect(CourseDeployment.parse(name)).toBe(id));

it.each(["edxorg", "", "Residential"])("%j has no courses that are asked after", (name) => {
  expect(CourseDeployment.safeParse(name).success).toBe(false);
});
