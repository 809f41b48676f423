import type { ObjectHead } from "../../core/io/ports.ts";
import type { CourseKey } from "./course-key.ts";
import type { CourseVersion } from "./course-versions.ts";
import type { CourseArchive } from "./read-archive.ts";
import type { CourseHome } from "./course-home.ts";

export interface CourseOutcome {
  /** `staged`: there is something to commit or to announce. `unchanged`: nothing is. */
  readonly outcome: "staged" | "unchanged";
  readonly reason?: "same_content" | "superseded";
  /** Key of the commit plan in the artifacts bucket; only when staged. */
  readonly planKey?: string;
  readonly asset: string;
  /** Course id; of edx.org with its source. */
  readonly partition: string;
  readonly courseId: string;
  /** Content digest. */
  readonly dataVersion: string;
  readonly codeVersion: string;
  /** Key of the archive in the landing bucket. */
  readonly contentPath: string;
  /** Whose courses: `mitxonline`, `edxorg/prod`. */
  readonly deployment: string;
  /** Reachable blocks by type. */
  readonly counts: Readonly<Record<string, number>>;
  readonly tables: readonly string[];
  readonly sha256: string;
  readonly bytes: number;
  /** Files in the archive. */
  readonly files: number;
  readonly warnings: readonly string[];
  /** What the LMS called published before the export began; absent = nobody of ours has asked for it. */
  readonly publishedVersion?: string;
  /** The same content, made or loaded again because somebody asked for it. */
  readonly repeated?: true;
}

/** The output of a step stays small: the machine carries it from state to state. */
const MAX_WARNINGS = 20;
const MAX_WARNING_CHARS = 300;

export interface FoundCourse {
  readonly version: CourseVersion;
  readonly key: CourseKey;
  readonly home: CourseHome;
  readonly archive: Pick<CourseArchive, "sha256" | "members">;
  readonly head: ObjectHead;
  readonly warnings: readonly string[];
}

export function outcomeOf(
  { version, key, home, archive, head, warnings }: FoundCourse,
  result: Pick<CourseOutcome, "outcome" | "reason" | "planKey">,
): CourseOutcome {
  const courseId = home.courseId(key);
  return {
    ...result,
    ...(version.repeated === true && result.outcome === "staged" ? { repeated: true } : {}),
    asset: home.asset,
    partition: home.partition(courseId),
    courseId,
    dataVersion: version.contentDigest,
    codeVersion: version.codeVersion,
    contentPath: version.contentPath,
    deployment: home.id,
    counts: version.counts,
    tables: version.tables,
    sha256: archive.sha256,
    bytes: head.sizeBytes,
    files: archive.members.length,
    warnings: bounded(warnings),
    ...(version.publishedVersion === undefined ? {} : { publishedVersion: version.publishedVersion }),
  };
}

function bounded(warnings: readonly string[]): string[] {
  const shown = warnings.slice(0, MAX_WARNINGS).map((warning) => warning.slice(0, MAX_WARNING_CHARS));
  const more = warnings.length - shown.length;
  return more > 0 ? [...shown, `${more} further warnings are not shown.`] : shown;
}
