import type { BlockOutline } from "./block-outline.ts";
import { usageKey, type CourseKey } from "./course-key.ts";
import { MAX_COURSE_DEPTH } from "./limits.ts";
import { malformed, shown } from "../archive/malformed.ts";

export interface CourseBlock {
  readonly block_id: string;
  readonly usage_key: string;
  readonly block_type: string;
  readonly block_title: string | null;
  readonly block_start: string | null;
  readonly block_due: string | null;
  readonly block_parent: string | null;
  readonly parent_usage_key: string | null;
  /** Depth-first from the course = 1. */
  readonly block_index: number;
  /** The course is 0. */
  readonly block_depth: number;
  /** The block has no file of its own: it stands inside its parent's. */
  readonly is_inline: boolean;
  readonly xml_path: string | null;
  readonly block_content_hash: string;
}

export interface CourseStructure {
  readonly blocks: readonly CourseBlock[];
  readonly counts: Readonly<Record<string, number>>;
  /** `<type>/<url_name>` of pointers whose file is absent or refused. */
  readonly dangling: readonly string[];
}

/** Documents by path without root and extension: `video/abc`. Only those that parsed. */
export type DocumentLookup = (name: string) => BlockOutline | undefined;

/**
 * The blocks that learners can reach, depth-first in document order, from `course/<run>.xml` through pointers
 * (`<video url_name="x"/>` stands for `video/x.xml`) and through children that stand inline in their parent.
 * A block is visited once. Throws Malformed `course_cycle` or `course_too_deep`.
 */
export function courseStructure(key: CourseKey, documents: DocumentLookup): CourseStructure {
  const walk = new Walk(key, documents);
  walk.visit({ tag: "course", id: key.run, element: undefined, parent: undefined, above: [] });
  return walk.result();
}

interface Visit {
  readonly tag: string;
  readonly id: string;
  /** The element in the parent's file; undefined for the course. */
  readonly element: BlockOutline | undefined;
  readonly parent: { readonly id: string; readonly tag: string } | undefined;
  readonly above: readonly string[];
}

class Walk {
  readonly #key: CourseKey;
  readonly #documents: DocumentLookup;
  readonly #blocks: CourseBlock[] = [];
  readonly #seen = new Set<string>();
  readonly #dangling = new Set<string>();

  constructor(key: CourseKey, documents: DocumentLookup) {
    this.#key = key;
    this.#documents = documents;
  }

  visit({ tag, id, element, parent, above }: Visit): void {
    const name = `${tag}/${id}`;
    if (above.includes(name))
      throw malformed("course_cycle", `The block ${shown(name)} contains itself.`, { block: name });
    if (above.length > MAX_COURSE_DEPTH) {
      throw malformed(
        "course_too_deep",
        `The course is nested deeper than ${MAX_COURSE_DEPTH} blocks at ${shown(name)}.`,
      );
    }
    if (this.#seen.has(name)) return;

    // As Open edX reads it: an element with content is the block, an empty one may stand for a file.
    const path = `${tag}/${id.replaceAll(":", "/")}`;
    const file = element === undefined || element.empty ? this.#documents(path) : undefined;
    const block = file ?? (element?.pointer === true ? undefined : element);
    if (block === undefined) {
      this.#dangling.add(name);
      return;
    }
    this.#seen.add(name);
    this.#blocks.push({
      ...this.#names(tag, id, parent),
      block_title: block.title ?? element?.title ?? null,
      block_start: block.start ?? element?.start ?? null,
      block_due: block.due ?? element?.due ?? null,
      block_index: this.#blocks.length + 1,
      block_depth: above.length,
      is_inline: file === undefined,
      xml_path: file === undefined ? null : `${path}.xml`,
      block_content_hash: block.hash,
    });
    for (const child of block.children) {
      this.visit({ tag: child.tag, id: idOf(child), element: child, parent: { id, tag }, above: [...above, name] });
    }
  }

  #names(tag: string, id: string, parent: Visit["parent"]) {
    // The course block's usage key has a fixed name, whatever the run is called.
    const usage = (type: string, name: string) => usageKey(this.#key, type, type === "course" ? "course" : name);
    return {
      block_id: id,
      usage_key: usage(tag, id),
      block_type: tag,
      block_parent: parent?.id ?? null,
      parent_usage_key: parent === undefined ? null : usage(parent.tag, parent.id),
    };
  }

  result(): CourseStructure {
    // Types are names that authors choose: `constructor` is one like any other.
    const counts = new Map<string, number>();
    for (const { block_type: type } of this.#blocks) counts.set(type, (counts.get(type) ?? 0) + 1);
    return { blocks: this.#blocks, counts: Object.fromEntries(counts), dangling: [...this.#dangling] };
  }
}

/** An inline block without a name gets one from its content. */
const idOf = ({ tag, urlName, hash }: BlockOutline): string => urlName ?? `${tag}_${hash.slice(0, 12)}`;
