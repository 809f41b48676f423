import { createHash, type Hash } from "node:crypto";

/** Byte order of the UTF-8 form, which differs from JavaScript's order for characters outside the BMP. */
export const compareByteOrder = (left: string, right: string): number =>
  Buffer.compare(Buffer.from(left, "utf8"), Buffer.from(right, "utf8"));

/**
 * Digest of what an archive contains: member times, owners, modes and order do not count.
 * For each member in byte order of its path: `uint32be(len(path)) path uint64be(len(content)) content`.
 * Feed `member`, then its bytes in any chunks, then the next member.
 */
export class ContentDigest {
  readonly #hash: Hash = createHash("sha256");
  #last: string | undefined;
  #missing = 0;

  member(path: string, sizeBytes: number): void {
    this.#expectComplete();
    if (this.#last !== undefined && compareByteOrder(this.#last, path) >= 0) {
      throw new Error(`Members must come in byte order of their paths: "${path}" came after "${this.#last}".`);
    }
    this.#last = path;
    this.#missing = sizeBytes;
    const name = Buffer.from(path, "utf8");
    const pathLength = Buffer.alloc(4);
    pathLength.writeUInt32BE(name.length);
    const size = Buffer.alloc(8);
    size.writeBigUInt64BE(BigInt(sizeBytes));
    this.#hash.update(pathLength).update(name).update(size);
  }

  bytes(chunk: Uint8Array): void {
    this.#missing -= chunk.byteLength;
    this.#hash.update(chunk);
  }

  hex(): string {
    this.#expectComplete();
    return this.#hash.digest("hex");
  }

  #expectComplete(): void {
    if (this.#missing !== 0) {
      throw new Error(`The member "${this.#last ?? ""}" has ${this.#missing} bytes more or less than it declared.`);
    }
  }
}
