import { createHash } from "node:crypto";
import * as z from "zod";
import type { ItemKey } from "../model/items/item-key.ts";
import { ItemState } from "../model/items/item-state.ts";
import { statusEntry, statusOf, type ItemStatus, type StatusEntry } from "../model/items/status.ts";
import type { Ledger, LedgerItem, LedgerWrite } from "./ports.ts";
import { ifUnchanged } from "./ledger-conditions.ts";

/** An item as it lies in the ledger; `rev` is the condition of its next write. */
export interface FoundItem {
  readonly state: ItemState;
  readonly rev: number;
}

/** How many items of an asset have each status, in one shard. */
const Counts = z.record(z.string(), z.number().int());
export type Counts = z.infer<typeof Counts>;

export const SHARDS: readonly string[] = Array.from("0123456789abcdef");

/** An asset's items lie in 16 partitions of the ledger, so that a burst of one asset meets no partition's limit. */
export const shardOf = (partition: string): string => createHash("sha256").update(partition).digest("hex").charAt(0);

export const itemsPk = (asset: string, shard: string): string => `item#${asset}#${shard}`;
export const statusPk = (asset: string, status: ItemStatus, shard: string): string =>
  `item-status#${asset}#${status}#${shard}`;
export const countsPk = (asset: string): string => `item-counts#${asset}`;

/** People and sweeps page by these; what is well, or retired, is found among the items themselves. */
export const isIndexed = (status: ItemStatus): boolean => status !== "materialised" && status !== "retired";

export async function findItem(ledger: Ledger, { asset, partition }: ItemKey): Promise<FoundItem | undefined> {
  const item = await ledger.get(itemsPk(asset, shardOf(partition)), partition);
  return item === undefined ? undefined : foundItem(item);
}

export const foundItem = ({ data, rev }: LedgerItem): FoundItem => ({ state: ItemState.parse(data), rev });

/** The writes that take an item from what was found to `next`, with its count and its place in the index. */
export async function writesOf(
  ledger: Ledger,
  { asset, partition }: ItemKey,
  found: FoundItem | undefined,
  next: ItemState,
): Promise<LedgerWrite[]> {
  const shard = shardOf(partition);
  const before = found === undefined ? undefined : statusOf(found.state);
  const after = statusOf(next);
  const put = { pk: itemsPk(asset, shard), sk: partition, data: next };
  const writes: LedgerWrite[] = [{ put, if: ifUnchanged(found) }];
  if (before !== undefined && before !== after && isIndexed(before)) {
    writes.push({ delete: { pk: statusPk(asset, before, shard), sk: partition }, if: { any: true } });
  }
  const entry = statusEntry(next);
  const isListed = found !== undefined && JSON.stringify(statusEntry(found.state)) === JSON.stringify(entry);
  if (isIndexed(after) && !isListed) writes.push(indexWrite(asset, shard, partition, entry));
  if (before !== after) {
    const deltas = { [after]: 1, ...(before === undefined ? {} : { [before]: -1 }) };
    writes.push(await countWrite(ledger, asset, shard, deltas));
  }
  return writes;
}

/** Unconditional: whoever writes it writes the item in the same transaction, under the item's condition. */
export const indexWrite = (asset: string, shard: string, partition: string, data: StatusEntry): LedgerWrite => ({
  put: { pk: statusPk(asset, data.status, shard), sk: partition, data },
  if: { any: true },
});

/** The shard's counts with the changes added, on condition that nobody else has changed them meanwhile. */
export async function countWrite(ledger: Ledger, asset: string, shard: string, deltas: Counts): Promise<LedgerWrite> {
  const found = await ledger.get(countsPk(asset), shard);
  const data: Counts = found === undefined ? {} : Counts.parse(found.data);
  for (const [status, delta] of Object.entries(deltas)) data[status] = (data[status] ?? 0) + delta;
  return {
    put: { pk: countsPk(asset), sk: shard, data },
    if: ifUnchanged(found),
  };
}

/** One query of at most 16 small items, whatever the number of partitions. */
export async function readCounts(ledger: Ledger, asset: string): Promise<Counts> {
  const { items } = await ledger.query(countsPk(asset));
  const total: Counts = {};
  for (const { data } of items) {
    for (const [status, count] of Object.entries(Counts.parse(data))) total[status] = (total[status] ?? 0) + count;
  }
  return total;
}
