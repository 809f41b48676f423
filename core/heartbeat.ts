import type { TaskTokens } from "./io/ports.ts";
import { isFailure } from "./model/failures.ts";

/** Also how long a worker goes on writing after its execution was stopped: only the next beat tells it. */
const LONGEST_INTERVAL_MS = 20_000;
const BEATS_PER_BOUND = 3;

export type NobodyWaits =
  /** The execution has ended or given this attempt up. */
  | "task_gone"
  /** No beat got through for the whole bound: the machine counts this worker as dead and may have started another. */
  | "heartbeat_lost";

export interface Heartbeat {
  /** Resolves when the work has to stop because nobody waits for it; never when all is well. */
  readonly nobodyWaits: Promise<NobodyWaits>;
  stop(): void;
}

/**
 * Reports that the worker lives, three times within `boundMs` and at least every 20 s. The first beat is answered
 * before this resolves: an attempt that the machine gave up while its container was still starting does no work.
 */
export async function startHeartbeat(tokens: TaskTokens, token: string, boundMs: number): Promise<Heartbeat> {
  const { promise: nobodyWaits, resolve } = Promise.withResolvers<NobodyWaits>();
  // Renewed by a beat that got through, and armed apart from it: a call that hangs must not hold it up.
  let deadline = setTimeout(() => resolve("heartbeat_lost"), boundMs);
  let busy = false;
  const beat = async (): Promise<void> => {
    if (busy) return;
    busy = true;
    const sent = Date.now();
    try {
      await tokens.heartbeat(token);
      clearTimeout(deadline);
      deadline = setTimeout(() => resolve("heartbeat_lost"), boundMs - (Date.now() - sent));
    } catch (error) {
      if (isFailure(error) && error.code === "task_gone") resolve("task_gone");
    } finally {
      busy = false;
    }
  };
  const every = setInterval(() => void beat(), Math.min(boundMs / BEATS_PER_BOUND, LONGEST_INTERVAL_MS));
  await Promise.race([beat(), nobodyWaits]);
  return {
    nobodyWaits,
    stop() {
      clearInterval(every);
      clearTimeout(deadline);
    },
  };
}
