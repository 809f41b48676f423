import type { SpooledFile } from "./output-spool.ts";
import type { TableFacts, TableOptions } from "./table-facts.ts";

/** One table that the thread shall rewrite. */
export interface TableWork {
  /** The first line with its ending. */
  readonly header: Uint8Array;
  readonly options: Omit<TableOptions, "fast">;
  /** Where the output goes, and what is quarantined. */
  readonly spoolPath: string;
  /** The output is written past the page cache. */
  readonly direct: boolean;
  readonly linesPath: string;
  readonly indexPath: string;
}

/** What the thread made of it. */
export interface Rewritten {
  readonly facts: TableFacts;
  readonly file: SpooledFile;
}

/** Of one table after another, in this order: begin, chunks, and end or abort. */
export type ToThread =
  | { readonly kind: "begin"; readonly work: TableWork }
  | { readonly kind: "chunk"; readonly slot: number; readonly bytes: number }
  | { readonly kind: "end" | "abort" };

export type FromThread =
  | { readonly kind: "free"; readonly slots: readonly number[] }
  | { readonly kind: "done"; readonly rewritten: Rewritten }
  | { readonly kind: "failed"; readonly message: string; readonly code: string | undefined };

/**
 * The memory that both threads see: pieces of tables go through it without becoming garbage on either side. So much that
 * the thread has work while a course export is verified.
 */
export const SLOTS = 64;
export const SLOT_BYTES = 262_144;
