import { createHash } from "node:crypto";

/** The raw bytes of an object as they come, with their length and sha256, and bytes given back to be read again. */
export class ByteSource {
  length = 0;
  private readonly hash = createHash("sha256");
  private readonly iterator: AsyncIterator<Uint8Array>;
  private pending: Buffer[] = [];

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.iterator = chunks[Symbol.asyncIterator]();
  }

  /** Undefined = no more. Never empty. */
  async next(): Promise<Buffer | undefined> {
    const again = this.pending.shift();
    if (again !== undefined) return again;
    for (;;) {
      const { value, done } = await this.iterator.next();
      if (done === true) return undefined;
      const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
      if (bytes.length === 0) continue;
      this.hash.update(bytes);
      this.length += bytes.length;
      return bytes;
    }
  }

  /** All that is left. */
  async *rest(): AsyncGenerator<Buffer> {
    for (let chunk = await this.next(); chunk !== undefined; chunk = await this.next()) yield chunk;
  }

  unread(chunks: readonly Buffer[]): void {
    this.pending = [...chunks.filter((chunk) => chunk.length > 0), ...this.pending];
  }

  /** Up to `count` bytes: fewer only at the end. */
  async take(count: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    for (let missing = count; missing > 0;) {
      const chunk = await this.next();
      if (chunk === undefined) break;
      parts.push(chunk.subarray(0, missing));
      if (chunk.length > missing) this.unread([chunk.subarray(missing)]);
      missing -= Math.min(missing, chunk.length);
    }
    return Buffer.concat(parts);
  }

  /** Reads to the end, so that length and hash are of the whole object. */
  async drain(): Promise<void> {
    this.pending = [];
    while ((await this.next()) !== undefined);
  }

  sha256(): string {
    return this.hash.copy().digest("hex");
  }
}
