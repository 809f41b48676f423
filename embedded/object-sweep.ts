import { sweepOrphans } from "../core/io/embedded/object-files.ts";
import { openObjectIndex } from "../core/io/embedded/object-index.ts";

const DAY_MS = 86_400_000;

/** Now and every day removes the files that killed workers left, and tells how many. Nothing waits for it. */
export function startObjectSweep(
  stateDir: string,
  log: (message: string) => void,
  options: { readonly olderThanMs?: number } = {},
): { readonly stop: () => Promise<void> } {
  const stopping = new AbortController();
  const sweep = async (): Promise<void> => {
    const db = openObjectIndex(stateDir);
    try {
      const removed = await sweepOrphans(stateDir, db, { ...options, signal: stopping.signal });
      if (removed > 0) log(`Removed files of killed workers: ${removed}.`);
    } catch (error) {
      log(`Files of killed workers stay until tomorrow: ${String(error)}`);
    } finally {
      db.close();
    }
  };
  let sweeping = sweep();
  const daily = setInterval(() => {
    sweeping = sweeping.then(sweep);
  }, DAY_MS);
  return {
    stop: async () => {
      clearInterval(daily);
      stopping.abort();
      await sweeping;
    },
  };
}
