import { setTimeout as pause } from "node:timers/promises";
import { isFailure } from "../../model/failures.ts";

/** What a call may wait for by itself; what takes longer is for the machine's `Retry`, which costs no compute. */
const PAUSES_MS = [500, 1_000, 2_000, 4_000];
const LONGEST_WAIT_MS = 20_000;

export type Sleep = (ms: number, signal?: AbortSignal) => Promise<void>;

export const sleepFor: Sleep = (ms, signal) =>
  pause(ms, undefined, signal === undefined ? {} : { signal }).catch(() => signal?.throwIfAborted());

/** Does the work again after what passes within seconds: a lost connection, a 5xx, a short wait that was asked for. */
export async function patiently<T>(work: () => Promise<T>, sleep: Sleep, signal?: AbortSignal): Promise<T> {
  for (const pauseMs of PAUSES_MS) {
    try {
      return await work();
    } catch (error) {
      signal?.throwIfAborted();
      const waitMs = waitAfter(error, pauseMs);
      if (waitMs === undefined) throw error;
      await sleep(waitMs, signal);
    }
  }
  return work();
}

function waitAfter(error: unknown, pauseMs: number): number | undefined {
  if (!isFailure(error) || error.code === "origin_object_changed") return undefined;
  if (error.name === "Transient") return pauseMs;
  const asked = (error.info.retryAfterSeconds ?? Infinity) * 1_000;
  return error.name === "Throttled" && asked <= LONGEST_WAIT_MS ? asked : undefined;
}
