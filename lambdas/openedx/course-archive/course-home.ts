import type { Io, ObjectHead } from "../../../core/io/ports.ts";
import { exportRecord, publishedVersionOf } from "../course-export/export-record.ts";
import type { OpenEdxDeployment } from "../sources/deployments.ts";
import type { CourseKey } from "./course-key.ts";
import { contentKey, courseXmlAsset, processedKeys, type ProcessedKeys } from "./landing-keys.ts";
import { exportedId, refuseOtherCourse } from "./named-course.ts";
import { tablesOf, type EntityTable } from "./tables.ts";

/** Texts that every row has of where it is from. */
export type CourseOrigin = Readonly<Record<string, string>> & { readonly source_system: string };

/** Whose archives these are: where what they become is kept, and under which names. */
export interface CourseHome {
  /** Of its records, plans and quarantine: `mitxonline`, `edxorg/prod`. */
  readonly id: string;
  readonly asset: string;
  /** The id that a course is kept by: that of `course.xml`, or one by which others know it. */
  readonly courseId: (key: CourseKey) => string;
  /** Of the asset; MIT Learn's deliveries are about it, too. */
  readonly partition: (courseId: string) => string;
  readonly tables: readonly EntityTable[];
  readonly origin: (courseId: string) => CourseOrigin;
  /** By which all rows of one course are found. */
  readonly replace: (courseId: string) => readonly { readonly column: string; readonly value: string }[];
  readonly contentKey: (courseId: string, sha256: string) => string;
  readonly processedKeys: (courseId: string, sha256: string, bundle: string) => ProcessedKeys;
  /** As whose content MIT Learn is told of it; absent = never. */
  readonly learnSource?: string;
  /** Throws Malformed for an archive that holds another course than was asked for. */
  readonly check: (key: CourseKey) => void;
  /** What the LMS called published before the export began. */
  readonly publishedVersion: (io: Pick<Io, "ledger">, key: CourseKey, head: ObjectHead) => Promise<string | undefined>;
}

/** Courses of an installation are kept by the id that they have there. `name`: of the file that landed. */
export function deploymentHome({ id, announcesContent }: OpenEdxDeployment, name: string): CourseHome {
  return {
    ...{ id, asset: courseXmlAsset(id), tables: tablesOf(`raw__${id}__openedx__xml`, ["source_system"]) },
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
