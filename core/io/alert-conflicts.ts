import { Failure } from "../model/failures.ts";
import { isConflict, retryConflict, type ConflictPatience } from "./retry-conflict.ts";

/** Enough for a burst on one item. */
const PATIENCE: ConflictPatience = { attempts: 24, firstPauseMs: 10, lastPauseMs: 500 };

/** Decides and writes again, on a fresh read, for as long as somebody else wrote meanwhile. */
export const onFreshRead = <T>(work: () => Promise<T>): Promise<T> =>
  retryConflict(work, PATIENCE).catch((error: unknown) => {
    throw isConflict(error) ? contended(error) : error;
  });

/** A machine retries Transient and never Conflict, and an alert must not be lost because many came at once. */
const contended = (cause: unknown): Failure =>
  new Failure("Transient", `Others changed the same alerts ${PATIENCE.attempts} times in a row.`, {
    code: "alerts_contended",
    what: "keep an alert",
    hint: "The burst ends by itself; try again.",
    cause,
  });
