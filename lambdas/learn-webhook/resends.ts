import * as z from "zod";
import { allItems } from "../../core/io/every-item.ts";
import type { Ledger } from "../../core/io/ports.ts";

/** `pk delivery-resend, sk <delivery key>`: to be sent once more, for the receiver may not have known the course yet. */
const RESENDS = "delivery-resend";
const Resend = z.object({ dueAt: z.string() });

const RESEND_AFTER_MS = 30 * 60_000;
/** A course that our ledger knows longer is known to the receiver. */
const YOUNG_MS = 24 * 3_600_000;

/** `firstAt`: when anyone asked first to tell of the course, ISO 8601. */
export const isYoung = (firstAt: string | undefined, now = Date.now()): boolean =>
  firstAt !== undefined && now - Date.parse(firstAt) < YOUNG_MS;

export async function askResend(ledger: Ledger, key: string, now = Date.now()): Promise<void> {
  const data = { dueAt: new Date(now + RESEND_AFTER_MS).toISOString() };
  await ledger.write([{ put: { pk: RESENDS, sk: key, data }, if: { any: true } }]);
}

/** Keys of deliveries, the longest due first. */
export async function dueResends(ledger: Ledger, now: number): Promise<{ key: string; dueAt: string }[]> {
  const rows = (await allItems(ledger, RESENDS)).map(({ sk, data }) => ({ key: sk, ...Resend.parse(data) }));
  return rows.filter(({ dueAt }) => Date.parse(dueAt) <= now).toSorted((a, b) => a.dueAt.localeCompare(b.dueAt));
}

export const dropResend = (ledger: Ledger, key: string): Promise<unknown> =>
  ledger.write([{ delete: { pk: RESENDS, sk: key }, if: { any: true } }]);
