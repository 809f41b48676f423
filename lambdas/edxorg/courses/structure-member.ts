import { text } from "node:stream/consumers";
import type { Io } from "../../../core/io/ports.ts";
import { isFailure } from "../../../core/model/failures.ts";
import { malformed, readDocument, type StructureDocument } from "../../course-structure/document.ts";
import { courseOf as courseBlockOf } from "../../course-structure/places.ts";
import { findRecord, type MemberRecord } from "../archive/member-record.ts";
import type { CourseOfItem } from "./course-item.ts";

/** A document becomes a tree of twenty times its size; the largest course has some 30 MB. */
const MAX_BYTES = 64 * 1_048_576;
/** The first that holds a course is taken. */
const LABELS = ["course_structure", "course"] as const;

export interface FoundStructure {
  readonly document: StructureDocument;
  readonly member: MemberRecord;
}

/**
 * The structure of one course: an archive may have two files of it, and only one of them holds a course. What the newest
 * archive has no longer counts only if it has neither. Undefined = no archive had any. Throws Malformed for a document
 * that is no structure, if there is no other.
 */
export async function findStructure(
  { ledger, objects }: Pick<Io, "ledger" | "objects">,
  bucket: string,
  { courseId, source: { source } }: CourseOfItem,
): Promise<FoundStructure | undefined> {
  const records = await Promise.all(
    LABELS.map((label) => findRecord(ledger, { category: "course_structure", courseId, source, label })),
  );
  const known = records.filter((record) => record !== undefined);
  const present = known.filter(({ missingSince }) => missingSince === undefined);
  let first: FoundStructure | undefined;
  let refused: unknown;
  for (const member of present.length > 0 ? present : known) {
    try {
      const document = await read(objects, { bucket, key: member.objectKey });
      if (courseBlockOf(document.blocks) !== undefined) return { document, member };
      first ??= { document, member };
    } catch (error) {
      if (!isFailure(error) || error.name !== "Malformed") throw error;
      refused ??= error;
    }
  }
  if (first === undefined && refused !== undefined) throw refused;
  return first;
}

async function read(objects: Io["objects"], ref: { readonly bucket: string; readonly key: string }) {
  const head = await objects.head(ref);
  if (head !== undefined && head.sizeBytes > MAX_BYTES) {
    throw malformed("structure_too_large", `${ref.key} has ${head.sizeBytes} bytes; at most ${MAX_BYTES} are read.`);
  }
  return readDocument(await text(await objects.get(ref)));
}
