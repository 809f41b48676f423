import type { FileHandle } from "node:fs/promises";
import type { FastBlock } from "./kernel/fast-lines.ts";

/** A part is staged when it holds this much: it bounds memory, and each becomes one Parquet file. */
export const PART_BYTES = 32 * 1024 * 1024;
const WRITE_BYTES = 1024 * 1024;

/** Rows of one staged file, kept as lines of JSON until they are written in their sort order. */
export class Part {
  buffer = Buffer.allocUnsafeSlow(PART_BYTES + PART_BYTES / 4);
  place = 0;
  count = 0;
  private ends = new Uint32Array(1 << 16);
  private micros = new Float64Array(1 << 16);
  private sorted = true;
  private last = Number.NEGATIVE_INFINITY;
  longestLine = 0;

  reserve(bytes: number): void {
    if (this.place + bytes <= this.buffer.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(this.place + bytes, Math.ceil(this.buffer.length * 1.5)));
    this.buffer.copy(larger, 0, 0, this.place);
    this.buffer = larger;
  }

  /** Takes the line `place..end` that was rendered into the buffer. `micros` NaN sorts last. */
  add(end: number, micros: number): void {
    if (this.count === this.ends.length) {
      this.ends = grown(this.ends, new Uint32Array(this.count * 2));
      this.micros = grown(this.micros, new Float64Array(this.count * 2));
    }
    const key = Number.isNaN(micros) ? Number.POSITIVE_INFINITY : micros;
    if (key < this.last) this.sorted = false;
    this.last = key;
    this.longestLine = Math.max(this.longestLine, end - this.place);
    this.ends[this.count] = end;
    this.micros[this.count] = key;
    this.count += 1;
    this.place = end;
  }

  /** Takes the staged lines of a block that the kernel read. */
  addBlock(block: FastBlock): void {
    this.reserve(block.staged.length);
    const base = this.place;
    this.buffer.set(block.staged, base);
    const { table } = block;
    for (let at = 0; at < table.length; at += 2) this.add(base + (table[at] ?? 0), table[at + 1] ?? Number.NaN);
  }

  /** All lines by (event time, line). Lines come nearly in order, so most of the sort is finding that out. */
  async write(file: FileHandle): Promise<void> {
    if (this.sorted) return writeAll(file, this.buffer.subarray(0, this.place));
    const { buffer, ends, micros } = this;
    const order = Uint32Array.from({ length: this.count }, (_, index) => index);
    order.sort((a, b) => {
      const left = micros[a] ?? 0;
      const right = micros[b] ?? 0;
      return left === right ? a - b : left - right;
    });
    const out = Buffer.allocUnsafe(Math.max(WRITE_BYTES, this.longestLine));
    let filled = 0;
    for (const index of order) {
      const start = index === 0 ? 0 : (ends[index - 1] ?? 0);
      const end = ends[index] ?? 0;
      if (filled + end - start > out.length) {
        await writeAll(file, out.subarray(0, filled));
        filled = 0;
      }
      buffer.copy(out, filled, start, end);
      filled += end - start;
    }
    await writeAll(file, out.subarray(0, filled));
  }

  clear(): void {
    this.place = 0;
    this.count = 0;
    this.sorted = true;
    this.last = Number.NEGATIVE_INFINITY;
    this.longestLine = 0;
    if (this.buffer.length > 2 * PART_BYTES) this.buffer = Buffer.allocUnsafeSlow(PART_BYTES + PART_BYTES / 4);
  }
}

function grown<T extends Uint32Array | Float64Array>(from: T, to: T): T {
  to.set(from);
  return to;
}

/** `write` may write less than it is given. */
async function writeAll(file: FileHandle, bytes: Buffer): Promise<void> {
  for (let done = 0; done < bytes.length;) done += (await file.write(bytes, done, bytes.length - done)).bytesWritten;
}
