import * as z from "zod";
import { quoteName, quoteText } from "../../core/io/duckdb.ts";
import { tablePath, type LakeSession } from "../../core/io/lake.ts";
import { SQL_TYPES } from "../../core/io/lake-table.ts";
import type { Lease } from "../../core/io/lease.ts";
import type { Objects } from "../../core/io/ports.ts";
import type { TablePlan } from "../../core/model/commit-plan.ts";
import { Failure } from "../../core/model/failures.ts";

export interface Written {
  readonly deleted: number;
  readonly inserted: number;
}

const Count = z.array(z.object({ n: z.number() })).length(1);

/**
 * Deletes the replaced rows and inserts the staged ones in one transaction, which is one atomic Iceberg commit that
 * the catalogue refuses if the table moved since it began. Writes nothing when there is nothing to do.
 */
export async function replaceRows(
  session: LakeSession,
  table: TablePlan,
  objects: Pick<Objects, "sqlUri">,
  lease: Pick<Lease, "check">,
): Promise<Written> {
  const uris = await Promise.all(table.files.map((file) => objects.sqlUri(file)));
  await session.run("BEGIN");
  try {
    // One that matches nothing adds neither a delete file nor a snapshot, so it needs no look before (each look
    // plans a scan and reads every manifest: 0.3 ms per commit that the table ever had).
    const deleted = await session.run(`DELETE FROM ${tablePath(table)} WHERE ${replaced(table, uris)}`);
    const inserted = plannedRows(table) === 0 ? 0 : await session.run(insertion(table, uris));
    if (inserted !== plannedRows(table)) throw wrongCount(table, inserted);
    await lease.check();
    await session.run("COMMIT");
    return { deleted, inserted };
  } catch (error) {
    await session.run("ROLLBACK").catch(() => 0);
    throw error;
  }
}

export async function countReplaced(
  session: LakeSession,
  table: TablePlan,
  objects: Pick<Objects, "sqlUri">,
): Promise<number> {
  const uris = await Promise.all(table.files.map((file) => objects.sqlUri(file)));
  const rows = await session.rows(`SELECT count(*) AS n FROM ${tablePath(table)} WHERE ${replaced(table, uris)}`);
  return Count.parse(rows)[0]?.n ?? 0;
}

export const plannedRows = (table: TablePlan): number => table.files.reduce((sum, file) => sum + file.rows, 0);

function insertion(table: TablePlan, uris: readonly string[]): string {
  const names = table.columns.map((column) => quoteName(column.name)).join(", ");
  const values = table.columns
    .map((column) => `CAST(${quoteName(column.name)} AS ${SQL_TYPES[column.type]})`)
    .join(", ");
  const order = table.sortBy.length === 0 ? "" : ` ORDER BY ${table.sortBy.map(quoteName).join(", ")}`;
  return `INSERT INTO ${tablePath(table)} (${names}) SELECT ${values} FROM ${staged(uris)}${order}`;
}

/** A key may hold `name=value` folders; they are no columns. */
const staged = (uris: readonly string[]): string =>
  `read_parquet([${uris.map(quoteText).join(", ")}], hive_partitioning = false)`;

function replaced(table: TablePlan, uris: readonly string[]): string {
  const { merge } = table;
  if (merge !== undefined) {
    if (uris.length === 0) return "false";
    const key = merge.key.map(quoteName).join(", ");
    const within = `${quoteName(merge.within.column)} IN (${merge.within.values.map(quoteText).join(", ")})`;
    return `${within} AND (${key}) IN (SELECT (${key}) FROM ${staged(uris)})`;
  }
  return table.replace
    .map(({ column, value }) => {
      const type = table.columns.find((known) => known.name === column)?.type;
      if (type === undefined) {
        throw new Failure("Malformed", `The commit plan replaces by ${column}, which is no column of it.`, {
          code: "bad_plan",
          what: `commit rows to ${table.namespace}.${table.table}`,
        });
      }
      return `${quoteName(column)} = CAST(${quoteText(value)} AS ${SQL_TYPES[type]})`;
    })
    .join(" AND ");
}

function wrongCount(table: TablePlan, inserted: number): Failure {
  return new Failure("Malformed", `The staged files hold ${inserted} rows; the plan says ${plannedRows(table)}.`, {
    code: "staged_rows_mismatch",
    what: `commit rows to ${table.namespace}.${table.table}`,
    hint: "Nothing was committed. Run the step that stages again.",
    details: { inserted, planned: plannedRows(table), files: table.files.map((file) => file.key) },
  });
}
