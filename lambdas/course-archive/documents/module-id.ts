import { parse } from "node:path/posix";
import type { CourseKey } from "../course-key.ts";

/**
 * By what Open edX knows a file of a course: an asset below `static/`, else the block of its folder. `path` is without
 * the archive's root.
 */
export function edxModuleId({ org, course, run }: CourseKey, path: string): string {
  const key = `${org}+${course}+${run}`;
  const { base, name } = parse(path);
  const folder = path.split("/")[0] ?? "";
  if (folder === "static") return `asset-v1:${key}+type@asset+block@${base.replaceAll(" ", "_")}`;
  return `block-v1:${key}+type@${folder}+block@${name.replaceAll(" ", "_")}`;
}
