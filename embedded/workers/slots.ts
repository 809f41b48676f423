export interface Slots {
  /** Waits in order of arrival; an aborted wait rejects with the signal's reason. Call the result to give it back. */
  take(key: string, signal: AbortSignal): Promise<() => void>;
  readonly waiting: number;
  readonly used: number;
}

interface Waiter {
  readonly key: string;
  readonly enter: () => void;
}

/**
 * A fixed number of slots with a queue. One key gets at most `perKey` of them: a function that waits for a lock in
 * all its calls must not keep every other function out.
 */
export function createSlots(count: number, perKey: number = count): Slots {
  let used = 0;
  const byKey = new Map<string, number>();
  const queue: Waiter[] = [];
  const fits = (key: string): boolean => used < count && (byKey.get(key) ?? 0) < perKey;
  const occupy = (key: string): (() => void) => {
    used += 1;
    byKey.set(key, (byKey.get(key) ?? 0) + 1);
    let given = false;
    return () => {
      if (given) return;
      given = true;
      used -= 1;
      byKey.set(key, (byKey.get(key) ?? 1) - 1);
      const next = queue.findIndex((waiter) => fits(waiter.key));
      if (next >= 0) queue.splice(next, 1)[0]?.enter();
    };
  };
  return {
    async take(key, signal) {
      signal.throwIfAborted();
      if (fits(key)) return occupy(key);
      return new Promise((resolve, reject) => {
        const waiter: Waiter = {
          key,
          enter: () => {
            signal.removeEventListener("abort", leave);
            resolve(occupy(key));
          },
        };
        const leave = (): void => {
          queue.splice(queue.indexOf(waiter), 1);
          reject(signal.reason);
        };
        queue.push(waiter);
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
