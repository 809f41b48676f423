import type { Connection } from "mysql2";
import { Failure } from "../../../core/model/failures.ts";
import type { Cells } from "../csv/cells.ts";
import { execute, readValue, streamRows } from "../mysql/stream-rows.ts";
import { statementAt, type Cursor, type DropFile } from "../queries.ts";
import type { PartWriter } from "./part-writer.ts";

/** Reads up to the end of the list. Throws what the driver throws; the writer knows how far it came. */
export async function readRows(
  session: Connection,
  { file, courses }: { readonly file: DropFile; readonly courses: readonly string[] },
  writer: PartWriter,
  from: Cursor,
): Promise<Cursor> {
  let cursor = from;
  while (cursor.course < courses.length) {
    const statement = statementAt(file, courses, cursor);
    let rows = 0;
    await streamRows(session, statement, {
      columns: (names) => checkColumns(file, names),
      row: (cells) => {
        rows += 1;
        return writer.row(statement.from + positionOf(cells) - 1, cells);
      },
    });
    const id = rows === file.chunkRows ? writer.lastId : undefined;
    cursor = id === undefined ? { course: statement.until } : { course: cursor.course, id };
    writer.reached(cursor);
  }
  return cursor;
}

/** All statements of a session see the tables as they were at this moment; a session that takes its place, as at its own. */
export async function beginSnapshot(session: Connection): Promise<string> {
  await execute(session, "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ");
  await execute(session, "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY");
  const time = await readValue(session, "SELECT DATE_FORMAT(UTC_TIMESTAMP(3), '%Y-%m-%dT%H:%i:%s.%f')");
  return `${time.slice(0, 23)}Z`;
}

/** The last value. */
function positionOf({ bytes, bounds }: Cells): number {
  let position = 0;
  for (let index = bounds[bounds.length - 2] ?? 0; index < (bounds[bounds.length - 1] ?? 0); index += 1)
    position = position * 10 + (bytes[index] ?? 0) - 0x30;
  return position;
}

function checkColumns(file: DropFile, names: readonly string[]): void {
  const [wanted, found] = [Object.keys(file.columns), names.slice(0, -1)];
  if (wanted.length === found.length && wanted.every((name, index) => name === found[index])) return;
  throw new Failure("Malformed", `The database gives ${found.join(", ")} for the columns ${wanted.join(", ")}.`, {
    code: "columns_differ",
    what: `export ${file.name}`,
  });
}
