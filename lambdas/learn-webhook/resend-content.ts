import * as z from "zod";
import { isFailure } from "../../core/model/failures.ts";
import { task, type TaskContext } from "../../core/task.ts";
import { deliver } from "./deliver.ts";
import { CONTENT_FILES_ROUTE } from "./delivery-key.ts";
import { newestDelivery, readDelivery } from "./delivery.ts";
import { dropResend, dueResends } from "./resends.ts";
import { learnTarget } from "./target.ts";

/** Below the task's own 600 s, with room for one delivery that waits in line. */
const BUDGET_MS = 180_000;
/** What could not be sent for so long is not what was meant. */
const GIVE_UP_MS = 24 * 3_600_000;

export interface Resent {
  readonly due: number;
  readonly resent: number;
  /** Other content, or a deletion, was told of since. */
  readonly dropped: number;
}

export const handler = task({
  name: "ResendContent",
  input: z.looseObject({}),
  run: (_input, context) => resendContent(context),
});

/**
 * Tells MIT Learn once more of courses that are young. A receiver that does not know a course loads its own catalogue and
 * forgets the archive, and says 200 all the same. One that gives no answer is left for the next tick; the first failure
 * of another kind is thrown when all others were tried.
 */
export async function resendContent(
  { io, settings, run }: Pick<TaskContext, "io" | "settings" | "run">,
  now: () => number = Date.now,
): Promise<Resent> {
  const { ledger } = io;
  const until = now() + BUDGET_MS;
  const due = await dueResends(ledger, now());
  if (due.length === 0) return { due: 0, resent: 0, dropped: 0 };
  const target = await learnTarget(io.secrets, settings.environment);
  const failures: unknown[] = [];
  let [resent, dropped] = [0, 0];
  for (const { key, dueAt } of due) {
    if (now() > until) break;
    const delivery = await readDelivery(ledger, key);
    const newest = delivery && (await newestDelivery(ledger, delivery.source, delivery.subject));
    const isCurrent = newest?.key === key && now() - Date.parse(dueAt) < GIVE_UP_MS;
    if (delivery === undefined || newest === undefined || !isCurrent) dropped += 1;
    else {
      try {
        await deliver(ledger, target, {
          ...{ route: CONTENT_FILES_ROUTE, source: delivery.source, subject: delivery.subject },
          ...{ contentDigest: delivery.version, body: Buffer.from(delivery.body, "ascii"), askedAt: newest.askedAt },
          ...{ holder: `${run.id}/${run.state}/${run.attempt}`, again: `resend ${dueAt}` },
        });
        resent += 1;
      } catch (error) {
        if (isFailure(error) && (error.name === "Transient" || error.name === "Throttled")) break;
        failures.push(error);
      }
    }
    await dropResend(ledger, key);
  }
  if (failures.length > 0) throw failures[0];
  return { due: due.length, resent, dropped };
}
