import { isUtf8 } from "node:buffer";
import { createHash, type Hash } from "node:crypto";
import { CR, LF } from "./byte-classes.ts";
import { isBlank } from "./normalise-lines.ts";

/** Longer lines are not held in memory: they go to quarantine as they stream by. */
export const LINE_MAX_BYTES = 32 * 1024 * 1024;

export interface LongLineFound {
  readonly line: number;
  readonly offset: number;
  /** Without the ending. */
  readonly length: number;
  readonly ending: number;
  readonly sha256: string;
  /** Nothing but spaces, tabs and CR. */
  readonly blank: boolean;
}

/** Reads many lines at once; stops before one that it does not know. */
export interface FastReader {
  /** A block of whole lines; false = read them one by one. */
  load(block: Uint8Array): boolean;
  /** Reads on at `from` in the block; `line` and `offset` are of the line there. */
  next(from: number, line: number, offset: number): { readonly lines: number; readonly consumed: number };
}

export interface LineConsumer {
  /** Absent = every line goes to `take`. */
  readonly fast?: FastReader | undefined;
  take(
    bytes: Uint8Array,
    start: number,
    end: number,
    ending: number,
    line: number,
    offset: number,
    knownUtf8: boolean,
  ): void;
  /** Bytes of a line that is too long, ending included, as they come, to keep; `tooLong` closes it. */
  longPiece(bytes: Buffer): void;
  tooLong(found: LongLineFound): void;
}

/** Splits decompressed chunks at LF; one CR before it belongs to the ending. Nothing else ends a line. */
export class LineSplitter {
  private line = 0;
  /** Offset of the first byte of the line that is being read. */
  private lineOffset = 0;
  private carry: Buffer[] = [];
  private carried = 0;
  private long: LongLine | undefined;
  private readonly consumer: LineConsumer;
  private readonly maxBytes: number;

  constructor(consumer: LineConsumer, maxBytes = LINE_MAX_BYTES) {
    this.consumer = consumer;
    this.maxBytes = maxBytes;
  }

  /** The chunk is not changed, and may be freed after the call. */
  push(chunk: Buffer): void {
    let start = 0;
    if (this.carried > 0 || this.long !== undefined) {
      const first = chunk.indexOf(LF);
      if (first < 0) return this.keep(chunk);
      start = first + 1;
      this.keep(chunk.subarray(0, start));
      this.endCarried(true);
    }
    const last = chunk.lastIndexOf(LF);
    if (last >= start) {
      this.whole(chunk, start, last + 1);
      start = last + 1;
    }
    if (start < chunk.length) this.keep(chunk.subarray(start));
  }

  /** Bytes after the last LF are a line if there are any. */
  finish(): void {
    if (this.carried > 0 || this.long !== undefined) this.endCarried(false);
  }

  private whole(chunk: Buffer, start: number, end: number): void {
    // One call for many lines: the check runs at memory speed, a call for each line does not.
    const knownUtf8 = isUtf8(chunk.subarray(start, end));
    const { fast } = this.consumer;
    // No line of a block is longer than the block.
    const mayBeFast = knownUtf8 && end - start <= this.maxBytes;
    const isFast = fast !== undefined && mayBeFast && fast.load(chunk.subarray(start, end));
    for (let from = start; from < end;) {
      if (isFast) {
        const { lines, consumed } = fast.next(from - start, this.line + 1, this.lineOffset);
        this.line += lines;
        this.lineOffset += consumed;
        from += consumed;
        if (lines > 0) continue;
      }
      from = this.one(chunk, from, knownUtf8);
    }
  }

  /** The line at `from`, which has an LF; returns the place behind it. */
  private one(chunk: Buffer, from: number, knownUtf8: boolean): number {
    const lf = chunk.indexOf(LF, from);
    this.line += 1;
    const ending = lf > from && chunk[lf - 1] === CR ? 2 : 1;
    const stop = lf + 1 - ending;
    if (stop - from > this.maxBytes) this.refuse(chunk.subarray(from, lf + 1), true);
    else this.consumer.take(chunk, from, stop, ending, this.line, this.lineOffset, knownUtf8);
    this.lineOffset += lf + 1 - from;
    return lf + 1;
  }

  private keep(bytes: Buffer): void {
    if (this.long !== undefined) {
      this.long.push(bytes);
      this.consumer.longPiece(Buffer.from(bytes));
      return;
    }
    this.carry.push(Buffer.from(bytes));
    this.carried += bytes.length;
    // Two more bytes may be the ending.
    if (this.carried <= this.maxBytes + 2) return;
    this.long = new LongLine();
    for (const piece of this.carry) {
      this.long.push(piece);
      this.consumer.longPiece(piece);
    }
    this.dropCarry();
  }

  private endCarried(hasLf: boolean): void {
    this.line += 1;
    const { line, lineOffset: offset } = this;
    const length = this.long?.length ?? this.carried;
    if (this.long !== undefined) {
      this.consumer.tooLong({ line, offset, ...this.long.close(hasLf) });
      this.long = undefined;
    } else {
      // An LF after the bytes, real or not, stops the scanner's loops.
      const bytes = Buffer.concat(hasLf ? this.carry : [...this.carry, Buffer.from("\n")]);
      const ending = !hasLf ? 0 : bytes[length - 2] === CR ? 2 : 1;
      const end = length - ending;
      this.dropCarry();
      if (end > this.maxBytes) this.refuse(bytes.subarray(0, length), hasLf);
      else this.consumer.take(bytes, 0, end, ending, line, offset, isUtf8(bytes));
    }
    this.lineOffset += length;
  }

  /** A line that is too long and yet at hand. */
  private refuse(bytes: Buffer, hasLf: boolean): void {
    const long = new LongLine();
    long.push(bytes);
    this.consumer.longPiece(Buffer.from(bytes));
    this.consumer.tooLong({ line: this.line, offset: this.lineOffset, ...long.close(hasLf) });
  }

  private dropCarry(): void {
    this.carry = [];
    this.carried = 0;
  }
}

/** What must be known of a line that is not held: its hash leaves out the ending, so two bytes wait. */
class LongLine {
  length = 0;
  private readonly hash: Hash = createHash("sha256");
  private tail: Buffer = Buffer.alloc(0);
  private blank = true;

  push(bytes: Buffer): void {
    this.length += bytes.length;
    const body = bytes.at(-1) === LF ? bytes.subarray(0, -1) : bytes;
    if (this.blank) this.blank = isBlank(body, 0, body.length);
    const held = bytes.length < 2 ? Buffer.concat([this.tail, bytes]) : bytes;
    if (bytes.length >= 2) this.hash.update(this.tail);
    this.hash.update(held.subarray(0, -2));
    this.tail = Buffer.from(held.subarray(-2));
  }

  close(hasLf: boolean): Pick<LongLineFound, "length" | "ending" | "sha256" | "blank"> {
    const ending = !hasLf ? 0 : this.tail.length === 2 && this.tail[0] === CR ? 2 : 1;
    this.hash.update(this.tail.subarray(0, this.tail.length - ending));
    return { length: this.length - ending, ending, sha256: this.hash.digest("hex"), blank: this.blank };
  }
}
