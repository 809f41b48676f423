import * as z from "zod";
import { Backfill, BackfillOutcome, settledBy } from "../model/backfills/backfill.ts";
import { Failure } from "../model/failures.ts";
import { Instant } from "../model/items/item-state.ts";
import type { Ledger, LedgerItem, LedgerWrite } from "./ports.ts";
import { retryConflict } from "./retry-conflict.ts";
import { everyItem } from "./every-item.ts";

const BACKFILLS = "backfill";
export const outcomesPk = (id: string): string => `${BACKFILLS}#${id}`;
/** Partitions whose runs are asked for and have not ended: at most a window of them. */
export const openPk = (id: string): string => `${BACKFILLS}-open#${id}`;

/** Of the wish that a backfill has for a partition: asking again under it makes no second run. */
export const askId = (id: string, partition: string): string => `${id}/${partition}`;

/** What is kept of a backfill vanishes by itself; what it made stays. */
const KEEP_SECONDS = 400 * 86_400;
const expiryOf = (at: number): number => Math.floor(at / 1_000) + KEEP_SECONDS;

/** The end of one partition in one backfill. */
export const PartitionEnd = z.object({
  outcome: BackfillOutcome,
  at: Instant,
  run: z.string().optional(),
  /** Of a failure or a skip: why. */
  class: z.string().optional(),
  code: z.string().optional(),
  message: z.string().optional(),
});
export type PartitionEnd = z.infer<typeof PartitionEnd>;

export const OpenPartition = z.object({ askedAt: Instant });

export interface FoundBackfill {
  readonly backfill: Backfill;
  readonly rev: number;
}

const found = ({ data, rev }: LedgerItem): FoundBackfill => ({ backfill: Backfill.parse(data), rev });

export async function findBackfill(ledger: Ledger, id: string): Promise<FoundBackfill | undefined> {
  const item = await ledger.get(BACKFILLS, id);
  return item === undefined ? undefined : found(item);
}

/** Throws Rejected `backfill_unknown`. */
export async function needBackfill(ledger: Ledger, id: string): Promise<FoundBackfill> {
  const known = await findBackfill(ledger, id);
  if (known !== undefined) return known;
  throw new Failure("Rejected", `There is no backfill "${id.slice(0, 80)}".`, {
    code: "backfill_unknown",
    what: "look up a backfill",
    hint: "`npx millrace backfill list` lists them.",
  });
}

export async function allBackfills(ledger: Ledger): Promise<Backfill[]> {
  const all: Backfill[] = [];
  for await (const item of everyItem(ledger, BACKFILLS)) all.push(found(item).backfill);
  return all;
}

/** `rev` 0 = there is none yet. */
export const backfillWrite = (backfill: Backfill, rev: number): LedgerWrite => ({
  put: { pk: BACKFILLS, sk: backfill.id, data: backfill, expiresAt: expiryOf(backfill.createdAt) },
  if: rev === 0 ? { absent: true } : { rev },
});

export const endWrite = (id: string, partition: string, end: PartitionEnd): LedgerWrite => ({
  put: { pk: outcomesPk(id), sk: partition, data: end, expiresAt: expiryOf(end.at) },
  if: { absent: true },
});

export const openWrite = (id: string, partition: string, askedAt: number): LedgerWrite => ({
  put: { pk: openPk(id), sk: partition, data: { askedAt }, expiresAt: expiryOf(askedAt) },
  if: { any: true },
});

/** Changes the record alone. Throws Rejected `backfill_unknown`. */
export const changeBackfill = (ledger: Ledger, id: string, change: (backfill: Backfill) => Backfill) =>
  retryConflict(async () => {
    const { backfill, rev } = await needBackfill(ledger, id);
    const next = change(backfill);
    if (next !== backfill) await ledger.write([backfillWrite(next, rev)]);
    return next;
  });

/** Tells the end of a partition, once: with its count, all or nothing. A second end changes nothing. */
export const settlePartition = (ledger: Ledger, id: string, partition: string, end: PartitionEnd): Promise<void> =>
  retryConflict(async () => {
    const known = await findBackfill(ledger, id);
    if (known === undefined || (await ledger.get(outcomesPk(id), partition)) !== undefined) return;
    await ledger.write([
      backfillWrite(settledBy(known.backfill, [end.outcome], end.at), known.rev),
      endWrite(id, partition, end),
      { delete: { pk: openPk(id), sk: partition }, if: { any: true } },
    ]);
  });
