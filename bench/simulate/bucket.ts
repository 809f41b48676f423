/** A quota of AWS as it is kept: a bucket of tokens that fills up at a rate. */
export class Bucket {
  readonly #size: number;
  readonly #perSecond: number;
  #tokens: number;
  #at = 0;
  /** Calls that found it empty, and would have been told to come again. */
  throttled = 0;
  lowest: number;
  #second = 0;
  #inSecond = 0;
  peakPerSecond = 0;

  constructor(size: number, perSecond: number) {
    this.#size = size;
    this.#perSecond = perSecond;
    this.#tokens = size;
    this.lowest = size;
  }

  take(count: number, now: number): void {
    this.#tokens = Math.min(this.#size, this.#tokens + ((now - this.#at) / 1_000) * this.#perSecond);
    this.#at = now;
    if (this.#tokens < count) this.throttled += 1;
    else this.#tokens -= count;
    this.lowest = Math.min(this.lowest, this.#tokens);
    const second = Math.floor(now / 1_000);
    this.#inSecond = second === this.#second ? this.#inSecond + count : count;
    this.#second = second;
    this.peakPerSecond = Math.max(this.peakPerSecond, this.#inSecond);
  }
}
