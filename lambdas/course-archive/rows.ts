import { parse } from "node:path/posix";
import type { CourseKey } from "./course-key.ts";
import type { XmlNode } from "./xml.ts";

/** Rows of spec/openedx.md 6, as they stand in the landing objects. Absent attributes are null. */

export interface CourseMetadata {
  readonly course_id: string;
  readonly course_number: string;
  readonly semester: string;
  readonly institution: string;
  readonly title: string | null;
  readonly course_start: string | null;
  readonly course_end: string | null;
  readonly enrollment_start: string | null;
  readonly enrollment_end: string | null;
  readonly instructor_info: string | null;
  readonly self_paced: boolean | null;
}

export function courseMetadata(key: CourseKey, { attributes }: XmlNode): CourseMetadata {
  const text = (name: string) => attributes.get(name) ?? null;
  const selfPaced = text("self_paced");
  return {
    enrollment_start: text("enrollment_start"),
    enrollment_end: text("enrollment_end"),
    course_start: text("start"),
    course_end: text("end"),
    instructor_info: text("instructor_info"),
    self_paced: selfPaced === null ? null : /^(true|1)$/i.test(selfPaced.trim()),
    title: text("display_name"),
    course_id: key.id,
    course_number: key.course,
    semester: key.run,
    institution: key.org,
  };
}

export interface CourseVideo {
  readonly video_block_id: string | null;
  readonly edx_video_id: string | null;
  readonly duration: string | null;
  readonly course_id: string;
}

export const courseVideo = (key: CourseKey, root: XmlNode): CourseVideo => ({
  video_block_id: root.attributes.get("url_name") ?? null,
  edx_video_id: root.attributes.get("edx_video_id") ?? null,
  duration: videoDuration(root),
  course_id: key.id,
});

/** Seconds, as text: a video that was never encoded says nothing and counts as `0.0`. */
function videoDuration(root: XmlNode): string | null {
  const asset = firstAsset(root);
  return asset === undefined ? "0.0" : (asset.attributes.get("duration") ?? null);
}

/** In document order, however deep. */
function firstAsset({ children }: XmlNode): XmlNode | undefined {
  for (const child of children) {
    const found = child.tag === "video_asset" ? child : firstAsset(child);
    if (found !== undefined) return found;
  }
  return undefined;
}

export interface CourseXmlBlock {
  readonly course_id: string;
  readonly source_system: string;
  readonly block_id: string;
  readonly block_type: string;
  readonly block_display_name: string;
  readonly xml_attributes: Readonly<Record<string, string>>;
  readonly xml_path: string;
  readonly raw_xml: string;
  readonly retrieved_at: string;
  readonly edx_video_id: string | null;
  readonly duration: string | null;
  readonly max_attempts: string | null;
  readonly weight: string | null;
  readonly markdown: string | null;
}

export interface XmlBlockSource {
  readonly key: CourseKey;
  readonly sourceSystem: string;
  /** Full path of the member, root included. */
  readonly path: string;
  /** First folder under the root. */
  readonly folder: string;
  readonly root: XmlNode;
  readonly retrievedAt: string;
}

export function courseXmlBlock({ key, sourceSystem, path, folder, root, retrievedAt }: XmlBlockSource): CourseXmlBlock {
  const { attributes } = root;
  const only = (type: string, value: () => string | null | undefined) => (folder === type ? (value() ?? null) : null);
  return {
    course_id: key.id,
    source_system: sourceSystem,
    block_id: attributes.get("url_name") || parse(path).name,
    block_type: folder,
    block_display_name: attributes.get("display_name") ?? "",
    xml_attributes: Object.fromEntries(attributes),
    xml_path: path,
    raw_xml: root.source,
    retrieved_at: retrievedAt,
    edx_video_id: only("video", () => attributes.get("edx_video_id")),
    duration: only("video", () => videoDuration(root)),
    max_attempts: only("problem", () => attributes.get("max_attempts")),
    weight: only("problem", () => attributes.get("weight")),
    markdown: only("problem", () => attributes.get("markdown")),
  };
}
