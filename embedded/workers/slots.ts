export interface Slots {
  /** Waits in order of arrival; an aborted wait rejects with the signal's reason. Call the result to give it back. */
  take(signal: AbortSignal): Promise<() => void>;
  readonly waiting: number;
  readonly used: number;
}

/** A fixed number of slots with a queue. */
export function createSlots(count: number): Slots {
  let used = 0;
  const queue: (() => void)[] = [];
  const release = (): (() => void) => {
    let given = false;
    return () => {
      if (given) return;
      given = true;
      const next = queue.shift();
      if (next === undefined) used -= 1;
      else next();
    };
  };
  return {
    take(signal) {
      signal.throwIfAborted();
      if (used < count) {
        used += 1;
        return Promise.resolve(release());
      }
      return new Promise((resolve, reject) => {
        const enter = (): void => {
          signal.removeEventListener("abort", leave);
          resolve(release());
        };
        const leave = (): void => {
          queue.splice(queue.indexOf(enter), 1);
          reject(signal.reason);
        };
        queue.push(enter);
        signal.addEventListener("abort", leave, { once: true });
      });
    },
    get waiting() {
      return queue.length;
    },
    get used() {
      return used;
    },
  };
}
