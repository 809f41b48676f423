import type { Ledger } from "../../core/io/ports.ts";
import { Failure } from "../../core/model/failures.ts";
import { versionOfFile } from "../openedx/course-archive/course-versions.ts";
import { landedExport } from "../openedx/course-archive/landing-keys.ts";

export interface CurrentContent {
  readonly deployment: string;
  readonly courseId: string;
  readonly contentPath: string;
  /** Content digest. */
  readonly dataVersion: string;
}

/**
 * What MIT Learn should know of the course whose export landed under a key: its newest version, whichever file it came
 * in. Throws Rejected `not_a_course_export`, `never_announced`, `course_unknown`.
 */
export async function currentContent(ledger: Ledger, key: string): Promise<CurrentContent> {
  const landed = landedExport(key);
  if (landed === undefined) {
    throw refused(
      "not_a_course_export",
      `${key} is not named like a course export.`,
      "Give the key that it landed under.",
    );
  }
  const { deployment, name } = landed;
  if (!deployment.announcesContent) {
    throw refused(
      "never_announced",
      `MIT Learn is never told of content of ${deployment.id}: there is nothing to send again.`,
      "lambdas/openedx/sources/deployments.ts says whose content is announced.",
    );
  }
  const found = await versionOfFile(ledger, deployment.id, name);
  if (found === undefined) {
    throw refused(
      "course_unknown",
      `Nothing of ${name} of ${deployment.id} was ever published.`,
      "Run it with mode missing-only: that publishes it and tells MIT Learn.",
    );
  }
  const { contentPath, contentDigest: dataVersion } = found.version;
  return { deployment: deployment.id, courseId: found.courseId, contentPath, dataVersion };
}

const refused = (code: string, message: string, hint: string): Failure =>
  new Failure("Rejected", message, { code, what: "tell MIT Learn once more of a course's content", hint });
