import { createWriteStream } from "node:fs";
import { once } from "node:events";
import { pipeline } from "node:stream/promises";
import { constants, createGzip } from "node:zlib";

const BLOCK_BYTES = 256 * 1024;
/** Text that waits for the compressor, at most. */
const AHEAD_BYTES = 32 * 1024 * 1024;
/** The stream's own options pass through, which the types of zlib do not say. */
const GZIP_OPTIONS = {
  level: constants.Z_BEST_SPEED,
  // The most memory (256 KB more): 7 % faster.
  memLevel: 9,
  chunkSize: BLOCK_BYTES,
  writableHighWaterMark: AHEAD_BYTES,
};

/**
 * A gzip file that is written while lines are read. Level 1: measured at twice the speed of level 6 for a seventh more
 * bytes. The same text gives the same bytes: Node writes no time and no name into the header.
 */
export class GzipFile {
  private readonly gzip = createGzip(GZIP_OPTIONS);
  private readonly done: Promise<void>;
  private block: Buffer = Buffer.allocUnsafeSlow(BLOCK_BYTES);
  private filled = 0;
  private readonly free: Buffer[] = [];

  constructor(path: string) {
    this.done = pipeline(this.gzip, createWriteStream(path));
    this.done.catch(() => undefined);
  }

  /** The bytes are copied. */
  add(bytes: Uint8Array, start: number, end: number): void {
    for (let from = start; from < end;) {
      const to = Math.min(end, from + BLOCK_BYTES - this.filled);
      this.block.set(bytes.subarray(from, to), this.filled);
      this.filled += to - from;
      from = to;
      if (this.filled === BLOCK_BYTES) this.next();
    }
  }

  /** Waits until the compressor has caught up. */
  async settle(): Promise<void> {
    if (this.gzip.writableNeedDrain) await Promise.race([once(this.gzip, "drain"), this.done]);
  }

  async finish(): Promise<void> {
    this.next();
    this.gzip.end();
    await this.done;
  }

  private next(): void {
    const { block } = this;
    // Blocks are used again: a gigabyte of new ones would cost a second of garbage collection.
    if (this.filled > 0) this.gzip.write(block.subarray(0, this.filled), () => this.free.push(block));
    this.block = this.free.pop() ?? Buffer.allocUnsafeSlow(BLOCK_BYTES);
    this.filled = 0;
  }

  destroy(): void {
    this.gzip.destroy();
  }
}
