import type { ProcessedKeys } from "../course-archive/course-home.ts";
import type { OpenEdxDeployment } from "./sources/deployments.ts";
import { deployments } from "./sources/deployments.ts";

export interface LandedExport {
  readonly deployment: OpenEdxDeployment;
  /** File name without its ending; informational, `course.xml` decides. */
  readonly name: string;
}

/** What a landing key names; undefined = no course export, to be ignored. */
export function landedExport(key: string): LandedExport | undefined {
  const deployment = deployments.find(({ coursePrefix }) => coursePrefix !== undefined && key.startsWith(coursePrefix));
  const name = /^(?<name>.+?)(\.xml)?\.(tar\.gz|tgz|tar)$/.exec(key.slice(deployment?.coursePrefix?.length ?? 0));
  if (deployment === undefined || name?.groups?.["name"] === undefined) return undefined;
  return { deployment, name: name.groups["name"] };
}

export const courseXmlAsset = (deployment: string): string => `${deployment}/openedx/raw_data/course_xml`;

/** The archive as Learn reads it: no leading slash. */
export const contentKey = (deployment: string, courseId: string, sha256: string): string =>
  `${courseXmlAsset(deployment)}/${courseId}/${sha256}.xml.tar.gz`;

/** Keys of the processed files of one archive version. `bundle`: content digest of the static assets. */
export function processedKeys(deployment: string, courseId: string, sha256: string, bundle: string): ProcessedKeys {
  const processed = (...parts: string[]): string => [deployment, "openedx", "processed_data", ...parts].join("/");
  return {
    course_metadata: processed("course_metadata", courseId, `${sha256}.json`),
    course_video: processed("course_video", courseId, `${sha256}.json`),
    course_xml_blocks: processed("course_xml_blocks", deployment, courseId, `${sha256}.json`),
    // `course_blocks` without "archive" holds the blocks that the structure API gives.
    course_blocks: processed("course_archive_blocks", deployment, courseId, `${sha256}.json`),
    course_policy: processed("course_policy", deployment, courseId, `${sha256}.json`),
    course_signatories: processed("course_certificate_signatory", deployment, courseId, `${sha256}.json`),
    course_documents: processed("course_documents", deployment, courseId, `${sha256}.json`),
    course_transcripts: processed("course_transcripts", deployment, courseId, `${sha256}.json`),
    bundle: processed("course_static_assets", deployment, courseId, `${bundle}.tar.gz`),
    manifest: processed("course_static_assets_manifest", deployment, courseId, "manifest.json"),
  };
}
