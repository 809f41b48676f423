import { setTimeout as pause } from "node:timers/promises";
import { isFailure } from "../model/failures.ts";

export interface ConflictPatience {
  readonly attempts: number;
  /** The pauses, of full jitter, double from the first to the last. */
  readonly firstPauseMs: number;
  readonly lastPauseMs: number;
}

/** More than the 8 that a task gives a conflict: the counts of a shard are shared by a sixteenth of an asset's items. */
const PATIENCE: ConflictPatience = { attempts: 12, firstPauseMs: 4, lastPauseMs: 250 };

/** Reads, decides and writes again while others change the same items. `work` must read everything anew. Throws the last Conflict. */
export async function retryConflict<T>(
  work: () => Promise<T>,
  { attempts, firstPauseMs, lastPauseMs }: ConflictPatience = PATIENCE,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (attempt === attempts || !isConflict(error)) throw error;
      await pause(Math.random() * Math.min(lastPauseMs, firstPauseMs * 2 ** attempt));
    }
  }
}

export const isConflict = (error: unknown): boolean => isFailure(error) && error.name === "Conflict";
