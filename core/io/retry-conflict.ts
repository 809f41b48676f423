import { setTimeout as pause } from "node:timers/promises";
import { Failure, isFailure } from "../model/failures.ts";

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

/**
 * The same, for what must not be lost: a machine retries Transient and never Conflict. `what`: "keep an alert". A
 * caller whose work has its own loop gives one attempt.
 */
export const outlast = <T>(
  work: () => Promise<T>,
  { code, what, ...patience }: ConflictPatience & { readonly code: string; readonly what: string },
): Promise<T> =>
  retryConflict(work, patience).catch((cause: unknown) => {
    if (!isConflict(cause)) throw cause;
    throw new Failure("Transient", `Could not ${what}: others change the same all the time.`, {
      code,
      what,
      hint: "The burst ends by itself; it is tried again.",
      cause,
    });
  });

/** At the edge of a task of the coordinator, so that no end of a run, no tick and no sweep is lost to a burst. */
export const decided = <T>(what: string, work: () => Promise<T>): Promise<T> =>
  outlast(work, { attempts: 1, firstPauseMs: 0, lastPauseMs: 0, code: "coordination_contended", what });
