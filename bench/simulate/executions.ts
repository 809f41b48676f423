import type { RunRequest } from "../../core/model/items/run-request.ts";
import type { Item, World } from "./world.ts";

/** Of a run: five steps with what a machine puts around them. */
const TRANSITIONS = 8;
const MEAN_MS = 120_000;
const SHORTEST_MS = 5_000;
const SLOWER = 15;
/** A worker that is silent for so long has its task failed. */
const HEARTBEAT_MS = 60_000;

/** StartExecution: the same name again is no second run. */
export function startExecution(world: World, item: Item, request: RunRequest): void {
  const { clock, random, verdict } = world;
  if (item.started >= request.number) return;
  const lane = world.lane(request.lane);
  lane.running += 1;
  const all = [...world.lanes.values()].reduce((sum, { running }) => sum + running, 0);
  verdict.started(item, request, {
    ...{ running: lane.running, slots: lane.limits.slots },
    ...{ all, cap: world.capLimit },
  });
  item.started = request.number;
  item.running = { number: request.number, since: clock.now };
  world.runs += 1;
  world.starts.take(1, clock.now);
  world.transitions.take(TRANSITIONS, clock.now);
  const isSlow = item.asset.slowUntil > clock.now;
  const failure = item.poisoned ? "Malformed" : failureOf(world, isSlow);
  const usual = SHORTEST_MS - Math.log(1 - random.next()) * MEAN_MS * (isSlow ? SLOWER : 1);
  const ms = failure === "Crashed" ? Math.min(usual, SHORTEST_MS) + HEARTBEAT_MS : usual;
  clock.after(Math.round(ms), () => endExecution(world, item, request, failure));
}

/** Null = it succeeds. */
function failureOf({ random, faults }: World, isSlow: boolean): string | null {
  if (isSlow && random.next() < 0.2) return "Throttled";
  const drawn = random.next();
  if (drawn >= faults.failure) return null;
  const kind = drawn / faults.failure;
  if (kind < 0.5) return "Crashed";
  if (kind < 0.8) return "Transient";
  if (kind < 0.9) return "TypeError";
  if (kind < 0.95) return "Throttled";
  if (kind < 0.999) return "cancelled";
  return "Misconfigured";
}

function endExecution(world: World, item: Item, request: RunRequest, how: string | null): void {
  const { clock, verdict } = world;
  const failure = how === "Crashed" ? "Transient" : how;
  item.running = undefined;
  world.lane(request.lane).running -= 1;
  verdict.ended(item, request, failure);
  const end = { at: clock.now, failure };
  if (world.requests.has(request.name)) world.ends.set(request.name, end);
  world.onEnd(item, request, end);
}
