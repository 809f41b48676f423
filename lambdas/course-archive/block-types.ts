import type { XmlNode } from "./xml.ts";

/** Every child element of these is a block. Third-party blocks with children are found by `url_name` instead. */
const CONTAINERS: ReadonlySet<string> = new Set([
  "course",
  "chapter",
  "sequential",
  "vertical",
  "library_content",
  "library",
  "itembank",
  "split_test",
  "randomize",
  "conditional",
  "wrapper",
  "problemset",
  "videosequence",
]);

/** Their content is markup of their own, whatever attributes it has. */
const LEAVES: ReadonlySet<string> = new Set([
  "html",
  "problem",
  "video",
  "openassessment",
  "annotatable",
  "about",
  "static_tab",
]);

/** Elements of containers that describe the container itself. */
const NO_BLOCKS: ReadonlySet<string> = new Set(["wiki", "textbook", "grading_policy", "meta", "show"]);

/** The children of a block that are blocks themselves, in document order. */
export function childBlocks(node: XmlNode): readonly XmlNode[] {
  if (LEAVES.has(node.tag)) return [];
  if (CONTAINERS.has(node.tag)) return node.children.filter(({ tag }) => !NO_BLOCKS.has(tag));
  return node.children.filter(({ attributes }) => attributes.has("url_name"));
}
