import { courseFiles, makeTarGz } from "../make-tar.ts";
import { partsOf, type StandInCourse } from "./courses.ts";

/** The export of a small course whose content changes with its version. */
export function archiveOf({ id, version, archive }: StandInCourse): Promise<Buffer> {
  if (archive !== undefined) return archive();
  const { org, course, run } = partsOf(id);
  return makeTarGz(
    courseFiles({
      "course.xml": `<course url_name="${run}" org="${org}" course="${course}"/>`,
      "course/R.xml": undefined,
      [`course/${run}.xml`]: `<course display_name="Course ${course}" start="&quot;2026-01-01T00:00:00Z&quot;"><chapter url_name="c1"/></course>`,
      "html/h1.html": `<p>Edition ${version}</p>`,
      "static/notes.txt": `Notes of ${course}`,
    }),
  );
}
