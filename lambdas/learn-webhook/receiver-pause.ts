import * as z from "zod";
import type { Ledger } from "../../core/io/ports.ts";
import { retryConflict } from "../../core/io/retry-conflict.ts";
import { Failure, isFailure } from "../../core/model/failures.ts";
import { ifUnchanged } from "../../core/io/ledger-conditions.ts";

/** `pk learn-receiver, sk <address>`: deliveries in a row that had no answer; absent = the receiver answers. */
const RECEIVER = "learn-receiver";
const Failing = z.object({ deliveries: z.array(z.string()), probeAt: z.number() });

/** So many deliveries in a row without an answer, and the receiver is down: attempts of one delivery are one. */
const DOWN_AFTER = 5;
const PROBE_EVERY_MS = 10 * 60_000;

const read = async (ledger: Ledger, receiver: string) => {
  const item = await ledger.get(RECEIVER, receiver);
  return { item, failing: Failing.safeParse(item?.data).data };
};

/**
 * Undefined = send. While the receiver is down one delivery in ten minutes is its probe, and all others are Throttled
 * `learn_paused` until the next, without an attempt of their own.
 */
export async function pauseOf(ledger: Ledger, receiver: string, now = Date.now()): Promise<Failure | undefined> {
  const { item, failing } = await read(ledger, receiver);
  if (item === undefined || failing === undefined || failing.deliveries.length < DOWN_AFTER) return undefined;
  if (failing.probeAt > now) return paused(failing.probeAt - now);
  const data = { ...failing, probeAt: now + PROBE_EVERY_MS };
  try {
    await ledger.write([{ put: { pk: RECEIVER, sk: receiver, data }, if: ifUnchanged(item) }]);
    return undefined;
  } catch (error) {
    // Another one is the probe.
    if (isFailure(error) && error.code === "stale_item") return paused(PROBE_EVERY_MS);
    throw error;
  }
}

/** Any answer, a refusal too, is one of a receiver that is up. */
export const recordAnswer = (ledger: Ledger, receiver: string, delivery: string, isDown: boolean): Promise<void> =>
  retryConflict(async () => {
    const { item, failing } = await read(ledger, receiver);
    if (!isDown) {
      if (item !== undefined) await ledger.write([{ delete: { pk: RECEIVER, sk: receiver }, if: ifUnchanged(item) }]);
      return;
    }
    const known = failing?.deliveries ?? [];
    if (known.length >= DOWN_AFTER || known.includes(delivery)) return;
    const data = { deliveries: [...known, delivery], probeAt: Date.now() + PROBE_EVERY_MS };
    await ledger.write([{ put: { pk: RECEIVER, sk: receiver, data }, if: ifUnchanged(item) }]);
  });

const paused = (leftMs: number): Failure =>
  new Failure("Throttled", `MIT Learn has not answered ${DOWN_AFTER} deliveries in a row: this one waits.`, {
    code: "learn_paused",
    what: "tell MIT Learn of new content",
    retryAfterSeconds: Math.ceil(leftMs / 1_000),
    hint: "One delivery in ten minutes is tried; the first answer lets all of them go.",
  });
