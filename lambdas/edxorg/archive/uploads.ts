/** Puts under way: many small ones at once, for each is mostly waiting, and a large one alone. */
export class Uploads {
  readonly #atOnce: number;
  readonly #bytesAtOnce: number;
  readonly #running = new Map<Promise<void>, number>();

  constructor(atOnce: number, bytesAtOnce: number) {
    this.#atOnce = atOnce;
    this.#bytesAtOnce = bytesAtOnce;
  }

  /** Begins when there is room. What it gives rejects as `work` does; whoever waits for it hears of that. */
  async begin(bytes: number, work: () => Promise<void>): Promise<{ readonly done: Promise<void> }> {
    while (this.#running.size > 0 && !this.#hasRoom(bytes)) await Promise.race(this.#running.keys());
    const done = work();
    const settled = done.then(
      () => undefined,
      () => undefined,
    );
    this.#running.set(settled, bytes);
    void settled.then(() => this.#running.delete(settled));
    return { done };
  }

  /** When nothing is under way any more. */
  async settle(): Promise<void> {
    await Promise.all(this.#running.keys());
  }

  #hasRoom(bytes: number): boolean {
    const taken = [...this.#running.values()].reduce((sum, value) => sum + value, 0);
    return this.#running.size < this.#atOnce && taken + bytes <= this.#bytesAtOnce;
  }
}
