import { setTimeout as pause } from "node:timers/promises";
import { isFailure } from "../model/failures.ts";

/** More than the 8 that a task gives a conflict: the counts of a shard are shared by a sixteenth of an asset's items. */
const ATTEMPTS = 12;
const FIRST_PAUSE_MS = 4;
const LAST_PAUSE_MS = 250;

/**
 * Reads, decides and writes again, with pauses of full jitter, while others change the same items. `work` must read
 * everything anew. Throws the last Conflict.
 */
export async function retryConflict<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (attempt === ATTEMPTS || !isFailure(error) || error.name !== "Conflict") throw error;
      await pause(Math.random() * Math.min(LAST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** attempt));
    }
  }
}
