import { createHash } from "node:crypto";

/**
 * Many keys with three bits of each, in 8 bytes a key: 400,000 as texts would take some 60 MB. One read in 10^7 of that
 * size takes one key for another; the salt, another one for each index, has the next read find the difference.
 */
export class KeyIndex {
  readonly #salt: string;
  #digests = new BigUint64Array(1_024);
  #size = 0;
  #isSorted = false;

  constructor(salt: string) {
    this.#salt = salt;
  }

  /** Each key once, and all before the first is looked for. `bits`: 0 to 7. */
  add(key: string, bits: number): void {
    if (this.#size === this.#digests.length) {
      const grown = new BigUint64Array(this.#size * 2);
      grown.set(this.#digests);
      this.#digests = grown;
    }
    this.#digests[this.#size] = (digestOf(this.#salt, key) & ~BITS) | BigInt(bits);
    this.#size += 1;
    this.#isSorted = false;
  }

  get size(): number {
    return this.#size;
  }

  /** 0 to size - 1; undefined = there is no such key. */
  find(key: string): number | undefined {
    const digests = this.#sorted();
    const wanted = digestOf(this.#salt, key) & ~BITS;
    let [low, high] = [0, digests.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((digests[middle] ?? 0n) < wanted) low = middle + 1;
      else high = middle;
    }
    const found = digests[low];
    return found !== undefined && (found & ~BITS) === wanted ? low : undefined;
  }

  bitsAt(index: number): number {
    return Number((this.#sorted()[index] ?? 0n) & BITS);
  }

  #sorted(): BigUint64Array {
    const digests = this.#digests.subarray(0, this.#size);
    if (!this.#isSorted) digests.sort();
    this.#isSorted = true;
    return digests;
  }
}

const BITS = 7n;

const digestOf = (salt: string, key: string): bigint =>
  createHash("sha256").update(salt).update(key).digest().readBigUInt64BE();
