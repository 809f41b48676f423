const ITEM_WRITE_BYTES = 1_024;
const ITEM_READ_BYTES = 4_096;

interface KeyUse {
  readonly pattern: string;
  writes: number;
  total: number;
  second: number;
  inSecond: number;
  peak: number;
  /** Seconds in which it took more than one partition of DynamoDB gives. */
  over: number;
}

/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html */
export const PARTITION_WRITE_UNITS = 1_000;

/**
 * Write and read units by partition key: a write takes one per KB begun, twice that in a transaction, a strongly
 * consistent read one per 4 KB begun:
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
 */
export class Units {
  writes = 0;
  reads = 0;
  #bytes = 1_000;
  #asked = 0;
  readonly #keys = new Map<string, KeyUse>();

  /** In a transaction. `pattern` is the key with its variable parts left out. */
  write(pattern: string, key: string, bytes: number, now: number): void {
    const units = 2 * Math.max(1, Math.ceil(bytes / ITEM_WRITE_BYTES));
    this.writes += units;
    const second = Math.floor(now / 1_000);
    let use = this.#keys.get(key);
    if (use === undefined) {
      use = { pattern, writes: 0, total: 0, second, inSecond: 0, peak: 0, over: 0 };
      this.#keys.set(key, use);
    }
    if (use.second !== second) {
      use.second = second;
      use.inSecond = 0;
    }
    const before = use.inSecond;
    use.writes += 1;
    use.total += units;
    use.inSecond += units;
    if (before <= PARTITION_WRITE_UNITS && use.inSecond > PARTITION_WRITE_UNITS) use.over += 1;
    if (use.inSecond > use.peak) use.peak = use.inSecond;
  }

  /** Of an item like this, with its key and names: measured every so often, because that is what takes the time. */
  bytesOf(data: unknown): number {
    this.#asked += 1;
    if (this.#asked % 16 === 1) this.#bytes = JSON.stringify(data).length + 120;
    return this.#bytes;
  }

  read(bytes = 0, times = 1): void {
    this.reads += times * Math.max(1, Math.ceil(bytes / ITEM_READ_BYTES));
  }

  /** By pattern: units in all, the busiest second of one key, and seconds over the limit of a partition. */
  patterns(): Map<string, { total: number; peak: number; over: number }> {
    const patterns = new Map<string, { total: number; peak: number; over: number }>();
    for (const { pattern, total, peak, over } of this.#keys.values()) {
      const known = patterns.get(pattern) ?? { total: 0, peak: 0, over: 0 };
      patterns.set(pattern, {
        total: known.total + total,
        peak: Math.max(known.peak, peak),
        over: Math.max(known.over, over),
      });
    }
    return patterns;
  }

  /** How often each key was written. */
  keys(): Map<string, number> {
    return new Map([...this.#keys].map(([key, { writes }]) => [key, writes]));
  }

  /** Keys with the busiest second, busiest first. */
  hottest(count: number): { key: string; peak: number }[] {
    return [...this.#keys]
      .map(([key, { peak }]) => ({ key, peak }))
      .toSorted((a, b) => b.peak - a.peak)
      .slice(0, count);
  }
}
