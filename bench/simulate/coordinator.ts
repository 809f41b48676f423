import type { ItemEvent, RunOutcome } from "../../core/model/items/item-event.ts";
import type { Process } from "./clock.ts";
import { applyEvent } from "./items.ts";
import { dispatch, ended, joinQueues, renewLeases, setClosed } from "./lanes.ts";
import { deliver, post } from "./post.ts";
import type { End, Item, World } from "./world.ts";

const HOUR_MS = 3_600_000;

/** An event of an item: applied, and what it asked for dispatched. */
export function* follow(world: World, item: Item, event: ItemEvent): Process {
  const now = world.coordinatorNow();
  const queued = yield* applyEvent(world, item, event, now);
  if (queued) yield* dispatch(world, [item.asset.lane], now);
}

/** The upstream as it is now by the clock of whoever observes it; told whenever it arrives. */
export function observeUpstream(world: World, item: Item): () => Process {
  const { asset, truth } = item;
  const at = Math.round(world.clock.now) + asset.skewMs;
  const event: ItemEvent = { type: "observed", upstream: asset.upstream, version: truth, at };
  return () => follow(world, item, event);
}

/** The post brings the ends of executions, and what was made of them, to the coordinators. */
export function connect(world: World): void {
  world.onEnd = (item, { name, versions }, end) => {
    post(world, () => followEnd(world, item, name, end));
    const made = versions[item.asset.upstream];
    if (end.failure !== null || made === undefined) return;
    for (const below of item.below) {
      if (below.truth === made) continue;
      below.truth = made;
      post(world, observeUpstream(world, below));
    }
  };
}

/** As `Coordination.ended`: the item, the slot, the next runs. */
function* followEnd(world: World, item: Item, name: string, end: End): Process {
  const now = world.coordinatorNow();
  const queued = yield* settle(world, item, name, end, now);
  yield* ended(world, name, now);
  if (queued) yield* dispatch(world, [item.asset.lane], now);
}

function* settle(world: World, item: Item, name: string, { at, failure }: End, now: number): Process<boolean> {
  const outcome: RunOutcome =
    failure === null
      ? { status: "succeeded", dataVersion: item.state.runs[0]?.versions[item.asset.upstream] ?? null }
      : failure === "cancelled"
        ? { status: "cancelled" }
        : { status: "failed", class: failure };
  const queued = yield* applyEvent(world, item, { type: "run-ended", run: name, at: Math.round(at), outcome }, now);
  if (failure === "Misconfigured" && world.requests.has(name)) yield* closeLane(world, item.asset.lane, now);
  return queued;
}

/** Until a person has put the secret right. */
function* closeLane(world: World, lane: string, now: number): Process {
  yield* setClosed(world, lane, now, now);
  const open = (): void =>
    world.clock.live(
      setClosed(world, lane, null, world.coordinatorNow()),
      () => false,
      () => open(),
    );
  world.clock.after(HOUR_MS * (1 + 5 * world.random.next()), open);
}

/** As `Lanes.tick`, once a minute. */
export function* tick(world: World): Process {
  const now = world.coordinatorNow();
  // Most minutes of a year: the reads are made, and there is nothing to decide.
  if (isQuiet(world, now)) {
    world.units.read(0, 3 * world.lanes.size + 2);
    return;
  }
  const settleEnd = function* (name: string): Process {
    const [kept, end] = [world.requests.get(name), world.ends.get(name)];
    if (kept !== undefined && end !== undefined) yield* settle(world, kept.item, name, end, now);
  };
  for (const lane of world.lanes.values()) {
    world.units.read();
    yield* renewLeases(world, lane, now, settleEnd);
  }
  yield* joinQueues(world, now);
  yield* dispatch(world, [...world.lanes.keys()], now);
}

const isQuiet = ({ lanes, delayed }: World, now: number): boolean => {
  for (const { queue, state } of lanes.values()) {
    if (queue.size > 0 || state.running.some(({ until }) => until <= now)) return false;
  }
  for (const { since } of delayed) if (since <= now) return false;
  return true;
};

/** The daily look at every upstream: tells what differs from what the item knows, and looks again at what waits. */
export function sweep(world: World): number {
  let changed = 0;
  for (const item of world.items) {
    const { asset, state, truth } = item;
    if (state.success === null && state.last === null && state.requests === 0) continue;
    const isKnown = state.observed[asset.upstream]?.version === truth;
    const isReleased = state.code?.version === asset.codeVersion;
    const isQuiet = state.pending.length === 0 && state.asks.length === 0;
    if (isKnown && isReleased && isQuiet) continue;
    changed += 1;
    const observe = observeUpstream(world, item);
    const at = Math.round(world.clock.now);
    const release: ItemEvent = { type: "code-version", version: asset.codeVersion, at };
    world.clock.after(changed * 10, () => {
      deliver(world, observe);
      if (!isReleased) deliver(world, () => follow(world, item, release));
    });
  }
  return changed;
}
