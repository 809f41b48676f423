import * as z from "zod";
import { isFailure } from "../model/failures.ts";
import type { Ledger } from "./ports.ts";

const LEASE_PK = "lease";

/** Items are never deleted, so that `fence` never starts again. */
const LeaseRecord = z.object({
  /** For people; null = released. */
  holder: z.string().nullable(),
  /** One acquisition, so that a holder knows its own write again when the answer to it was lost. */
  token: z.string(),
  /** Epoch milliseconds. */
  until: z.number(),
  fence: z.number().int(),
});
type LeaseRecord = z.infer<typeof LeaseRecord>;

/** The state of one slot: `rev` 0 = never held. */
export interface LeaseSlot extends LeaseRecord {
  readonly slot: number;
  readonly sk: string;
  readonly rev: number;
}

export async function readSlots(ledger: Ledger, name: string, slots: number): Promise<LeaseSlot[]> {
  return Promise.all(Array.from({ length: slots }, (_, slot) => readSlot(ledger, slotKey(name, slots, slot), slot)));
}

export async function readSlot(ledger: Ledger, sk: string, slot: number): Promise<LeaseSlot> {
  const item = await ledger.get(LEASE_PK, sk);
  if (item === undefined) return { slot, sk, rev: 0, holder: null, token: "", until: 0, fence: 0 };
  return { ...LeaseRecord.parse(item.data), slot, sk, rev: item.rev };
}

/** Writes the slot's next revision. False = somebody else did; an earlier try of ours counts as ours. */
export async function writeSlot(ledger: Ledger, next: LeaseSlot): Promise<boolean> {
  const { sk, rev, slot, holder, token, until, fence } = next;
  const data: LeaseRecord = { holder, token, until, fence };
  try {
    await ledger.write([{ put: { pk: LEASE_PK, sk, data }, if: rev === 0 ? { absent: true } : { rev } }]);
    return true;
  } catch (error) {
    if (!isFailure(error) || error.name !== "Conflict") throw error;
    const found = await readSlot(ledger, sk, slot);
    return found.rev === rev + 1 && found.token === token && found.until === until;
  }
}

const slotKey = (name: string, slots: number, slot: number): string => (slots === 1 ? name : `${name}#${slot}`);
