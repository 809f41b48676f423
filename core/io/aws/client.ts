import { setTimeout as sleep } from "node:timers/promises";

/** Also of what AWS refuses inside an accepted request, where the SDK does not look. */
export const ATTEMPTS = 4;
const FIRST_PAUSE_MS = 100;

/**
 * What all SDK clients share. Four attempts ride out what passes within seconds (7 s of pauses at most where AWS
 * throttles, 0.4 s elsewhere); waiting longer is the state machine's `Retry`, which costs no compute. `adaptive` would
 * slow a whole process for its slowest table. Region, credentials and endpoint come from the environment by AWS's own
 * rules (AWS_REGION, AWS_ENDPOINT_URL, ...).
 */
const RETRIES = { retryMode: "standard", maxAttempts: ATTEMPTS } as const;

/** Calls that AWS answers within milliseconds: one that hangs is given up while the shortest task has time left. */
export const CLIENT = { ...RETRIES, requestHandler: timeouts(3_000, 5_000) };

/** Calls that carry megabytes, or that AWS thinks about. */
export const PATIENT_CLIENT = { ...RETRIES, requestHandler: timeouts(3_000, 60_000) };

function timeouts(connectionTimeout: number, requestTimeout: number) {
  return {
    connectionTimeout,
    /** To the response's head; a body may take longer, but not be silent for longer than the last line. */
    requestTimeout,
    throwOnRequestTimeout: true,
    socketTimeout: requestTimeout,
  };
}

/** Does the work again, with pauses of full jitter, as long as `passes` takes its error for one that goes by itself. */
export async function again<T>(work: () => Promise<T>, passes: (error: unknown) => boolean): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (attempt === ATTEMPTS || !passes(error)) throw error;
      await sleep(Math.random() * FIRST_PAUSE_MS * 2 ** attempt);
    }
  }
}
