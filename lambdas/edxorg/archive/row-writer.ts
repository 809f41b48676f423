import { hash } from "node:crypto";
import type { TableHeader } from "./table-header.ts";
import type { RowHash } from "./row-hash.ts";

const TAB = 9;
const LF = 10;
const CR = 13;
const QUOTE = 34;
const PRESENT = 1;
const ABSENT = 0;
const PREFIX_BYTES = 5;
const HASH_CHARS = 64;
/** Room that is kept from block to block; what one huge row needed is given back. */
const KEEP_BYTES = 4 * 1_048_576;
/** Most tables need no more: the kernel reads their rows. */
const FIRST_BYTES = 16_384;

export type RowVerdict = "whole" | "short" | "surplus_fields";

/**
 * Rows of one table, byte by byte: no field becomes a string. The caller has checked that the lines are UTF-8. The
 * message of the row hash is made in the pass that finds the fields.
 */
export class RowWriter {
  readonly #columns: number;
  readonly #rowHash: RowHash;
  /** What follows the fields, up to the hash. */
  readonly #extracted: Buffer;
  #out = Buffer.allocUnsafeSlow(FIRST_BYTES);
  #length = 0;
  #message = Buffer.allocUnsafeSlow(FIRST_BYTES);

  constructor({ columns }: Pick<TableHeader, "columns">, extracted: readonly string[], rowHash: RowHash) {
    this.#columns = columns;
    this.#rowHash = rowHash;
    this.#extracted = Buffer.from(`\t${extracted.join("\t")}\t`);
  }

  /** Bytes since the last `clear`. */
  get written(): number {
    return this.#length;
  }

  /** Valid until `clear`. */
  bytes(): Buffer {
    return this.#out.subarray(0, this.#length);
  }

  clear(): void {
    this.#length = 0;
    if (this.#out.length > 2 * KEEP_BYTES) this.#out = Buffer.allocUnsafeSlow(KEEP_BYTES);
    if (this.#message.length > KEEP_BYTES) this.#message = Buffer.allocUnsafeSlow(FIRST_BYTES);
  }

  /** One line without its ending. One with too many fields writes nothing. */
  row(bytes: Buffer, start: number, end: number): RowVerdict {
    this.#reserve(end - start);
    const message = this.#message;
    let prefix = 0;
    let at = PREFIX_BYTES;
    let fields = 1;
    let plain = true;
    for (let from = start; from < end; from += 1) {
      const byte = bytes[from] ?? 0;
      if (byte === TAB) {
        if (fields === this.#columns) return "surplus_fields";
        present(message, prefix, at);
        fields += 1;
        prefix = at;
        at += PREFIX_BYTES;
        continue;
      }
      if (byte === QUOTE || byte === CR) plain = false;
      message[at] = byte;
      at += 1;
    }
    present(message, prefix, at);
    const missing = this.#columns - fields;
    message.fill(ABSENT, at, at + missing);
    if (plain) this.#copy(bytes, start, end);
    else this.#quote(bytes, start, end);
    this.#out.fill(TAB, this.#length, this.#length + missing);
    this.#length += missing;
    this.#copy(this.#extracted, 0, this.#extracted.length);
    this.#hashes(message.subarray(0, at + missing), bytes, start, end);
    this.#out[this.#length] = LF;
    this.#length += 1;
    return missing === 0 ? "whole" : "short";
  }

  #hashes(message: Buffer, bytes: Buffer, start: number, end: number): void {
    if (this.#rowHash !== "legacy") this.#hex(hash("sha256", message, "hex"));
    if (this.#rowHash === "safe") return;
    if (this.#rowHash === "both") {
      this.#out[this.#length] = TAB;
      this.#length += 1;
    }
    let at = 0;
    for (let from = start; from < end; from += 1) {
      const byte = bytes[from] ?? 0;
      if (byte === TAB) continue;
      this.#message[at] = byte;
      at += 1;
    }
    this.#hex(hash("sha256", this.#message.subarray(0, at), "hex"));
  }

  #hex(digest: string): void {
    this.#length += this.#out.write(digest, this.#length, "latin1");
  }

  #copy(bytes: Buffer, start: number, end: number): void {
    bytes.copy(this.#out, this.#length, start, end);
    this.#length += end - start;
  }

  /** Quotes around the fields that hold a quote or a CR; others stay as they are. */
  #quote(bytes: Buffer, start: number, end: number): void {
    for (let from = start; from <= end;) {
      const tab = bytes.indexOf(TAB, from);
      const to = tab < 0 || tab > end ? end : tab;
      this.#field(bytes, from, to);
      if (to === end) return;
      this.#out[this.#length] = TAB;
      this.#length += 1;
      from = to + 1;
    }
  }

  #field(bytes: Buffer, start: number, end: number): void {
    const field = bytes.subarray(start, end);
    if (!field.includes(QUOTE) && !field.includes(CR)) return this.#copy(bytes, start, end);
    const out = this.#out;
    let at = this.#length;
    out[at++] = QUOTE;
    for (const byte of field) {
      if (byte === QUOTE) out[at++] = QUOTE;
      out[at++] = byte;
    }
    out[at++] = QUOTE;
    this.#length = at;
  }

  /** Room for a row of so many bytes, at its longest: every byte a quote. */
  #reserve(bytes: number): void {
    const message = bytes + (PREFIX_BYTES + 1) * this.#columns;
    if (this.#message.length < message) this.#message = Buffer.allocUnsafeSlow(message);
    const room = this.#length + 2 * bytes + 3 * this.#columns + this.#extracted.length + 2 * HASH_CHARS + 2;
    if (this.#out.length >= room) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(room, 2 * this.#out.length));
    this.#out.copy(larger, 0, 0, this.#length);
    this.#out = larger;
  }
}

function present(message: Buffer, prefix: number, at: number): void {
  const length = at - prefix - PREFIX_BYTES;
  message[prefix] = PRESENT;
  message[prefix + 1] = length >>> 24;
  message[prefix + 2] = length >>> 16;
  message[prefix + 3] = length >>> 8;
  message[prefix + 4] = length;
}
