import { createHash } from "node:crypto";
import { childBlocks } from "./block-types.ts";
import type { XmlNode } from "./xml.ts";

/** What the course tree needs of a block: small, so that the outlines of a whole course fit in memory. */
export interface BlockOutline {
  readonly tag: string;
  readonly urlName: string | undefined;
  readonly title: string | undefined;
  readonly start: string | undefined;
  readonly due: string | undefined;
  /** The element has no children and no text: it may stand for a file. */
  readonly empty: boolean;
  /** Nothing but a name: without its file nothing is known of the block. */
  readonly pointer: boolean;
  readonly children: readonly BlockOutline[];
  /** sha256 of the element's source text. */
  readonly hash: string;
}

export function outlineOf(node: XmlNode): BlockOutline {
  const empty = node.children.length === 0 && !node.hasText;
  return {
    tag: own(node.tag),
    urlName: attribute(node, "url_name"),
    title: attribute(node, "display_name"),
    start: attribute(node, "start"),
    due: attribute(node, "due"),
    empty,
    pointer: empty && node.attributes.size === 1 && node.attributes.has("url_name"),
    children: childBlocks(node).map(outlineOf),
    hash: createHash("sha256").update(node.source).digest("hex"),
  };
}

function attribute(node: XmlNode, name: string): string | undefined {
  const value = node.attributes.get(name);
  return value === undefined ? undefined : own(value);
}

/** A copy: a substring would keep its whole document alive. */
const own = (text: string): string => Buffer.from(text, "utf8").toString("utf8");
