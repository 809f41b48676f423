import type { ItemKey } from "../model/items/item-key.ts";
import type { BackfillHome } from "./backfill-home.ts";
import { tellCancelled } from "./cancel-run.ts";
import { everyPage } from "./every-item.ts";
import { readRequest } from "./lane-requests.ts";

/**
 * Ends requests that an item waits for and nobody keeps any more: whoever withdrew one died before it told the item.
 * Everybody else tells the item before they forget the request, so what is read in this order is no run that has just
 * ended. `true` = there was one.
 */
export async function endOrphan(home: BackfillHome, key: ItemKey, now: number): Promise<boolean> {
  const { items, ledger } = home;
  for (const { name, number } of (await items.read(key))?.runs ?? []) {
    if (number === null || (await readRequest(ledger, name)) !== undefined) continue;
    const still = (await items.read(key))?.runs.some((run) => run.name === name) === true;
    if (!still) continue;
    await tellCancelled(home, key, name, now);
    return true;
  }
  return false;
}

/** Looks at all of an asset's items that are in progress; gives how many waited for nobody. */
export async function endOrphans(home: BackfillHome, asset: string, now: number): Promise<number> {
  let ended = 0;
  for await (const rows of everyPage(home.items, asset, { status: "in_progress" })) {
    for (const { partition } of rows) if (await endOrphan(home, { asset, partition }, now)) ended += 1;
  }
  return ended;
}
