import { compareByteOrder } from "../model/content-digest.ts";
import { newItem, type ItemState, type Order } from "../model/items/item-state.ts";
import { partitionProblem } from "../model/items/partition-key.ts";
import { statusEntry } from "../model/items/status.ts";
import { countWrite, indexWrite, itemsPk, SHARDS, shardOf } from "./item-records.ts";
import type { Ledger, LedgerWrite } from "./ports.ts";
import { retryConflict } from "./retry-conflict.ts";

export interface Added {
  readonly added: number;
  /** They were there, perhaps retired, and are left alone. */
  readonly existing: number;
  /** No keys: counted, not failed. */
  readonly skipped: { readonly count: number; readonly sample: readonly { key: string; problem: string }[] };
}

/** Two writes each and one for the counts: 99 of the 100 that a transaction takes. */
const BATCH = 49;
/** Shards at work at a time: they share nothing but the table. */
const PARALLEL = 4;
/** So few are looked for one by one; the more lie close together in their shard. */
const SCATTERED = 8;
const SAMPLE = 20;

/**
 * Adds partitions, in whatever order and however often; asks for no run. What is written stays when it stops half-way:
 * the next call goes on there. Each transaction holds items, their index and their counts.
 */
export async function addItems(
  ledger: Ledger,
  asset: string,
  partitions: Iterable<string>,
  now: number,
  order?: Order,
): Promise<Added> {
  const fresh: ItemState = { ...newItem(now), ...(order === undefined ? {} : { order }) };
  const shards = new Map<string, Set<string>>();
  const sample: { key: string; problem: string }[] = [];
  let count = 0;
  for (const key of partitions) {
    const problem = partitionProblem(key);
    if (problem !== undefined) {
      count += 1;
      if (sample.length < SAMPLE) sample.push({ key: key.slice(0, 100), problem });
      continue;
    }
    const shard = shardOf(key);
    const keys = shards.get(shard) ?? new Set();
    shards.set(shard, keys.add(key));
  }
  const waiting = SHARDS.filter((shard) => shards.has(shard));
  let [added, existing] = [0, 0];
  const worker = async (): Promise<void> => {
    for (let shard = waiting.shift(); shard !== undefined; shard = waiting.shift()) {
      const keys = [...(shards.get(shard) ?? [])].toSorted(compareByteOrder);
      for (let from = 0; from < keys.length; from += BATCH) {
        const batch = keys.slice(from, from + BATCH);
        const written = await addBatch(ledger, asset, shard, batch, fresh);
        added += written;
        existing += batch.length - written;
      }
    }
  };
  // Nothing is at work any more when this throws: whoever calls again meets no writer of the first call.
  const ends = await Promise.allSettled(
    Array.from({ length: PARALLEL }, () =>
      worker().catch((error: unknown) => {
        waiting.length = 0;
        throw error;
      }),
    ),
  );
  for (const end of ends) if (end.status === "rejected") throw end.reason;
  return { added, existing, skipped: { count, sample } };
}

const addBatch = (ledger: Ledger, asset: string, shard: string, keys: readonly string[], state: ItemState) =>
  retryConflict(async () => {
    const known = await existingOf(ledger, itemsPk(asset, shard), keys);
    const fresh = keys.filter((key) => !known.has(key));
    if (fresh.length === 0) return 0;
    const entry = statusEntry(state);
    const writes = fresh.flatMap((key): LedgerWrite[] => [
      { put: { pk: itemsPk(asset, shard), sk: key, data: state }, if: { absent: true } },
      indexWrite(asset, shard, key, entry),
    ]);
    await ledger.write([...writes, await countWrite(ledger, asset, shard, { [entry.status]: fresh.length })]);
    return fresh.length;
  });

/**
 * Which of the sorted keys there are already. Pages where they lie close together; the rest one by one, so that a
 * few keys among very many cost no more than themselves.
 */
async function existingOf(ledger: Ledger, pk: string, keys: readonly string[]): Promise<Set<string>> {
  const wanted = new Set(keys);
  const known = new Set<string>();
  const [first = "", ...others] = keys;
  let rest = others;
  for (let after: string | undefined = first; after !== undefined && rest.length > SCATTERED;) {
    const page: Awaited<ReturnType<Ledger["query"]>> = await ledger.query(pk, { after, limit: BATCH * 2 });
    for (const { sk } of page.items) if (wanted.has(sk)) known.add(sk);
    const { next } = page;
    const left = next === undefined ? [] : rest.filter((key) => compareByteOrder(key, next) > 0);
    after = rest.length - left.length < SCATTERED ? undefined : next;
    rest = left;
  }
  for (const item of await Promise.all([first, ...rest].map((key) => ledger.get(pk, key)))) {
    if (item !== undefined) known.add(item.sk);
  }
  return known;
}
