import { quoteName, quoteText, type DuckDb } from "../../../core/io/duckdb.ts";
import type { ObjectHeader } from "./header.ts";
import { unreadable } from "./header.ts";
import { field, rowValues, type RowValues } from "./row-values.ts";

/** DuckDB's own limit; a longer line is read once more with a buffer as large as `LONGEST_LINE`. */
const LINE_BYTES = 2_097_152;
/** What the unpacking lets through, with the quotes that a field may get. */
const LONGEST_LINE = 2 * 128 * 1_048_576;

export interface ObjectFile extends Omit<RowValues, "columns"> {
  readonly path: string;
  readonly header: ObjectHeader;
  readonly uri: string;
  readonly newest: boolean;
}

/**
 * Adds the rows of one file of dialect 2 to the table `incoming`, all of them or none; gives their number. Throws
 * Malformed `unreadable` for a file that is not as strict as it is read.
 */
export async function readObject(db: DuckDb, file: ObjectFile): Promise<number> {
  const { columns } = file.header;
  for (const name of columns) await db.run(`ALTER TABLE incoming ADD COLUMN IF NOT EXISTS ${quoteName(name)} VARCHAR`);
  try {
    return await db.run(insertion(file, LINE_BYTES));
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    if (!/maximum line size/i.test(error.message)) throw explained(error);
    return await db.run(insertion(file, LONGEST_LINE)).catch((again: unknown) => {
      throw again instanceof Error ? explained(again) : again;
    });
  }
}

function insertion(file: ObjectFile, lineBytes: number): string {
  const { path, header, uri, newest } = file;
  const { columns } = header;
  const types = columns.map((_, index) => `${quoteText(field(index))}: 'VARCHAR'`).join(", ");
  const dialect = `auto_detect = false, header = true, delim = '\t', quote = '"', escape = '"', new_line = '\\n'`;
  const strict = `strict_mode = true, null_padding = false, ignore_errors = false`;
  const large =
    lineBytes > LINE_BYTES ? `, max_line_size = ${lineBytes}, buffer_size = ${lineBytes + 1}, parallel = false` : "";
  const source = `read_csv(${quoteText(path)}, ${dialect}, ${strict}, columns = {${types}}${large})`;
  const names = [...columns.map(quoteName), "_source_uri", "_newest"].join(", ");
  const values = [...rowValues({ ...file, columns }), quoteText(uri), String(newest)].join(", ");
  return `INSERT INTO incoming (${names}) SELECT ${values} FROM ${source}`;
}

/** What DuckDB says of a file repeats its lines, which may be personal: only the kind of fault and the line are kept. */
function explained(error: Error): unknown {
  if (!/^(Invalid Input|Conversion) Error/.test(error.message)) return error;
  const line = /CSV Error on Line: (\d+)/.exec(error.message)?.[1];
  const where = line === undefined ? "" : ` in line ${line}`;
  return unreadable("unreadable", `${faultOf(error.message)}${where}.`);
}

const FAULTS: readonly (readonly [RegExp, string])[] = [
  [/Expected Number of Columns/, "The number of fields is wrong"],
  [/unterminated quote/, "A quote is not closed"],
  [/not utf-8|Invalid unicode/i, "The text is not UTF-8"],
  [/a row has the wrong (row_hash|extracted_course_key)/, "A row has no hash or is of another course"],
  [/maximum line size/i, "A line is too long"],
];

const faultOf = (message: string): string =>
  FAULTS.find(([pattern]) => pattern.test(message))?.[1] ?? "The text does not follow its dialect";
