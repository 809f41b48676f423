import type { Connection } from "mysql2";
import { cellOf, type Cells } from "../csv/cells.ts";
import { rowReader } from "./row-packets.ts";

export interface RowReceiver {
  columns?(names: readonly string[]): void;
  /** A promise holds the server back until it is settled. */
  row(row: Cells): Promise<void> | undefined;
}

interface Statement {
  readonly sql: string;
  readonly values?: readonly (string | bigint | number)[];
}

/**
 * Streams a result without collecting it: what is not taken stays in the server's and the network's buffers. Whatever
 * the receiver throws ends the connection, for there is no other way to leave a result unread.
 */
export function streamRows(
  connection: Connection,
  { sql, values = [] }: Statement,
  receiver: RowReceiver,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let ended = false;
    const end = (settle: () => void): void => {
      if (ended) return;
      ended = true;
      connection.off("error", fail);
      settle();
    };
    const fail = (error: unknown): void =>
      end(() => {
        connection.destroy();
        reject(error);
      });
    const guarded = (work: () => void): void => {
      if (ended) return;
      try {
        work();
      } catch (error) {
        fail(error);
      }
    };
    // A connection that is lost tells itself of it, and not the statement.
    connection.on("error", fail);
    const read = rowReader();
    const query = connection.query({ sql, values: [...values] });
    // Where the driver would make an object of each value of each row.
    Object.defineProperty(query, "_rowParser", {
      get: () => ({
        next: (packet: unknown) =>
          guarded(() => {
            const taken = receiver.row(read(packet));
            if (taken === undefined) return;
            connection.pause();
            taken.then(() => connection.resume(), fail);
          }),
      }),
      set() {},
    });
    query
      .on("error", fail)
      .on("fields", (fields: unknown) => guarded(() => receiver.columns?.(namesOf(fields))))
      .on("end", () => end(resolve));
  });
}

/** For statements whose answer does not matter. */
export const execute = (connection: Connection, sql: string): Promise<void> =>
  streamRows(connection, { sql }, { row: () => undefined });

/** One value of one row, as text. */
export async function readValue(connection: Connection, sql: string): Promise<string> {
  let found = "";
  await streamRows(
    connection,
    { sql },
    { row: (cells) => void (found = Buffer.from(cellOf(cells, 0) ?? []).toString()) },
  );
  return found;
}

const namesOf = (fields: unknown): string[] =>
  Array.isArray(fields)
    ? fields.flatMap((field: unknown) =>
        typeof field === "object" && field !== null && "name" in field ? [String(field.name)] : [],
      )
    : [];
