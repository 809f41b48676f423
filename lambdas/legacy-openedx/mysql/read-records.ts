import type { Connection } from "mysql2";
import { cellOf, type Cells } from "../csv/cells.ts";
import { streamRows } from "./stream-rows.ts";

/** A row by column, as the text that the server sends; null = NULL. */
export type MysqlRecord = Readonly<Record<string, string | null>>;

/** All rows at once, of a statement that is known to give few. Bytes that are no UTF-8 become U+FFFD. */
export async function readRecords(
  connection: Connection,
  statement: Parameters<typeof streamRows>[1],
): Promise<readonly MysqlRecord[]> {
  const records: MysqlRecord[] = [];
  let columns: readonly string[] = [];
  await streamRows(connection, statement, {
    columns: (names) => {
      columns = names;
    },
    row: (cells) => {
      records.push(Object.fromEntries(columns.map((name, index) => [name, textOf(cells, index)])));
      return undefined;
    },
  });
  return records;
}

function textOf(cells: Cells, index: number): string | null {
  const bytes = cellOf(cells, index);
  return bytes === undefined ? null : Buffer.from(bytes).toString("utf8");
}
