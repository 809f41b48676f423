import { partitionText } from "../../../core/model/items/partition-key.ts";
import type { StructureHome } from "../../course-structure/structure-home.ts";
import { COURSE_STRUCTURE, courseStructureTable, type CourseSource } from "../sources/course-sources.ts";

const FOLDERS = { course_structure: "flattened_course_structure", course_blocks: "course_blocks" } as const;

/** Structures of edx.org; their course ids are those of the archive. */
export const structureHome = ({ source, home }: CourseSource): StructureHome => ({
  ...{ id: home, asset: COURSE_STRUCTURE, table: courseStructureTable },
  partition: (courseId) => partitionText([courseId, source]),
  key: (entity, courseId, sha256) => `edxorg/processed_data/${FOLDERS[entity]}/${courseId}/${source}/${sha256}.json`,
  origin: () => ({ source_system: source }),
  replace: (courseId) => [
    { column: "course_id", value: courseId },
    { column: "source_system", value: source },
  ],
});
