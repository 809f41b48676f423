import * as z from "zod";
import { Instant } from "../model/items/item-state.ts";
import type { Ledger } from "./ports.ts";

/** An operator has looked: so many partitions of the asset are really gone. */
export const Confirmation = z.object({
  removals: z.number().int().positive(),
  author: z.string().min(1),
  reason: z.string().min(1),
  at: Instant,
});
export type Confirmation = z.infer<typeof Confirmation>;

/** It is of what upstream is now, and serves once. */
const HOLDS_MS = 24 * 3_600_000;
const PK = "partition-confirmation";

export const confirmRemovals = (ledger: Ledger, asset: string, data: Confirmation): Promise<void> =>
  ledger.write([{ put: { pk: PK, sk: asset, data }, if: { any: true } }]);

/** The number of removals that are agreed to; 0 = none. */
export async function confirmedRemovals(ledger: Ledger, asset: string, now: number): Promise<number> {
  const found = Confirmation.optional().parse((await ledger.get(PK, asset))?.data);
  return found === undefined || now - found.at > HOLDS_MS ? 0 : found.removals;
}

export const forgetConfirmation = (ledger: Ledger, asset: string): Promise<void> =>
  ledger.write([{ delete: { pk: PK, sk: asset }, if: { any: true } }]);
