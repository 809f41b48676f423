import type { Cursor, DropFile } from "../queries.ts";
import type { PartWriter } from "./part-writer.ts";

/** Where the rows of a file come from; what is written of them does not depend on it. */
export interface RowSource {
  readonly kind: "mysql" | "iceberg";
  /** `again` = another session has just ended before its time. */
  open(again: boolean): Promise<RowSession>;
  /** Another session may go on where one has ended with this error. */
  isRenewable(error: unknown): boolean;
  /** Somebody else held what the statement needs for as long as it may wait; it may be asked again. */
  isLocked(error: unknown): boolean;
  /** The error as one of the closed set, if it is known. */
  failure(error: unknown, what: string): unknown;
}

export interface RowSession {
  /** Pins what all statements of the session see; ISO 8601, the time that it was so. */
  snapshot(): Promise<string>;
  /** Reads up to the end of the list, course by course in its order, then by id. The writer knows how far it came. */
  read(
    wanted: { readonly file: DropFile; readonly courses: readonly string[] },
    writer: PartWriter,
    from: Cursor,
  ): Promise<Cursor>;
  close(): void;
}
