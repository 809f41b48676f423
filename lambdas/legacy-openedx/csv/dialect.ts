import { isUtf8 } from "node:buffer";
import { floatText } from "../../../core/model/legacy-json.ts";

/**
 * How a column is written. `verbatim`: the database's own digits (integers of any size, booleans, decimals).
 * Everything is bytes of MySQL's text protocol, in UTF-8: no number passes through a double but doubles.
 */
export type CellKind = "verbatim" | "text" | "double" | "datetime";

const [COMMA, QUOTE, CR, LF, DOT, ZERO, NINE] = [0x2c, 0x22, 0x0d, 0x0a, 0x2e, 0x30, 0x39];
/** `YYYY-MM-DD HH:MM:SS` */
const SECONDS_LENGTH = 19;
const FRACTION_DIGITS = 6;
/** The longest text of a double, or what a datetime may grow by: what a cell needs above twice its bytes. */
const CELL_SLACK = 32;

const NEEDS_QUOTES = new Uint8Array(256);
for (const byte of [COMMA, QUOTE, CR, LF]) NEEDS_QUOTES[byte] = 1;

/** Where a row was put that may have to be taken back. */
export interface CsvMark {
  readonly length: number;
  readonly rows: number;
}

/**
 * Rows as the consumer's loader reads them: comma, CRLF, quotes only where they must be, null and empty text alike
 * an empty field. The bytes are made in place, in a buffer that is used again for every part of a file: a string for
 * each cell would cost more than everything else together.
 */
export class CsvBuffer {
  rows = 0;
  #bytes: Buffer;
  #length = 0;
  /** Of every cell that is no UTF-8, before it is written with U+FFFD for what is damaged. */
  readonly #onDamaged: (column: number, value: Uint8Array) => void;

  constructor(capacity: number, onDamaged: (column: number, value: Uint8Array) => void) {
    this.#bytes = Buffer.allocUnsafe(capacity);
    this.#onDamaged = onDamaged;
  }

  get length(): number {
    return this.#length;
  }

  /** Valid until the next write. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  get mark(): CsvMark {
    return { length: this.#length, rows: this.rows };
  }

  /** Takes back what was written since. */
  rewind(mark: CsvMark): void {
    this.#length = mark.length;
    this.rows = mark.rows;
  }

  clear(): void {
    this.rewind({ length: 0, rows: 0 });
  }

  header(names: readonly string[]): void {
    this.row(
      names.map(() => "text"),
      names.map((name) => Buffer.from(name)),
    );
    this.rows -= 1;
  }

  /** Values beyond the kinds are not written: they say where the reader is. */
  row(kinds: readonly CellKind[], values: readonly (Uint8Array | null)[]): void {
    let need = 2;
    for (const value of values) need += CELL_SLACK + 2 * (value?.length ?? 0);
    this.#reserve(need);
    for (let column = 0; column < kinds.length; column += 1) {
      if (column > 0) this.#bytes[this.#length++] = COMMA;
      const value = values[column] ?? null;
      if (value === null || value.length === 0) continue;
      switch (kinds[column]) {
        case "text":
          this.#text(column, value);
          break;
        case "double":
          this.#double(value);
          break;
        case "datetime":
          this.#datetime(value);
          break;
        default:
          this.#copy(value, value.length);
      }
    }
    this.#bytes[this.#length++] = CR;
    this.#bytes[this.#length++] = LF;
    this.rows += 1;
  }

  #text(column: number, value: Uint8Array): void {
    const start = this.#length;
    if (this.#write(value) < 0x80 || isUtf8(value)) return;
    this.#onDamaged(column, value);
    this.#length = start;
    const repaired = Buffer.from(new TextDecoder("utf-8", { ignoreBOM: true }).decode(value));
    this.#reserve(2 * repaired.length + CELL_SLACK);
    this.#write(repaired);
  }

  /** Gives all bytes or-ed together: below 0x80 means that there is nothing but ASCII. */
  #write(value: Uint8Array): number {
    const out = this.#bytes;
    let at = this.#length;
    let seen = 0;
    let index = 0;
    for (; index < value.length; index += 1) {
      const byte = value[index] ?? 0;
      if (NEEDS_QUOTES[byte] === 1) break;
      seen |= byte;
      out[at++] = byte;
    }
    if (index < value.length) {
      at = this.#length;
      out[at++] = QUOTE;
      for (index = 0; index < value.length; index += 1) {
        const byte = value[index] ?? 0;
        seen |= byte;
        out[at++] = byte;
        if (byte === QUOTE) out[at++] = QUOTE;
      }
      out[at++] = QUOTE;
    }
    this.#length = at;
    return seen;
  }

  #double(value: Uint8Array): void {
    const [first = 0] = value;
    if (value.length === 1 && first >= ZERO && first <= NINE) {
      // Most grades are a single digit.
      this.#bytes[this.#length++] = first;
      this.#bytes[this.#length++] = DOT;
      this.#bytes[this.#length++] = ZERO;
      return;
    }
    this.#length += this.#bytes.write(floatText(Number(latin1(value))), this.#length, "latin1");
  }

  #datetime(value: Uint8Array): void {
    let last = value.length - 1;
    while (last >= SECONDS_LENGTH && (value[last] === ZERO || value[last] === DOT)) last -= 1;
    if (last < SECONDS_LENGTH) return this.#copy(value, Math.min(value.length, SECONDS_LENGTH));
    this.#copy(value, value.length);
    for (let digits = value.length - SECONDS_LENGTH - 1; digits < FRACTION_DIGITS; digits += 1)
      this.#bytes[this.#length++] = ZERO;
  }

  #copy(value: Uint8Array, length: number): void {
    for (let index = 0; index < length; index += 1) this.#bytes[this.#length + index] = value[index] ?? 0;
    this.#length += length;
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafe(Math.max(this.#length + more, Math.ceil(this.#bytes.length * 1.25)));
    this.#bytes.copy(grown, 0, 0, this.#length);
    this.#bytes = grown;
  }
}

const latin1 = (value: Uint8Array): string =>
  Buffer.from(value.buffer, value.byteOffset, value.length).toString("latin1");
