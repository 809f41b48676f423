import * as z from "zod";
import { AlertRecord } from "../model/alerts/alert-record.ts";
import type { Executions, Ledger, LedgerWrite } from "./ports.ts";
import { shortDigest, startOnce } from "./start-alert.ts";

const UNSENT = "alert-unsent";
const Unsent = z.object({ recordedAt: z.number() });

/** Alerts that nobody was told of yet, under the key of their record: what is told leaves in the transaction that says so. */
export const joinUnsent = (sk: string, now: number): LedgerWrite => ({
  put: { pk: UNSENT, sk, data: { recordedAt: now } },
  if: { any: true },
});
export const leaveUnsent = (sk: string): LedgerWrite => ({ delete: { pk: UNSENT, sk }, if: { any: true } });

/** Retries of a run are over by then. */
const AFTER_MS = 15 * 60_000;
const AGAIN_AT_ONCE = 100;

/** Since when the oldest of them waits, in epoch milliseconds, by the time that it happened. */
export async function oldestUnsent(ledger: Ledger): Promise<number | undefined> {
  const { items } = await ledger.query(UNSENT, { limit: 1 });
  return items.map(({ data }) => Unsent.parse(data).recordedAt)[0];
}

/** Starts the sending of what was left over once in a quarter of an hour, the oldest first; gives how many. */
export async function unsentAlerts(
  { ledger, executions }: { readonly ledger: Ledger; readonly executions: Pick<Executions, "start"> },
  now: number,
): Promise<number> {
  const { items } = await ledger.query(UNSENT, { limit: AGAIN_AT_ONCE });
  const late = items.filter(({ data }) => now - Unsent.parse(data).recordedAt >= AFTER_MS);
  for (const { sk } of late) {
    const found = await ledger.get("alert", sk);
    if (found === undefined) continue;
    const { event } = AlertRecord.parse(found.data);
    const name = `again-${shortDigest(`${sk} ${Math.floor(now / AFTER_MS)}`)}`;
    await startOnce(executions, name, { job: "alert", trigger: "sweep", event });
  }
  return late.length;
}
