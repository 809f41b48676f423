import { randomUUID } from "node:crypto";
import { KeyIndex } from "../model/items/key-index.ts";
import { guardRemoval, partitionChange } from "../model/items/partition-set.ts";
import { DYNAMIC, keyProblem, type Partitioning } from "../model/partitioning.ts";
import { byShard } from "./by-shard.ts";
import { everyPage } from "./every-item.ts";
import type { Items } from "./items.ts";
import type { ItemRow } from "./items-page.ts";
import { confirmedRemovals, forgetConfirmation } from "./partition-confirmation.ts";
import type { Ledger } from "./ports.ts";

export interface AuthorityRead {
  readonly asset: string;
  readonly partitioning?: Partitioning;
  /**
   * All keys there are upstream, as texts, in any order, page by page. It ends when all were read, and throws when they
   * could not be: then what was new is added, and nothing is removed.
   */
  readonly pages: AsyncIterable<readonly string[]>;
  /** Epoch milliseconds. */
  readonly now: number;
}

export interface PartitionReport {
  /** Keys that were read, without those that were skipped. */
  readonly listed: number;
  readonly added: number;
  /** Retired before, and there again, with their history. */
  readonly returned: number;
  readonly retired: number;
  /** Gone, but with work in flight: the next read finds them again. */
  readonly deferred: number;
  /** Upstream ids that are no keys of the asset: counted, not failed. */
  readonly skipped: { readonly count: number; readonly sample: readonly { key: string; problem: string }[] };
}

/** New keys are in memory so many at a time. */
const ADDED_AT_ONCE = 10_000;
const SAMPLE = 20;

/**
 * Makes an asset's partitions those that its authority lists: adds, returns and retires; requests no run. An empty read
 * removes nothing. Whoever is stopped half-way reads again: what is left to do is computed anew. The known partitions
 * are read once, and once more where something changes; of the keys only digests are in memory. Throws Rejected
 * `partition_guard` before anything is removed when too much is gone and no operator has confirmed it.
 */
export async function followAuthority(
  { ledger, items }: { readonly ledger: Ledger; readonly items: Items },
  { asset, partitioning = DYNAMIC, pages, now }: AuthorityRead,
): Promise<PartitionReport> {
  const known = new KeyIndex(randomUUID());
  for await (const rows of everyPage(items, asset)) for (const row of rows) known.add(row.partition, bitsOf(row));
  const seen = new Uint8Array(known.size);
  const read = await readAuthority(pages, partitioning, {
    known: (key) => {
      const at = known.find(key);
      if (at !== undefined) seen[at] = 1;
      return at !== undefined;
    },
    add: async (keys) => (await items.addAll(asset, keys, now)).added,
  });
  const done = { returned: 0, retired: 0, deferred: 0 };
  // Ids that are no keys were read all the same, but no partition can be told from them: they remove nothing alone.
  if (read.listed === 0) return { ...read, ...done };
  const [changes, { gone, active }] = judge(known, seen);
  guardRemoval(asset, { gone, active }, gone === 0 ? 0 : await confirmedRemovals(ledger, asset, now));
  if (changes === 0) return { ...read, ...done };

  const change = async (row: ItemRow): Promise<void> => {
    const at = known.find(row.partition);
    // Others have added it since: this read says nothing of it.
    const wanted = at === undefined ? undefined : partitionChange(row, seen[at] === 1);
    if (wanted === undefined) return;
    const key = { asset, partition: row.partition };
    if (wanted === "return") {
      if ((await items.apply(key, { type: "returned" }, { now }))?.changed === true) done.returned += 1;
    } else if ((await items.apply(key, { type: "retired" }, { now }))?.status === "retired") done.retired += 1;
    else done.deferred += 1;
  };
  for await (const rows of everyPage(items, asset)) {
    await byShard(rows, change);
  }
  if (gone > 0) await forgetConfirmation(ledger, asset);
  return { ...read, ...done };
}

/** Adds what is not known as it comes, also when the read then fails. */
async function readAuthority(
  pages: AuthorityRead["pages"],
  partitioning: Partitioning,
  found: { readonly known: (key: string) => boolean; readonly add: (keys: string[]) => Promise<number> },
): Promise<Pick<PartitionReport, "listed" | "added" | "skipped">> {
  const sample: { key: string; problem: string }[] = [];
  let [listed, added, count] = [0, 0, 0];
  let fresh: string[] = [];
  const add = async (): Promise<void> => {
    const keys = fresh;
    fresh = [];
    added += await found.add(keys);
  };
  try {
    for await (const keys of pages) {
      for (const key of keys) {
        const problem = keyProblem(partitioning, key);
        if (problem === undefined) {
          listed += 1;
          if (!found.known(key)) fresh.push(key);
        } else if ((count += 1) <= SAMPLE) sample.push({ key: key.slice(0, 100), problem });
      }
      if (fresh.length >= ADDED_AT_ONCE) await add();
    }
  } finally {
    await add();
  }
  return { listed, added, skipped: { count, sample } };
}

/** Whether it returns when it is listed; whether it goes when it is not, now or later. */
const [RETURNS, GOES] = [1, 2];
const bitsOf = (row: ItemRow): number =>
  (partitionChange(row, true) === undefined ? 0 : RETURNS) | (partitionChange(row, false) === undefined ? 0 : GOES);

function judge(known: KeyIndex, seen: Uint8Array): [changes: number, { gone: number; active: number }] {
  let [returned, gone, active] = [0, 0, 0];
  for (const [at, isListed] of seen.entries()) {
    const bits = known.bitsAt(at);
    if (bits & GOES) active += 1;
    if (isListed === 1) returned += bits & RETURNS;
    else if (bits & GOES) gone += 1;
  }
  return [returned + gone, { gone, active }];
}
