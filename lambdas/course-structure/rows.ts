import { createHash } from "node:crypto";
import { LegacyNumber, legacyJsonText, type LegacyJson } from "../../core/model/legacy-json.ts";
import type { StructureDocument } from "./document.ts";
import { flatten } from "./flatten.ts";
import { courseOf, placesOf } from "./places.ts";

export type Row = ReadonlyMap<string, LegacyJson>;

export interface StructureRows {
  /** Data version: sha256 of the document's legacy form. */
  readonly sha256: string;
  readonly structure: Row;
  /** In document order, made as they are asked for: together they are as large as the document. */
  readonly blocks: () => Iterable<Row>;
  readonly blockCount: number;
  readonly warnings: readonly string[];
}

/** Rows of spec/openedx.md 4. `retrievedAt`: ISO 8601, UTC. Throws Malformed for what has no such rows. */
export function structureRows(
  { document, blocks }: StructureDocument,
  courseId: string,
  retrievedAt: string,
): StructureRows {
  const sha256 = sha256Of(document);
  const places = placesOf(blocks);
  const course = courseOf(blocks);
  const structure = row({
    ...{ content_hash: sha256, course_id: courseId, course_structure: document },
    ...{ course_structure_flattened: flatten(document), retrieved_at: retrievedAt },
  });
  const blockRows = function* (): Generator<Row> {
    for (const block of blocks) {
      const { index = 0, parent = null } = places.get(block.id) ?? {};
      yield row({
        ...{ block_id: block.id, block_type: block.type, block_title: block.title },
        ...{ block_start: block.start, block_due: block.due, block_details: block.details },
        ...{ block_content_hash: sha256Of(block.details), block_parent: parent },
        block_index: new LegacyNumber(String(index)),
        ...{ course_id: courseId, course_title: course?.title ?? null, course_start: course?.start ?? null },
        ...{ course_content_hash: sha256, retrieved_at: retrievedAt },
      });
    }
  };
  return {
    ...{ sha256, structure, blocks: blockRows, blockCount: blocks.length },
    warnings: course === undefined ? ["No block is of the type course: nothing is numbered."] : [],
  };
}

const row = (members: Readonly<Record<string, LegacyJson>>): Row => new Map(Object.entries(members));

const sha256Of = (value: LegacyJson): string => createHash("sha256").update(legacyJsonText(value)).digest("hex");
