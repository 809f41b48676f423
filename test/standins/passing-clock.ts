import type { LeaseClock } from "../../core/io/lease.ts";

/** Time stands still while anybody works, and jumps to the next sleeper when nobody does: only over ports in memory. */
export function passingClock(start: number): LeaseClock & { skip(ms: number): void } {
  let now = start;
  let sleepers: { readonly at: number; readonly wake: () => void }[] = [];
  const wakeNext = (): void => {
    const at = Math.min(...sleepers.map((one) => one.at));
    if (at === Infinity) return;
    now = Math.max(now, at);
    const [due, later] = [sleepers.filter((one) => one.at <= now), sleepers.filter((one) => one.at > now)];
    sleepers = later;
    for (const { wake } of due) wake();
  };
  return {
    now: () => now,
    skip: (ms) => {
      now += ms;
      // Whoever sleeps still is of a process that is dead.
      sleepers = [];
    },
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal.aborted) return resolve();
        const sleeper = { at: now + ms, wake: resolve };
        signal.addEventListener("abort", () => {
          sleepers = sleepers.filter((one) => one !== sleeper);
          resolve();
        });
        sleepers.push(sleeper);
        setImmediate(wakeNext);
      }),
  };
}
