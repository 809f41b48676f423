import type { Retrier } from "./definition.ts";
import { DATA_LIMIT, HEARTBEAT_TIMEOUT, RUNTIME, TIMEOUT } from "./errors.ts";

/**
 * Does an `ErrorEquals` list cover an error? States.ALL leaves out the two terminal errors; States.TaskFailed
 * is everything but States.Timeout; States.Timeout includes a missed heartbeat. States.Runtime is never covered.
 */
export function matches(errorEquals: readonly string[], error: string | undefined): boolean {
  if (error === RUNTIME) return false;
  return errorEquals.some((name) => {
    if (name === error) return true;
    if (error === DATA_LIMIT) return false;
    if (name === "States.ALL") return true;
    if (name === "States.TaskFailed") return error !== TIMEOUT;
    return name === TIMEOUT && error === HEARTBEAT_TIMEOUT;
  });
}

/** Milliseconds before retry number `attempt` (1 = first). `random` is in [0, 1). */
export function retryDelayMs(retrier: Retrier, attempt: number, random: () => number): number {
  const backoff = retrier.intervalSeconds * retrier.backoffRate ** (attempt - 1);
  const seconds = Math.min(backoff, retrier.maxDelaySeconds ?? Number.POSITIVE_INFINITY, 31_622_400);
  return Math.round(seconds * 1000 * (retrier.jitter ? random() : 1));
}
