import type { CourseOrigin } from "../course-archive/course-home.ts";
import type { StructureEntity } from "./tables.ts";

/** Whose structures these are: where what they become is kept, and under which names. */
export interface StructureHome {
  /** Of its records and plans: `mitxonline`, `edxorg/prod`. */
  readonly id: string;
  readonly asset: string;
  readonly partition: (courseId: string) => string;
  /** Raw table without its namespace. */
  readonly table: (entity: StructureEntity) => string;
  /** In the landing bucket. */
  readonly key: (entity: StructureEntity, courseId: string, sha256: string) => string;
  readonly origin: (courseId: string) => CourseOrigin;
  /** By which all rows of one course are found. */
  readonly replace: (courseId: string) => readonly { readonly column: string; readonly value: string }[];
}
