import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { quoteName, quoteText, type DuckDb, type Row } from "../../../core/io/duckdb.ts";
import { CONTEXT, EVENT, FIELDS, TIME } from "../columns.ts";

/**
 * The engine's own strict reading of the original lines, every column as JSON, turned into the contract's columns in
 * SQL: an implementation of the rules that shares nothing with the byte path. It is right only for lines that the
 * engine does not respell: no duplicate keys, no surrogates, numbers of few digits. Without `time` and `extra`.
 */
export async function engineRows(db: DuckDb, lines: readonly string[]): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), "millrace-engine-"));
  try {
    const path = join(folder, "lines.ndjson");
    writeFileSync(path, lines.map((line) => `${line}\n`).join(""));
    const columns = FIELDS.map((name) => `${quoteName(name)}: 'JSON'`).join(", ");
    const source = `read_json(${quoteText(path)}, format = 'newline_delimited', columns = {${columns}})`;
    const texts = FIELDS.filter((_, field) => field !== TIME).map((name) => {
      const value = quoteName(name);
      return `CASE WHEN json_type(${value}) = 'NULL' THEN NULL ELSE ${value} ->> '$' END AS ${value}`;
    });
    // The JSON column makes null of both: the line itself tells them apart.
    const kinds = [EVENT, CONTEXT].map((field) => {
      const name = FIELDS[field] ?? "";
      return `json_type(${quoteName(name)}) AS ${name}_type`;
    });
    return await db.rows(`SELECT ${[...texts, ...kinds].join(", ")} FROM ${source}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
