import { isUtf8 } from "node:buffer";
import { open } from "node:fs/promises";
import { columnName } from "../../../core/model/column-name.ts";
import { Failure } from "../../../core/model/failures.ts";
import { COMMON, KEY } from "./columns.ts";

const LF = 10;
const HEADER_MAX_BYTES = 1_048_576;
const reserved = new Set(COMMON.map(({ name }) => name));

/** The file of one object breaks its contract: it fails, and the others go on. */
export const unreadable = (code: string, message: string): Failure =>
  new Failure("Malformed", message, { code, what: "read an object of a table" });

export interface ObjectHeader {
  /** As it stands in the file, without its line end. */
  readonly line: Buffer;
  /** Columns of the table, in the order of the file. */
  readonly columns: readonly string[];
}

/**
 * The first line of a table's file. Throws Malformed `no_header`, `column_collision` for names that are one in the lake,
 * and `no_key` for a file that has no row hashes.
 */
export async function readHeader(path: string, dialect: 1 | 2): Promise<ObjectHeader> {
  const file = await open(path, "r");
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(HEADER_MAX_BYTES), 0, HEADER_MAX_BYTES, 0);
    const bytes = buffer.subarray(0, bytesRead);
    const end = bytes.indexOf(LF);
    if (end < 0 || !isUtf8(bytes.subarray(0, end))) throw unreadable("no_header", "The first line is no header.");
    const line = bytes.subarray(0, end);
    const cells = line.toString("utf8").split("\t");
    const columns = cells.map((cell, index) => columnName(dialect === 2 ? unquoted(cell) : cell, index + 1));
    const twice = columns.find((name, index) => columns.indexOf(name) !== index || reserved.has(name));
    if (twice !== undefined) throw unreadable("column_collision", `Two columns would have the name ${twice}.`);
    const lacking = KEY.find((name) => !columns.includes(name));
    if (lacking !== undefined) throw unreadable("no_key", `There is no column ${lacking}.`);
    return { line: Buffer.from(line), columns };
  } finally {
    await file.close();
  }
}

const unquoted = (cell: string): string => (/^"[^]*"$/.test(cell) ? cell.slice(1, -1).replaceAll('""', '"') : cell);
