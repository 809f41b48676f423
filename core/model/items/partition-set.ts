import { Failure } from "../failures.ts";
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
