import type { ItemKey } from "../model/items/item-key.ts";
import { enqueueOf, type BackfillHome } from "./backfill-home.ts";

/** `withdrawn`: it had not started, and never will. `stopping`: it is being ended. `running`: it was left alone. */
export type Cancelled = "withdrawn" | "stopping" | "running";

/**
 * Takes back the run that an item waits for; with `stop`, ends it where it runs already. Repeating it is harmless, and
 * finishes what a caller has left half done.
 */
export async function cancelRun(
  home: BackfillHome,
  key: ItemKey,
  run: string,
  { cause, now, stop }: { readonly cause: string; readonly now: number; readonly stop: boolean },
): Promise<Cancelled> {
  const { lanes } = home;
  if (!stop && (await lanes.slotOf(run)) !== undefined) return "running";
  if ((await lanes.withdraw(run, { error: CANCELLED, cause })) === "stopping") return "stopping";
  // Nobody knows the request: it has ended, and the item has been told first, or whoever withdrew it has died since.
  await tellCancelled(home, key, run, now);
  return "withdrawn";
}

/** The item waits for the run no longer, and asks for what it wants besides. */
export async function tellCancelled(home: BackfillHome, key: ItemKey, run: string, now: number): Promise<void> {
  const target = await home.targetOf(key);
  await home.items.apply(
    key,
    { type: "run-ended", run, at: now, outcome: { status: "cancelled" } },
    { now, ...home.rules, ...(target === undefined ? {} : { enqueue: enqueueOf(home, target) }) },
  );
}

/** Error of an execution that a person has ended. */
export const CANCELLED = "Cancelled";
