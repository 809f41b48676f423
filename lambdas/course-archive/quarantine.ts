import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import type { Io, ObjectHead } from "../../core/io/ports.ts";
import type { ExtractedCourse, RefusedMember } from "./extract.ts";
import type { Spool } from "./spool.ts";

/** A course with thousands of broken files is one record with this many of them named. */
const MAX_MEMBERS = 1_000;

export interface LandedBytes {
  readonly head: ObjectHead;
  readonly sha256: string;
}

/** An archive that was refused as a whole: its bytes stay where they landed, the record says where and why. */
export async function recordRefusedArchive(
  { ledger }: Pick<Io, "ledger">,
  { head, sha256 }: LandedBytes,
  reason: string,
): Promise<void> {
  const { bucket, key, versionId, sizeBytes } = head;
  const data = {
    ...{ sourceKey: key, count: 1, reasons: { [reason]: 1 }, wholeFile: reason },
    ...{ bucket, key, versionId, sizeBytes, sha256, at: new Date().toISOString() },
  };
  await ledger.write([{ put: { pk: "quarantine", sk: `${key}#${sha256}`, data }, if: { any: true } }]);
}

/**
 * Refused files of an accepted archive: their bytes one after another in `<sha>.lines`, one entry each in
 * `<sha>.index.jsonl` with the offset in that file, and one record.
 */
export async function quarantineMembers(
  { objects, ledger }: Pick<Io, "objects" | "ledger">,
  bucket: string,
  { head, sha256 }: LandedBytes,
  course: Pick<ExtractedCourse, "refused">,
  { id, courseId }: { readonly id: string; readonly courseId: string },
  spool: Spool,
): Promise<void> {
  if (course.refused.length === 0) return;
  const prefix = `quarantine/course_archives/${id}/${courseId}/${sha256}`;
  const kept = course.refused.slice(0, MAX_MEMBERS);
  const entries = [];
  let offset = 0;
  for (const [index, refused] of kept.entries()) {
    const bytes = await bytesOf(refused, spool);
    entries.push(entryOf(refused, index + 1, offset, bytes));
    offset += bytes.byteLength;
  }
  // One file at a time: a thousand of them need not fit in memory together.
  const contents = async function* () {
    for (const refused of kept) yield await bytesOf(refused, spool);
  };
  await objects.put(bucket, `${prefix}.lines`, Readable.from(contents()));
  await objects.put(bucket, `${prefix}.index.jsonl`, entries.map((entry) => `${JSON.stringify(entry)}\n`).join(""));
  const reasons: Record<string, number> = {};
  for (const { code } of course.refused) reasons[code] = (reasons[code] ?? 0) + 1;
  const data = {
    ...{ sourceKey: head.key, count: course.refused.length, reasons },
    ...{ bucket, linesKey: `${prefix}.lines`, indexKey: `${prefix}.index.jsonl`, sha256, at: new Date().toISOString() },
  };
  await ledger.write([{ put: { pk: "quarantine", sk: `${head.key}#${sha256}`, data }, if: { any: true } }]);
}

/** A policy that cannot be read cannot be cleaned of secrets either: it stays in the archive only. */
const bytesOf = async ({ code, member }: RefusedMember, spool: Spool): Promise<Buffer> =>
  code === "malformed_policy" ? Buffer.alloc(0) : spool.read(member);

function entryOf({ member, code, reason }: RefusedMember, line: number, offset: number, bytes: Buffer) {
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  return {
    line,
    offset,
    length: bytes.byteLength,
    sha256,
    reason: code,
    detail: `${member.path}: ${reason}`,
    ending: 0,
  };
}
