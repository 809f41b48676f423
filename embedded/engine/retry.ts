import type { Retrier } from "./definition.ts";
import { HEARTBEAT_TIMEOUT, RUNTIME, TIMEOUT } from "./errors.ts";

/**
 * Does an `ErrorEquals` list cover an error of these names? States.Runtime is never covered; everything else is by
 * States.ALL, and all of that but the time-outs by States.TaskFailed. States.Timeout includes a missed heartbeat.
 */
export function matches(errorEquals: readonly string[], names: readonly (string | undefined)[]): boolean {
  if (names.includes(RUNTIME)) return false;
  const timedOut = names.includes(TIMEOUT) || names.includes(HEARTBEAT_TIMEOUT);
  return errorEquals.some(
    (name) =>
      name === "States.ALL" ||
      names.includes(name) ||
      (name === "States.TaskFailed" && !timedOut) ||
      (name === TIMEOUT && timedOut),
  );
}

/** Milliseconds before retry number `attempt` (1 = first). `random` is in [0, 1). */
export function retryDelayMs(retrier: Retrier, attempt: number, random: () => number): number {
  const backoff = retrier.intervalSeconds * retrier.backoffRate ** (attempt - 1);
  const seconds = Math.min(backoff, retrier.maxDelaySeconds ?? Number.POSITIVE_INFINITY, 31_622_400);
  return Math.round(seconds * 1000 * (retrier.jitter ? random() : 1));
}
