import type { CourseKey } from "../course-archive/course-key.ts";
import { malformed, shown } from "../archive/malformed.ts";

const FORMS = [
  /^course-v1:(?<org>[^+/]+)\+(?<course>[^+/]+)\+(?<run>[^+/]+)$/,
  /^(?<org>[^+/]+)\/(?<course>[^+/]+)\/(?<run>[^+/]+)$/,
];

/**
 * An archive under the id of one course that holds another is Malformed `other_course`. Under a name that is no course
 * id, in today's form or the old one with slashes, it is whatever `course.xml` says.
 */
export function refuseOtherCourse(name: string, { id, org, course, run }: CourseKey): void {
  const parts = FORMS.map((form) => form.exec(name)?.groups).find((groups) => groups !== undefined);
  if (parts === undefined) return;
  if (parts["org"] === org && parts["course"] === course && parts["run"] === run) return;
  throw malformed("other_course", `The archive was exported as ${shown(name)} and holds ${id}.`, { name, holds: id });
}

/** The id that the export was asked for by. */
export const exportedId = (name: string, { id }: CourseKey): string =>
  FORMS.some((form) => form.test(name)) ? name : id;
