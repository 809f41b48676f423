import { isUtf8 } from "node:buffer";
import { floatText } from "../../../core/model/legacy-json.ts";
import { cellsOf, type Cells } from "./cells.ts";

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

/** So many digits always come back from a double as they were. */
const PLAIN_DIGITS = 15;

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
      cellsOf(names),
    );
    this.rows -= 1;
  }

  /** Values beyond the kinds are not written: they say where the reader is. */
  row(kinds: readonly CellKind[], { bytes, bounds }: Cells): void {
    let need = 2;
    for (let column = 0; column < kinds.length; column += 1)
      need += CELL_SLACK + 2 * ((bounds[2 * column + 1] ?? 0) - (bounds[2 * column] ?? 0));
    this.#reserve(need);
    for (let column = 0; column < kinds.length; column += 1) {
      if (column > 0) this.#bytes[this.#length++] = COMMA;
      const [begin, end] = [bounds[2 * column] ?? -1, bounds[2 * column + 1] ?? -1];
      if (begin < 0 || begin === end) continue;
      switch (kinds[column]) {
        case "text":
          this.#text(column, bytes, begin, end);
          break;
        case "double":
          this.#double(bytes, begin, end);
          break;
        case "datetime":
          this.#datetime(bytes, begin, end);
          break;
        default:
          this.#copy(bytes, begin, end);
      }
    }
    this.#bytes[this.#length++] = CR;
    this.#bytes[this.#length++] = LF;
    this.rows += 1;
  }

  #text(column: number, source: Uint8Array, begin: number, end: number): void {
    const start = this.#length;
    if (this.#write(source, begin, end) < 0x80) return;
    const value = source.subarray(begin, end);
    if (isUtf8(value)) return;
    this.#onDamaged(column, value);
    this.#length = start;
    const repaired = Buffer.from(new TextDecoder("utf-8", { ignoreBOM: true }).decode(value));
    this.#reserve(2 * repaired.length + CELL_SLACK);
    this.#write(repaired, 0, repaired.length);
  }

  /** Gives all bytes or-ed together: below 0x80 means that there is nothing but ASCII. */
  #write(source: Uint8Array, begin: number, end: number): number {
    const out = this.#bytes;
    let at = this.#length;
    let seen = 0;
    let index = begin;
    for (; index < end; index += 1) {
      const byte = source[index] ?? 0;
      if (NEEDS_QUOTES[byte] === 1) break;
      seen |= byte;
      out[at++] = byte;
    }
    if (index < end) {
      at = this.#length;
      out[at++] = QUOTE;
      for (index = begin; index < end; index += 1) {
        const byte = source[index] ?? 0;
        seen |= byte;
        out[at++] = byte;
        if (byte === QUOTE) out[at++] = QUOTE;
      }
      out[at++] = QUOTE;
    }
    this.#length = at;
    return seen;
  }

  #double(source: Uint8Array, begin: number, end: number): void {
    const [first = 0, second] = [source[begin], source[begin + 1]];
    if (first < ZERO || first > NINE || end - begin > PLAIN_DIGITS + 1) return this.#anyDouble(source, begin, end);
    // What follows 0.0 may be so small that it is written with an exponent.
    if (first === ZERO && second === DOT && source[begin + 2] === ZERO) return this.#anyDouble(source, begin, end);
    let point = false;
    for (let index = begin + 1; index < end; index += 1) {
      const byte = source[index] ?? 0;
      if (byte === DOT && !point) point = true;
      else if (byte < ZERO || byte > NINE) return this.#anyDouble(source, begin, end);
    }
    const last = source[end - 1];
    if (point && (last === ZERO || last === DOT)) return this.#anyDouble(source, begin, end);
    if (!point && first === ZERO && end - begin > 1) return this.#anyDouble(source, begin, end);
    // Most grades have few digits, and those are the shortest already.
    this.#copy(source, begin, end);
    if (point) return;
    this.#bytes[this.#length++] = DOT;
    this.#bytes[this.#length++] = ZERO;
  }

  #anyDouble(source: Uint8Array, begin: number, end: number): void {
    const text = Buffer.from(source.buffer, source.byteOffset + begin, end - begin).toString("latin1");
    this.#length += this.#bytes.write(floatText(Number(text)), this.#length, "latin1");
  }

  #datetime(source: Uint8Array, begin: number, end: number): void {
    let last = end - 1;
    while (last >= begin + SECONDS_LENGTH && (source[last] === ZERO || source[last] === DOT)) last -= 1;
    if (last < begin + SECONDS_LENGTH) return this.#copy(source, begin, Math.min(end, begin + SECONDS_LENGTH));
    this.#copy(source, begin, end);
    for (let digits = end - begin - SECONDS_LENGTH - 1; digits < FRACTION_DIGITS; digits += 1)
      this.#bytes[this.#length++] = ZERO;
  }

  #copy(source: Uint8Array, begin: number, end: number): void {
    const out = this.#bytes;
    let at = this.#length;
    for (let index = begin; index < end; index += 1) out[at++] = source[index] ?? 0;
    this.#length = at;
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafe(Math.max(this.#length + more, Math.ceil(this.#bytes.length * 1.25)));
    this.#bytes.copy(grown, 0, 0, this.#length);
    this.#bytes = grown;
  }
}
