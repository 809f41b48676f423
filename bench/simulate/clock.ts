/** A process of the simulation: each `yield` is an await point, of so many virtual milliseconds. */
export type Process<T = void> = Generator<number, T, void>;

interface Entry {
  readonly time: number;
  readonly order: number;
  readonly run: () => void;
}

/** Virtual time: a binary heap of what happens when; of two at the same instant the one that was asked for first. */
export class Clock {
  /** Epoch milliseconds. */
  now: number;
  readonly #heap: Entry[] = [];
  #order = 0;

  constructor(start: number) {
    this.now = start;
  }

  after(ms: number, run: () => void): void {
    const entry = { time: this.now + Math.max(0, ms), order: (this.#order += 1), run };
    const heap = this.#heap;
    let at = heap.push(entry) - 1;
    while (at > 0) {
      const up = (at - 1) >> 1;
      const parent = heap[up];
      if (parent === undefined || !isBefore(entry, parent)) break;
      heap[at] = parent;
      at = up;
    }
    heap[at] = entry;
  }

  /**
   * Lives the process. At every await point `dies` may end it there, with no farewell; it is told `died`, as is a process
   * that throws.
   */
  live(process: Process, dies: () => boolean, died?: () => void): void {
    const step = (): void => {
      const { how, value } = advance(process);
      if (how === "thrown" || (how === "waits" && dies())) died?.();
      else if (how === "waits") this.after(value, step);
    };
    step();
  }

  /** Until the given time, or until nothing is left to happen. */
  run(until = Infinity): void {
    for (let next = this.#heap[0]; next !== undefined && next.time <= until; next = this.#heap[0]) {
      this.#shift();
      this.now = next.time;
      next.run();
    }
    if (until !== Infinity) this.now = until;
  }

  #shift(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      const [left, right] = [heap[2 * at + 1], heap[2 * at + 2]];
      if (left === undefined) break;
      const isRight = right !== undefined && isBefore(right, left);
      const child = isRight ? right : left;
      if (!isBefore(child, last)) break;
      heap[at] = child;
      at = 2 * at + (isRight ? 2 : 1);
    }
    heap[at] = last;
  }
}

const isBefore = (a: Entry, b: Entry): boolean => a.time < b.time || (a.time === b.time && a.order < b.order);

/** What an edge throws when others were faster too often: its caller fails and is called again. */
export class Contended extends Error {}

function advance(process: Process): { how: "waits" | "done" | "thrown"; value: number } {
  try {
    const { done, value } = process.next();
    return { how: done === true ? "done" : "waits", value: value ?? 0 };
  } catch (error) {
    if (error instanceof Contended) return { how: "thrown", value: 0 };
    throw error;
  }
}
