import type { DuckDb } from "../../../core/io/duckdb.ts";
import { quoteName } from "../../../core/io/duckdb.ts";
import { openLake, tablePath, type LakeOptions } from "../../../core/io/lake.ts";
import type { LakeTarget } from "../../../core/io/ports.ts";
import { Failure, isFailure } from "../../../core/model/failures.ts";
import { cellsOf } from "../csv/cells.ts";
import type { CellKind } from "../csv/dialect.ts";
import type { PartWriter } from "../drop/part-writer.ts";
import type { RowSource } from "../drop/row-source.ts";
import { COURSES_A_STATEMENT, type Cursor, type DropFile } from "../queries.ts";

const NAMESPACE = "irx";

/** `irx.irx__<deployment>__<file>`: a table with the columns of the file, and at least its courses. */
export const warehouseTable = (deployment: string, { name }: Pick<DropFile, "name">) => ({
  namespace: NAMESPACE,
  table: `irx__${deployment}__${name.replace(/\.csv$/, "")}`,
});

/**
 * What the replica's text protocol would send of the same value. Flags may be BOOLEAN, ids any integer or decimal or
 * text, times TIMESTAMP; doubles are written by the dialect, from the shortest text.
 */
const READ: Readonly<Record<CellKind, (column: string) => string>> = {
  verbatim: (column) =>
    `CASE typeof(${column}) WHEN 'BOOLEAN' THEN CAST(TRY_CAST(TRY_CAST(${column} AS BOOLEAN) AS TINYINT) AS VARCHAR) ELSE CAST(${column} AS VARCHAR) END`,
  text: (column) => `CAST(${column} AS VARCHAR)`,
  double: (column) => `CAST(CAST(${column} AS DOUBLE) AS VARCHAR)`,
  datetime: (column) => `strftime(CAST(${column} AS TIMESTAMP), '%Y-%m-%d %H:%M:%S.%f')`,
};

/** Rows of the warehouse. A session that died is opened anew by the next attempt. */
export const warehouseSource = (deployment: string, target: LakeTarget, options: LakeOptions): RowSource => ({
  kind: "iceberg",
  isRenewable: () => false,
  isLocked: () => false,
  failure: (error, what) => warehouseFailure(error, what),
  async open() {
    const lake = await openLake(target, options);
    return {
      async snapshot() {
        // Iceberg pins the snapshot of each table for the transaction.
        await lake.run("BEGIN TRANSACTION");
        return new Date().toISOString();
      },
      read: ({ file, courses }, writer, from) => readTable(lake, deployment, { file, courses }, writer, from),
      close: () => lake.close(),
    };
  },
});

async function readTable(
  lake: DuckDb,
  deployment: string,
  { file, courses }: { readonly file: DropFile; readonly courses: readonly string[] },
  writer: PartWriter,
  from: Cursor,
): Promise<Cursor> {
  const names = Object.keys(file.columns);
  const [key = ""] = names.map(quoteName);
  const table = tablePath(warehouseTable(deployment, file));
  const select = Object.entries(file.columns).map(
    ([name, kind]) => `${READ[kind](quoteName(name))} AS ${quoteName(name)}`,
  );
  let { course, id } = from;
  while (course < courses.length) {
    // What is read in chunks there is one course at a time here: its sort spills to the disk.
    const single = id !== undefined || file.chunkRows !== undefined;
    const until = Math.min(courses.length, course + (single ? 1 : COURSES_A_STATEMENT));
    const sql = [
      `SELECT list_position(CAST($courses AS VARCHAR[]), course_id) AS course_position, ${select.join(", ")}`,
      `FROM ${table} WHERE course_id IN (SELECT unnest(CAST($courses AS VARCHAR[])))`,
      ...(id === undefined ? [] : [`AND CAST(${key} AS DECIMAL(20, 0)) > CAST($after AS DECIMAL(20, 0))`]),
      `ORDER BY 1, CAST(${key} AS DECIMAL(20, 0)), ${names.map((_, index) => index + 2).join(", ")}`,
    ].join(" ");
    const parameters = {
      courses: JSON.stringify(courses.slice(course, until)),
      ...(id === undefined ? {} : { after: id }),
    };
    for await (const rows of lake.stream(sql, parameters)) {
      for (const row of rows) {
        const values = names.map((name) => textOf(row[name]));
        await writer.row(course + Number(row["course_position"]) - 1, cellsOf(values));
      }
    }
    [course, id] = [until, undefined];
    writer.reached({ course });
  }
  return { course };
}

const textOf = (value: unknown): string | null => (value === null || value === undefined ? null : String(value));

/** DuckDB says in words alone what is wrong. */
function warehouseFailure(error: unknown, what: string): unknown {
  if (isFailure(error) || !(error instanceof Error)) return error;
  const isMissing = /^Catalog Error|^Binder Error/.test(error.message);
  if (!isMissing) return error;
  return new Failure("Misconfigured", `Cannot ${what} from the warehouse: ${error.message.slice(0, 300)}`, {
    code: "warehouse_table",
    what,
    hint: "Build the model irx__* of the file, with the file's columns, or read the file from mysql (sources/deployments.ts).",
    cause: error,
  });
}
