import { createHash } from "node:crypto";
import { lookup } from "mime-types";
import type { CourseKey } from "../course-key.ts";
import type { Member } from "../read-archive.ts";
import type { Spool } from "../spool.ts";
import { edxModuleId } from "./module-id.ts";
import { DOCUMENT_BYTES_MAX, extensionOf, kindOf, readDocument, type Read } from "./read-document.ts";

/** Words of one file of a course. A file that cannot be read is a row with its reason and no text. */
export interface CourseDocument {
  readonly course_id: string;
  /** Without the archive's root. */
  readonly path: string;
  readonly file_extension: string;
  readonly content_type: string;
  readonly edx_module_id: string;
  readonly title: string | null;
  readonly text: string | null;
  /** Of the file. */
  readonly sha256: string;
  readonly size_bytes: number;
  readonly status: string;
  readonly detail: string | null;
}

export interface CourseTranscript {
  readonly course_id: string;
  readonly path: string;
  readonly format: string;
  /** As edX writes it in the file's name, `en`, `zh-cn`; null = the name says nothing. */
  readonly language: string | null;
  readonly edx_module_id: string;
  readonly text: string | null;
  readonly cues: number | null;
  readonly end_ms: number | null;
  readonly sha256: string;
  readonly size_bytes: number;
  readonly status: string;
  readonly detail: string | null;
}

export type DocumentRow =
  | { readonly entity: "course_documents"; readonly row: CourseDocument }
  | { readonly entity: "course_transcripts"; readonly row: CourseTranscript };

/** `<video>-<language>.srt`, and `<name>.srt.sjson` of older courses. */
const LANGUAGE = /-(?<language>[a-z]{2,3}(?:[-_][a-z0-9]{2,8})?)\.(?:srt|vtt|sjson)$/i;

/** Course settings, which may hold secrets, and work that is not published, are nobody's reading. */
const UNREAD = /^(drafts|policies)\//;

/** Rows of all files with words, but XML, whose text stands with its block. One file at a time is in memory. */
export async function* courseDocuments(
  key: CourseKey,
  root: string,
  members: readonly Member[],
  spool: Spool,
): AsyncGenerator<DocumentRow> {
  for (const member of members) {
    if (!member.path.startsWith(`${root}/`)) continue;
    const path = member.path.slice(root.length + 1);
    const extension = extensionOf(path);
    const kind = kindOf(extension);
    if (kind === undefined || UNREAD.test(path)) continue;
    const hash = createHash("sha256");
    for await (const chunk of spool.stream(member)) hash.update(chunk);
    const sha256 = hash.digest("hex");
    const read: Read =
      member.sizeBytes > DOCUMENT_BYTES_MAX ? tooLarge(kind) : await readDocument(extension, await spool.read(member));
    yield rowOf(key, path, extension, { sha256, size_bytes: member.sizeBytes }, read);
  }
}

function rowOf(
  key: CourseKey,
  path: string,
  extension: string,
  file: { readonly sha256: string; readonly size_bytes: number },
  read: Read,
): DocumentRow {
  const { status, detail = null } = read;
  const known = { course_id: key.id, path, edx_module_id: edxModuleId(key, path), ...file, status, detail };
  if (read.kind === "document") {
    const content_type = lookup(path) || "application/octet-stream";
    const { text, title = null } = read;
    return { entity: "course_documents", row: { ...known, file_extension: extension, content_type, title, text } };
  }
  const { text = null, cues = null, endMs = null } = read.transcript ?? {};
  const language = LANGUAGE.exec(path)?.groups?.["language"]?.toLowerCase() ?? null;
  return {
    entity: "course_transcripts",
    row: { ...known, format: extension.slice(1), language, text, cues, end_ms: endMs },
  };
}

function tooLarge(kind: Read["kind"]): Read {
  const reason = { status: "too_large", detail: `at most ${DOCUMENT_BYTES_MAX} bytes are read` } as const;
  return kind === "document" ? { kind, text: null, ...reason } : { kind, ...reason };
}
