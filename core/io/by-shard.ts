import { atOnce } from "./at-once.ts";
import { shardOf } from "./item-records.ts";

const PARALLEL = 8;

/**
 * Works on items of one asset, shards side by side and the items of one shard one after the other: these share its
 * counts, so side by side they would only wait for each other.
 */
export async function byShard<T extends { readonly partition: string }>(
  rows: readonly T[],
  work: (row: T) => Promise<void>,
): Promise<void> {
  const shards = Map.groupBy(rows, ({ partition }) => shardOf(partition));
  await atOnce(shards.values(), PARALLEL, async (mine) => {
    for (const row of mine) await work(row);
  });
}
