import type { FastRows } from "./kernel/fast-rows.ts";
import type { RowHash } from "./row-hash.ts";

export interface TableOptions {
  readonly extracted: readonly string[];
  readonly rowHash: RowHash;
  /** CR before every LF: it belongs to the ending. Known beforehand, for only the last line proves it. */
  readonly crlf: boolean;
  /** Longer lines go to quarantine: one is held in memory twice. */
  readonly lineBytes: number;
  /** One table at a time may use it. Absent = all lines are read by the reference. */
  readonly fast?: FastRows;
}

/** Where it goes; paths for what is quarantined are used only if something is. */
export interface TableTarget {
  write(bytes: Buffer): Promise<void>;
  readonly linesPath: string;
  readonly indexPath: string;
}

export type QuarantineReason = "surplus_fields" | "invalid_utf8" | "line_too_long";

/** `inputLines = 1 header + rows + quarantined + blank`. */
export interface TableFacts {
  readonly inputLines: number;
  readonly rows: number;
  readonly quarantined: number;
  readonly blank: number;
  /** Rows with fewer fields than the header: the missing ones are null. */
  readonly shortRows: number;
  readonly columns: number;
  readonly reasons: Readonly<Partial<Record<QuarantineReason, number>>>;
}
