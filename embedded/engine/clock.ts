/** Time as the engine sees it; tests and `asl run` use a virtual one, in which no wait is waited. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Calls `fire` once, not before `dueMs`. Returns how to cancel it. */
  schedule(dueMs: number, fire: () => void): () => void;
}

// setTimeout takes 31 bits of milliseconds; a longer wait is made of several.
const LONGEST_TIMER_MS = 2_147_483_647;

export const systemClock: Clock = {
  now: () => Date.now(),
  schedule(dueMs, fire) {
    let timer: NodeJS.Timeout;
    const arm = (): void => {
      const left = dueMs - Date.now();
      timer = setTimeout(
        () => (left > LONGEST_TIMER_MS ? arm() : fire()),
        Math.min(Math.max(left, 0), LONGEST_TIMER_MS),
      );
    };
    arm();
    return () => clearTimeout(timer);
  },
};

/** Time moves only by `fireNext`, straight to the next timer. */
export class VirtualClock implements Clock {
  #now: number;
  #sequence = 0;
  readonly #timers = new Map<number, { readonly dueMs: number; readonly fire: () => void }>();

  constructor(startMs = Date.UTC(2025, 0, 1)) {
    this.#now = startMs;
  }

  now(): number {
    return this.#now;
  }

  schedule(dueMs: number, fire: () => void): () => void {
    const id = this.#sequence++;
    this.#timers.set(id, { dueMs, fire });
    return () => void this.#timers.delete(id);
  }

  /** False when no timer is left. */
  fireNext(): boolean {
    const next = [...this.#timers].reduce<[number, { dueMs: number; fire: () => void }] | undefined>(
      (best, timer) => (best === undefined || timer[1].dueMs < best[1].dueMs ? timer : best),
      undefined,
    );
    if (next === undefined) return false;
    this.#timers.delete(next[0]);
    this.#now = Math.max(this.#now, next[1].dueMs);
    next[1].fire();
    return true;
  }
}
