import { CsvBuffer, type CsvMark } from "../csv/dialect.ts";
import type { Cells } from "../csv/cells.ts";
import type { Cursor, DropFile } from "../queries.ts";

/** A cell whose bytes are no UTF-8, as the database has them. */
export interface DamagedCell {
  readonly table: string;
  readonly id: string;
  readonly column: string;
  readonly bytesBase64: string;
}

export interface FilePart {
  /** From 1. */
  readonly number: number;
  /** Valid until the promise of whoever keeps it is settled. */
  readonly bytes: Uint8Array;
  readonly rows: number;
  /** Where reading goes on after it. */
  readonly until: Cursor;
  readonly damaged: readonly DamagedCell[];
}

export interface PartWriterOptions {
  readonly file: DropFile;
  readonly partBytes: number;
  /** What earlier attempts have made. */
  readonly parts: number;
  readonly from: Cursor;
  /** Puts a part away for good. Called for one part at a time. */
  readonly keep: (part: FilePart) => Promise<void>;
}

/** A part may grow by the rows that are on their way when it is full. */
const ABOVE_FULL = 1_024 * 1_024;

/**
 * Makes a file's parts in two buffers: one is filled while the other is put away, and whoever is faster waits. A part
 * ends between two rows of different keys, so that reading can go on after the last key of it.
 */
export class PartWriter {
  readonly #options: PartWriterOptions;
  readonly #kinds;
  #current: CsvBuffer;
  #spare: CsvBuffer;
  #damaged: { readonly row: number; readonly cell: DamagedCell }[] = [];
  #parts: number;
  #inFlight: Promise<void> | undefined;
  #failure: { readonly error: unknown } | undefined;
  /** Up to here every row is in a part or in the buffer. */
  #done: Cursor;
  /** The rows of one key, of which there may be more to come: where they begin. */
  #course = -1;
  #id: string | undefined;
  #mark: CsvMark;

  constructor(options: PartWriterOptions) {
    const { file, partBytes, parts, from } = options;
    const onDamaged = (column: number, value: Uint8Array): void => this.#remember(column, value);
    this.#options = options;
    this.#kinds = Object.values(file.columns);
    this.#current = new CsvBuffer(partBytes + ABOVE_FULL, onDamaged);
    this.#spare = new CsvBuffer(partBytes + ABOVE_FULL, onDamaged);
    this.#parts = parts;
    this.#done = from;
    if (parts === 0) this.#current.header(Object.keys(file.columns));
    this.#mark = this.#current.mark;
  }

  /** Id of the last row that was written. */
  get lastId(): string | undefined {
    return this.#id;
  }

  /** Takes a row of the course at this index of the list. A promise asks for no more until it is settled. */
  row(course: number, cells: Cells): Promise<void> | undefined {
    this.#throwFailure();
    const id = idOf(cells);
    if (id !== this.#id || course !== this.#course) {
      if (this.#id !== undefined) this.#done = { course: this.#course, id: this.#id };
      if (this.#isFull && this.#inFlight === undefined) this.#cut();
      this.#mark = this.#current.mark;
      this.#course = course;
      this.#id = id;
    }
    this.#current.row(this.#kinds, cells);
    return this.#isFull ? this.#inFlight : undefined;
  }

  /** No more rows come before the cursor. */
  reached(cursor: Cursor): void {
    this.#done = cursor;
    this.#id = undefined;
    this.#mark = this.#current.mark;
  }

  /** Takes back what may be incomplete and says where to go on. */
  async rewind(): Promise<Cursor> {
    await this.#inFlight;
    this.#throwFailure();
    this.#current.rewind(this.#mark);
    this.#damaged = this.#damaged.filter(({ row }) => row < this.#mark.rows);
    this.#id = undefined;
    return this.#done;
  }

  /** Nothing is on its way any more: whoever goes on finds all that was kept. */
  async settled(): Promise<void> {
    await this.#inFlight;
  }

  /** Puts the rest away. Gives the number of parts. */
  async finish(): Promise<number> {
    await this.#inFlight;
    this.#throwFailure();
    if (this.#current.length > 0) this.#cut();
    await this.#inFlight;
    this.#throwFailure();
    return this.#parts;
  }

  get #isFull(): boolean {
    return this.#current.length >= this.#options.partBytes;
  }

  #cut(): void {
    const full = this.#current;
    this.#current = this.#spare;
    this.#spare = full;
    this.#parts += 1;
    const damaged = this.#damaged.map(({ cell }) => cell);
    this.#damaged = [];
    const { bytes, rows } = full;
    this.#inFlight = this.#options.keep({ number: this.#parts, bytes, rows, until: this.#done, damaged }).then(
      () => {
        full.clear();
        this.#inFlight = undefined;
      },
      (error: unknown) => {
        this.#failure = { error };
        this.#inFlight = undefined;
      },
    );
  }

  #remember(column: number, value: Uint8Array): void {
    const { file } = this.#options;
    const cell = {
      table: file.table,
      id: this.#id ?? "",
      column: Object.keys(file.columns)[column] ?? "",
      bytesBase64: Buffer.from(value).toString("base64"),
    };
    this.#damaged.push({ row: this.#current.rows, cell });
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}

function idOf({ bytes, bounds }: Cells): string {
  let id = "";
  for (let index = bounds[0] ?? 0; index < (bounds[1] ?? 0); index += 1) id += String.fromCharCode(bytes[index] ?? 0);
  return id;
}
