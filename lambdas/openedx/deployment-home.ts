import type { CourseHome } from "../course-archive/course-home.ts";
import { tablesOf } from "../course-archive/tables.ts";
import { exportRecord, publishedVersionOf } from "./course-export/export-record.ts";
import { contentKey, courseXmlAsset, processedKeys } from "./landing-keys.ts";
import { exportedId, refuseOtherCourse } from "./named-course.ts";
import type { OpenEdxDeployment } from "./sources/deployments.ts";

/** Courses of an installation are kept by the id that they have there. `name`: of the file that landed. */
export function deploymentHome({ id, announcesContent }: OpenEdxDeployment, name: string): CourseHome {
  return {
    ...{
      id,
      asset: courseXmlAsset(id),
      tables: tablesOf((entity) => `raw__${id}__openedx__xml__${entity}`, ["source_system"]),
    },
    courseId: (key) => key.id,
    partition: (courseId) => courseId,
    origin: () => ({ source_system: id }),
    replace: (courseId) => [{ column: "course_id", value: courseId }],
    contentKey: (courseId, sha256) => contentKey(id, courseId, sha256),
    processedKeys: (courseId, sha256, bundle) => processedKeys(id, courseId, sha256, bundle),
    ...(announcesContent ? { learnSource: id } : {}),
    check: (key) => refuseOtherCourse(name, key),
    publishedVersion: async ({ ledger }, key, head) =>
      publishedVersionOf(await exportRecord(ledger, id, exportedId(name, key)), head),
  };
}
