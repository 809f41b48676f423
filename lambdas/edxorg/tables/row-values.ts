import { quoteText } from "../../../core/io/sql-text.ts";
import type { KEY } from "./columns.ts";

/** Original columns end where these begin. */
const APPENDED = "extracted_course_key";

/** Columns of a file are read under these names. */
export const field = (index: number): string => `c${index}`;

export interface RowValues {
  readonly columns: readonly string[];
  readonly courseId: string;
  /** Some rows had fewer fields than the header. */
  readonly hasShortRows: boolean;
}

/**
 * SQL for the values of a row, by column. An empty field is an empty string. In the file a field that was not there
 * looks the same; the hash of the row tells the two apart, and only rows of `safe` hashes can be told apart so. A row
 * without a hash, or of another course, makes the file unreadable.
 */
export function rowValues({ columns, courseId, hasShortRows }: RowValues): string[] {
  const original = columns.indexOf(APPENDED);
  const text = columns.map((_, index) => `coalesce(${field(index)}, '')`);
  const nulls = hasShortRows ? missingFields(original, text[columns.indexOf("row_hash")] ?? "''") : "0";
  const checked: Record<(typeof KEY)[number], string> = {
    row_hash: `regexp_full_match(${field(columns.indexOf("row_hash"))}, '[0-9a-f]{64}')`,
    extracted_course_key: `${field(original)} = ${quoteText(courseId)}`,
  };
  return columns.map((name, index) => {
    const value = text[index] ?? "''";
    const check = name === "row_hash" || name === "extracted_course_key" ? checked[name] : undefined;
    if (check !== undefined) return `CASE WHEN ${check} THEN ${value} ELSE error('a row has the wrong ${name}') END`;
    return hasShortRows && index < original
      ? `CASE WHEN ${original - index} <= ${nulls} THEN NULL ELSE ${value} END`
      : value;
  });
}

/** SQL for the number of fields that the end of a row lacked. */
function missingFields(original: number, rowHash: string): string {
  const all = Array.from({ length: original }, (_, index) => index);
  const cases = all.map((index) => {
    const lacking = index + 1;
    const empty = all.slice(original - lacking).map((at) => `coalesce(${field(at)}, '') = ''`);
    const message = all.map((at) => (at < original - lacking ? present(at) : "'\\x00'::BLOB")).join(" || ");
    return `WHEN ${empty.join(" AND ")} AND sha256(${message}) = ${rowHash} THEN ${lacking}`;
  });
  return `CASE ${cases.join(" ")} ELSE 0 END`;
}

const present = (index: number): string => {
  const value = `coalesce(${field(index)}, '')`;
  return `'\\x01'::BLOB || unhex(printf('%08x', strlen(${value}))) || encode(${value})`;
};
