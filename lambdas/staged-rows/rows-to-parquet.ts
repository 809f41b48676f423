import { quoteName, quoteText, type DuckDb } from "../../core/io/duckdb.ts";
import { SQL_TYPES } from "../../core/io/lake-table.ts";
import type { ColumnPlan } from "../../core/model/commit-plan.ts";
import type { JsonLines } from "./json-lines.ts";

/** DuckDB's own default; a longer line needs a larger buffer, which it allocates per thread. */
const OBJECT_BYTES = 16 * 1_048_576;

export interface ParquetRequest {
  /** For messages. */
  readonly entity: string;
  readonly rows: Pick<JsonLines, "path" | "rows" | "longestLineBytes">;
  /** Columns that the rows themselves hold. */
  readonly own: readonly ColumnPlan[];
  /** SQL of what every row gets beside them: `'mitx' AS source_system`. */
  readonly origin: readonly string[];
  readonly target: string;
}

/** Rows of a file of JSON lines as Parquet, strictly with the types that are declared. */
export async function rowsToParquet(db: DuckDb, { entity, rows, own, origin, target }: ParquetRequest): Promise<void> {
  const types = own.map(({ name, type }) => `${quoteName(name)}: '${SQL_TYPES[type]}'`).join(", ");
  const size = Math.max(OBJECT_BYTES, rows.longestLineBytes + 1);
  const source = `read_json(${quoteText(rows.path)}, format = 'newline_delimited', maximum_object_size = ${size}, columns = {${types}})`;
  const columns = [...own.map(({ name }) => quoteName(name)), ...origin].join(", ");
  const written = await db.run(
    `COPY (SELECT ${columns} FROM ${source}) TO ${quoteText(target)} (FORMAT parquet, COMPRESSION zstd)`,
  );
  if (written !== rows.rows) throw new Error(`${entity}: ${rows.rows} rows became ${written} in Parquet.`);
}

/** Timestamps have no zone and mean UTC. */
export const timestampSql = (iso: string): string => `TIMESTAMP ${quoteText(iso.replace("T", " ").replace("Z", ""))}`;
