import { isUtf8 } from "node:buffer";
import { malformed, shown } from "../../archive/malformed.ts";
import type { MemberName } from "./member-name.ts";
import type { RowHash } from "./row-hash.ts";

const MAX_COLUMNS = 2_000;

const EXTRACTED = [
  "extracted_course_key",
  "extracted_course_organization",
  "extracted_course_number",
  "extracted_course_run",
  "extracted_source_platform",
] as const;

/** The values of the extracted columns, the same in every row of a file. */
export const extractedValues = ({ courseId, org, number, run, marker, source }: MemberName): string[] => [
  ...[courseId, org, number, run],
  `edxorg_${marker ?? source}`,
];

/** Columns that are appended, in their order. */
const appended = (rowHash: RowHash): string[] => [
  ...EXTRACTED,
  "row_hash",
  ...(rowHash === "both" ? ["row_hash_legacy"] : []),
];

export interface TableHeader {
  readonly columns: number;
  /** As it is written, with its LF. */
  readonly line: Buffer;
}

/**
 * The header line, without its ending. Throws Malformed `header_not_utf8`, `too_many_columns` and `duplicate_column`:
 * of two columns of one name, also of one that is appended, nobody knows which is meant.
 */
export function readHeader(bytes: Buffer, rowHash: RowHash): TableHeader {
  if (!isUtf8(bytes)) throw malformed("header_not_utf8", "The header of the table is not UTF-8.");
  const names = bytes
    .toString("utf8")
    .replace(/^\ufeff/, "")
    .split("\t");
  if (names.length > MAX_COLUMNS) {
    throw malformed("too_many_columns", `The table has ${names.length} columns; at most ${MAX_COLUMNS} are read.`);
  }
  const all = [...names, ...appended(rowHash)];
  const twice = all.find((name, index) => all.indexOf(name) !== index);
  if (twice !== undefined) throw malformed("duplicate_column", `The table has the column ${shown(twice)} twice.`);
  return { columns: names.length, line: Buffer.from(`${all.map(quoted).join("\t")}\n`) };
}

const quoted = (name: string): string => (/["\r]/.test(name) ? `"${name.replaceAll('"', '""')}"` : name);
