import { expired, extend } from "../model/lanes/grant.ts";
import type { Slot } from "../model/lanes/lane-state.ts";
import { DELAYED, QueueEntry } from "../model/lanes/queue-entry.ts";
import { freeSlot, settleAndFree, startGranted, type Dispatched, type LaneHome } from "./lane-dispatch.ts";
import { joining, readRequest } from "./lane-requests.ts";
import { changeLane, isStale, readLane } from "./lane-store.ts";
import type { Ledger, LedgerItem } from "./ports.ts";

/**
 * Asks after every slot of the lane whose lease is over: what runs is extended, what has ended is settled and freed, and
 * what was granted by a dispatcher that died before it started it is started.
 */
export async function renewLeases(home: LaneHome, lane: string, now: number, outcome: Dispatched): Promise<void> {
  const { state } = await readLane(home.ledger, lane);
  const held = new Set<string>();
  for (const slot of expired(state, now)) {
    try {
      if (await isHeld(home, lane, slot, outcome)) held.add(slot.name);
    } catch (error) {
      outcome.failed.push({ name: slot.name, error });
    }
  }
  if (held.size === 0) return;
  await changeLane(home.ledger, lane, (current) => ({
    lane: extend(current, held, now + home.leaseMs),
    result: undefined,
  }));
}

async function isHeld(home: LaneHome, lane: string, { name, domain }: Slot, outcome: Dispatched): Promise<boolean> {
  const found = await home.executions.describe({ domain, name });
  const kept = await readRequest(home.ledger, name);
  const toContinue =
    found !== undefined && found.status !== "RUNNING" && (kept?.request.redrive ?? 0) > (found.redrives ?? 0);
  if (found === undefined || toContinue) {
    const started = await startGranted(home, lane, name);
    outcome[started].push(name);
    return started === "started";
  }
  if (found.status === "RUNNING") {
    if (kept?.withdrawn !== undefined) await home.executions.stop({ domain, name, ...kept.withdrawn });
    return true;
  }
  if (kept === undefined) await freeSlot(home, lane, name);
  else await settleAndFree(home, kept.request, found);
  return false;
}

/** Two writes each. */
const JOINING_AT_ONCE = 40;

/** Lets delayed requests whose time has come join their queues; gives the lanes that they join. */
export async function joinQueues(ledger: Ledger, now: number): Promise<ReadonlySet<string>> {
  const lanes = new Set<string>();
  for (let after: string | undefined; ;) {
    const page = await ledger.query(DELAYED, { limit: JOINING_AT_ONCE, ...(after === undefined ? {} : { after }) });
    const due = page.items.map(delayed).filter(({ entry }) => entry.since <= now);
    await join(ledger, due);
    for (const { entry } of due) lanes.add(entry.lane);
    after = page.next;
    if (after === undefined || due.length < page.items.length) return lanes;
  }
}

/** When the next delayed request comes due. */
export async function nextDelayed(ledger: Ledger): Promise<number | undefined> {
  const { items } = await ledger.query(DELAYED, { limit: 1 });
  return items.map(delayed)[0]?.entry.since;
}

const delayed = ({ data, rev }: LedgerItem) => ({ entry: QueueEntry.parse(data), rev });

async function join(ledger: Ledger, due: readonly ReturnType<typeof delayed>[]): Promise<void> {
  try {
    await ledger.write(due.flatMap(({ entry, rev }) => joining(entry, rev)));
  } catch (error) {
    if (!isStale(error)) throw error;
    // Another dispatcher, or somebody who withdrew one, was faster with one of them: that one is no longer ours.
    for (const one of due.length > 1 ? due : []) await join(ledger, [one]);
  }
}
