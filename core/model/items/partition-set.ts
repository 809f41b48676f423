import { Failure } from "../failures.ts";
import { partitionProblem } from "./partition-key.ts";
import type { ItemStatus } from "./status.ts";

/**
 * What a complete read of the authority changes in a known partition; undefined = nothing. Deferred: it is gone, but has
 * work in flight, so the next read finds it again. What an operator has retired only an operator returns.
 */
export function partitionChange(
  known: { readonly status: ItemStatus; readonly order?: unknown },
  isListed: boolean,
): "return" | "retire" | "defer" | undefined {
  const { status, order } = known;
  if (isListed) return status === "retired" && order === undefined ? "return" : undefined;
  if (status === "retired") return undefined;
  return status === "in_progress" ? "defer" : "retire";
}

/** Both must be passed for the guard to stop a removal. */
const GUARD_SHARE = 0.2;
const GUARD_COUNT = 5;

/**
 * Throws Rejected `partition_guard` when a read lacks more than 20 % (and more than 5) of the active partitions.
 * `confirmed`: the number of removals that an operator has agreed to.
 */
export function guardRemoval(
  asset: string,
  { gone, active }: { readonly gone: number; readonly active: number },
  confirmed = 0,
): void {
  if (gone <= GUARD_COUNT || gone <= active * GUARD_SHARE || gone <= confirmed) return;
  throw new Failure(
    "Rejected",
    `The authority lacks ${gone} of ${active} partitions of ${asset}: nothing is removed.`,
    {
      code: "partition_guard",
      what: `retire partitions of ${asset}`,
      hint: `If they are really gone, \`npx millrace partitions confirm ${asset} --removals ${gone} --reason …\`; the next read then retires them.`,
      details: { gone, active },
    },
  );
}

/** One read of the authority: what partitions there are upstream. */
export interface AuthorityRead {
  readonly keys: Iterable<string>;
  /** It was read to its end without a failure. */
  readonly complete: boolean;
}

export interface PartitionPlan {
  readonly add: readonly string[];
  /** Retired ones that are there again. */
  readonly restore: readonly string[];
  readonly retire: readonly string[];
  /** Gone upstream, but with work in flight: the next sweep finds them again. */
  readonly deferred: readonly string[];
  /** Upstream ids that cannot be keys: counted, not failed. */
  readonly skipped: { readonly count: number; readonly sample: readonly { key: string; problem: string }[] };
}

const SAMPLE = 20;

/**
 * What an authority's read changes in an asset's partitions. Only a complete read that is not empty removes. `confirmed`
 * is the number of removals that an operator has agreed to. Throws Rejected `partition_guard` for more than 20 % (and
 * more than 5) of them. Linear in the number of keys.
 */
export function planPartitions(
  read: AuthorityRead,
  known: Iterable<{ readonly partition: string; readonly status: ItemStatus }>,
  confirmed = 0,
): PartitionPlan {
  const upstream = new Set<string>();
  const skipped: { key: string; problem: string }[] = [];
  let skippedCount = 0;
  for (const key of read.keys) {
    const problem = partitionProblem(key);
    if (problem === undefined) upstream.add(key);
    else if ((skippedCount += 1) <= SAMPLE) skipped.push({ key: key.slice(0, 100), problem });
  }
  // Ids that are no keys were read all the same, but no partition can be told from them: they remove nothing alone.
  const removes = read.complete && upstream.size > 0;
  const add = new Set(upstream);
  const [restore, retire, deferred]: [string[], string[], string[]] = [[], [], []];
  let active = 0;
  for (const { partition, status } of known) {
    add.delete(partition);
    if (status !== "retired") active += 1;
    if (upstream.has(partition)) {
      if (status === "retired") restore.push(partition);
    } else if (removes && status !== "retired") {
      (status === "in_progress" ? deferred : retire).push(partition);
    }
  }
  const gone = retire.length + deferred.length;
  guardRemoval("the asset", { gone, active }, confirmed);
  return { add: [...add], restore, retire, deferred, skipped: { count: skippedCount, sample: skipped } };
}
