import { setTimeout as pause } from "node:timers/promises";
import { Failure, isFailure } from "../model/failures.ts";

/** Enough for a burst on one item; with full jitter the waits grow to half a second. */
const ATTEMPTS = 24;
const FIRST_WAIT_MS = 10;
const LONGEST_WAIT_MS = 500;

/** Decides and writes again, on a fresh read, for as long as somebody else wrote meanwhile. */
export async function onFreshRead<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (!isFailure(error) || error.name !== "Conflict") throw error;
      if (attempt >= ATTEMPTS) throw contended(error);
      await pause(Math.random() * Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** attempt));
    }
  }
}

/** A machine retries Transient and never Conflict, and an alert must not be lost because many came at once. */
const contended = (cause: unknown): Failure =>
  new Failure("Transient", `Others changed the same alerts ${ATTEMPTS} times in a row.`, {
    code: "alerts_contended",
    what: "keep an alert",
    hint: "The burst ends by itself; try again.",
    cause,
  });
