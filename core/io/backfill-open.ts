import type { ItemKey } from "../model/items/item-key.ts";
import type { ItemState } from "../model/items/item-state.ts";
import type { BackfillHome } from "./backfill-home.ts";
import { askId, needBackfill, openPk, OpenPartition, settlePartition, type PartitionEnd } from "./backfill-records.ts";
import { cancelRun } from "./cancel-run.ts";
import { endOrphan } from "./orphans.ts";
import { everyItem } from "./every-item.ts";

const runOf = (state: ItemState | undefined, ask: string) => state?.runs.find((run) => run.ask?.id === ask);

/** It waits for its turn, or its run is not known to have ended. */
export const isOpen = (state: ItemState | undefined, ask: string): boolean =>
  state?.asks.some(({ id }) => id === ask) === true || runOf(state, ask) !== undefined;

/** Takes back what has not started. `true` = there will be no run for the ask, or none any more. */
export async function withdrawPartition(home: BackfillHome, key: ItemKey, ask: string, now: number): Promise<boolean> {
  const { items, rules } = home;
  await items.apply(key, { type: "withdrawn", id: ask }, { now, ...rules });
  const run = runOf(await items.read(key), ask);
  if (run === undefined) return true;
  // A person wants it now, whatever becomes of the backfill.
  if (run.wish !== undefined) return false;
  return (await cancelRun(home, key, run.name, { cause: `${ask} was cancelled.`, now, stop: false })) === "withdrawn";
}

/**
 * Looks at every partition whose run is not known to have ended: tells ends that no event has told, and takes back what
 * a cancelled backfill still has waiting. At most a window of them.
 */
export async function lookAfterOpen(home: BackfillHome, id: string, now: number): Promise<void> {
  const { ledger, items } = home;
  const { asset, state: wanted } = (await needBackfill(ledger, id)).backfill;
  for await (const { sk: partition, data } of everyItem(ledger, openPk(id))) {
    const key = { asset, partition };
    const ask = askId(id, partition);
    await endOrphan(home, key, now);
    const before = await items.read(key);
    if (!isOpen(before, ask))
      await settlePartition(ledger, id, partition, endOf(before, ask, OpenPartition.parse(data), now));
    else if (wanted === "cancelled" && (await withdrawPartition(home, key, ask, now))) {
      await settlePartition(ledger, id, partition, { outcome: "cancelled", at: now });
    }
  }
}

/** Told by the item's latest result, which is of this run or of a later one. */
function endOf(
  state: ItemState | undefined,
  ask: string,
  { askedAt }: { readonly askedAt: number },
  now: number,
): PartitionEnd {
  const last = state?.served.includes(ask) === true ? state.last : null;
  if (last === null || last.at < askedAt) return { outcome: "cancelled", at: now };
  const { status: outcome, at, run, class: failureClass, code, message } = last;
  return {
    outcome,
    at,
    ...(run === null ? {} : { run }),
    ...(failureClass === undefined ? {} : { class: failureClass }),
    ...(code === undefined ? {} : { code }),
    ...(message === undefined ? {} : { message }),
  };
}
