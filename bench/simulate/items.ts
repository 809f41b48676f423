import { statusEntry, statusOf } from "../../core/model/items/status.ts";
import { decide, type UpstreamFact } from "../../core/model/items/trigger-rule.ts";
import type { ItemEvent } from "../../core/model/items/item-event.ts";
import type { RunRequest } from "../../core/model/items/run-request.ts";
import type { ItemState } from "../../core/model/items/item-state.ts";
import { countsPk, isIndexed, itemsPk, statusPk } from "../../core/io/item-records.ts";
import { DELAYED, entryOf, queuePartition } from "../../core/model/lanes/queue-entry.ts";
import { Contended, type Process } from "./clock.ts";
import { targetOf, type Item, type World } from "./world.ts";

/** As core/io/coordination.ts: what is missing waits for a person or a backfill. */
export const AUTOMATIC = ["failed-once", "upstream-changed", "code-changed"] as const;
/** As core/io/retry-conflict.ts. */
const ATTEMPTS = 12;
const LAST_PAUSE_MS = 250;

/** What the rule would make of it now. */
export function decisionOn(item: Item, event: ItemEvent, now: number) {
  const { key, asset, above } = item;
  const upstreams: UpstreamFact[] =
    above === undefined
      ? []
      : [
          {
            upstream: above.asset.id,
            busy: above.state.runs.length > 0,
            materialised: above.state.success !== null,
          },
        ];
  return decide(item.state, event, { key, now, target: targetOf(asset), automatic: AUTOMATIC, upstreams });
}

/** Reads, decides and writes on condition, as `Items.apply`; true = a request waits in the lane since. */
export function* applyEvent(world: World, item: Item, event: ItemEvent, now: number): Process<boolean> {
  const { units, random, clock } = world;
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const { rev, state: before } = item;
    units.read();
    const { state, request } = decisionOn(item, event, now);
    if (state === before) return before.runs[0]?.phase === "queued";
    yield 4 + random.next() * 20;
    if (item.rev !== rev) {
      world.conflicts += 1;
      yield random.next() * Math.min(LAST_PAUSE_MS, 4 * 2 ** attempt);
      continue;
    }
    item.state = state;
    item.rev += 1;
    countWrites(world, item, before);
    if (request !== undefined) enqueue(world, item, request, clock.now);
    return state.runs[0]?.phase === "queued";
  }
  world.contended += 1;
  throw new Contended();
}

function enqueue(world: World, item: Item, request: RunRequest, now: number): void {
  const entry = entryOf(request);
  if (world.requests.has(request.name)) throw new Error(`${request.name} is requested twice.`);
  world.requests.set(request.name, { request, item });
  world.units.write("run-request", "run-request", 900, now);
  if (entry.since > entry.requestedAt) {
    world.delayed.add(entry);
    world.units.write("delayed", DELAYED, 450, now);
  } else {
    world.lane(entry.lane).queue.add(entry);
    world.units.write("queue#<lane>", queuePartition(entry.lane), 450, now);
  }
  world.verdict.requested(item, request);
}

/** The same writes as `writesOf` makes of this step. */
function countWrites({ units, clock: { now } }: World, item: Item, found: ItemState) {
  const { asset } = item.key;
  const { shard, state } = item;
  const [before, after] = [statusOf(found), statusOf(state)];
  units.write("item#<asset>#<shard>", itemsPk(asset, shard), units.bytesOf(state), now);
  if (before !== after && isIndexed(before)) {
    units.write("item-status#<asset>#<status>#<shard>", statusPk(asset, before, shard), 250, now);
  }
  const isSame = before === after && JSON.stringify(statusEntry(found)) === JSON.stringify(statusEntry(state));
  if (isIndexed(after) && !isSame) {
    units.write("item-status#<asset>#<status>#<shard>", statusPk(asset, after, shard), 250, now);
  }
  if (before !== after) {
    units.read();
    units.write("item-counts#<asset>", countsPk(asset), 200, now);
  }
}
