import { capRoom, counted, expired, extend, fairest, free, freeSlots, grant } from "../../core/model/lanes/grant.ts";
import type { CapState, LaneState, Slot } from "../../core/model/lanes/lane-state.ts";
import { DELAYED, queuePartition, type QueueEntry } from "../../core/model/lanes/queue-entry.ts";
import { Contended, type Process } from "./clock.ts";
import { startExecution } from "./executions.ts";
import type { Lane, World } from "./world.ts";

/** As core/io/lanes.ts and core/io/lane-store.ts. */
export const LEASE_MS = 5 * 60_000;
const GRACE_MS = 60_000;
const BATCH = 25;
const ATTEMPTS = 40;
const LONGEST_PAUSE_MS = 200;
/** Of a lane's item beside its slots, and of one slot beside its name. */
const LANE_BYTES = 200;
const SLOT_BYTES = 95;

interface Change<T> {
  readonly lane?: LaneState;
  readonly short?: boolean;
  readonly leaving?: readonly QueueEntry[];
  readonly forget?: string;
  readonly result: T;
}

/** As `changeLane`: decides on what is there and writes it on condition that nobody was faster. */
function* changeLane<T>(world: World, lane: Lane, decide: (lane: LaneState, cap: CapState) => Change<T>): Process<T> {
  const { units, random } = world;
  const { id } = lane.limits;
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    units.read();
    units.read(bytesOf(lane.state));
    const { rev, state } = lane;
    const { cap, capRev } = world;
    const change = decide(state, cap);
    const { lane: next = state, short = cap.short.includes(id), leaving = [], forget, result } = change;
    const held = next === state ? (cap.running[id] ?? 0) : next.running.length;
    const nextCap = counted(cap, id, held, short);
    if (next === state && nextCap === cap) return result;
    yield 4 + random.next() * 20;
    const isStale = (next !== state && lane.rev !== rev) || (nextCap !== cap && world.capRev !== capRev);
    if (isStale) {
      world.conflicts += 1;
      yield random.next() * Math.min(LONGEST_PAUSE_MS, 2 ** attempt);
      continue;
    }
    const { now } = world.clock;
    if (next !== state) {
      lane.state = next;
      lane.rev += 1;
      units.write("lane/<lane>", `lane/${id}`, bytesOf(next), now);
    }
    if (nextCap !== cap) {
      world.cap = nextCap;
      world.capRev += 1;
      units.write("lane/*", "lane/*", 400, now);
    }
    for (const entry of leaving) {
      lane.queue.remove(entry);
      units.write("queue#<lane>", queuePartition(id), 450, now);
      world.waits.granted(entry, now);
    }
    if (forget !== undefined && world.requests.delete(forget)) {
      units.write("run-request", "run-request", 900, now);
      world.ends.delete(forget);
    }
    return result;
  }
  world.contended += 1;
  throw new Contended();
}

const bytesOf = ({ running }: LaneState): number =>
  LANE_BYTES + running.length * (SLOT_BYTES + (running[0]?.name.length ?? 0));

interface Granted {
  readonly granted: readonly Slot[];
  readonly short: boolean;
  readonly freed: boolean;
  readonly others: boolean;
}

/** As `grantSome`. */
function* grantSome(world: World, lane: Lane, most: number, now: number, ended?: string): Process<Granted> {
  const { limits, queue } = lane;
  return yield* changeLane<Granted>(world, lane, (before, cap) => {
    const state = ended === undefined ? before : free(before, ended);
    const freed = state !== before;
    const others = cap.short.some((id) => id !== limits.id);
    const forget = ended !== undefined && freed ? { forget: ended } : {};
    const open = freeSlots(state, limits);
    if (open === 0) {
      return { lane: state, short: false, ...forget, result: { granted: [], short: false, freed, others } };
    }
    const room = capRoom(cap, world.capLimit) + before.running.length - state.running.length;
    const count = freed && others ? 0 : Math.min(open, most, room);
    world.units.read();
    const waiting = queue.next(state.turns, count + 1);
    const leaving = waiting.slice(0, count);
    const short = waiting.length > count && open > count;
    const next = leaving.length === 0 ? state : grant(state, leaving, { now, until: now + GRACE_MS });
    return {
      ...{ lane: next, short, leaving, ...forget },
      result: { granted: next.running.slice(state.running.length), short, freed, others },
    };
  });
}

/** As `dispatchLanes`. */
export function* dispatch(world: World, ids: readonly string[], now: number): Process {
  const done = new Set<string>();
  const lanes = [...world.lanes.values()].map(({ limits }) => limits);
  for (;;) {
    const { cap } = world;
    const room = capRoom(cap, world.capLimit);
    const wanted = new Set(room > 0 ? [...ids, ...cap.short] : ids.filter((id) => !cap.short.includes(id)));
    const candidates = lanes.filter(({ id }) => wanted.has(id) && !done.has(id));
    const lane = fairest(candidates, cap, lanes);
    if (lane === undefined) return;
    const most = Math.max(1, Math.floor(room / candidates.length));
    const { granted, short } = yield* grantSome(world, world.lane(lane.id), Math.min(BATCH, most), now);
    startAll(world, granted);
    if (granted.length > 0 && short) continue;
    done.add(lane.id);
    if (candidates.length === 1 && cap.short.length === 0) return;
  }
}

/** As `Lanes.ended`. */
export function* ended(world: World, name: string, now: number): Process {
  const kept = world.requests.get(name);
  if (kept === undefined) return yield* dispatch(world, [...world.lanes.keys()], now);
  const lane = world.lane(kept.request.lane);
  const { granted, short, freed, others } = yield* grantSome(world, lane, BATCH, now, name);
  startAll(world, granted);
  if (freed && !short && !others) return;
  yield* dispatch(world, [lane.limits.id], now);
}

/** Side by side, as one coordinator does; the death of each is its own. */
function startAll(world: World, slots: readonly Slot[]): void {
  for (const { name } of slots) world.clock.live(startGranted(world, name), world.dies);
}

function* startGranted(world: World, name: string): Process {
  world.units.read();
  yield 20 + world.random.next() * 60;
  const kept = world.requests.get(name);
  if (kept !== undefined) startExecution(world, kept.item, kept.request);
}

function* freeSlot(world: World, lane: Lane, name: string): Process {
  yield* changeLane(world, lane, (state) => {
    const next = free(state, name);
    return next === state ? { result: undefined } : { lane: next, forget: name, result: undefined };
  });
}

/** As `renewLeases`: asks after every slot whose lease is over. */
export function* renewLeases(
  world: World,
  lane: Lane,
  now: number,
  settle: (name: string) => Process<unknown>,
): Process {
  const held = new Set<string>();
  for (const { name } of expired(lane.state, now)) {
    yield 10 + world.random.next() * 30;
    world.describes.take(1, world.clock.now);
    const kept = world.requests.get(name);
    if (kept === undefined) {
      yield* freeSlot(world, lane, name);
      continue;
    }
    const { item, request } = kept;
    if (item.started < request.number) {
      yield* startGranted(world, name);
      held.add(name);
    } else if (item.running?.number === request.number) held.add(name);
    else {
      yield* settle(name);
      yield* freeSlot(world, lane, name);
    }
  }
  if (held.size === 0) return;
  yield* changeLane(world, lane, (state) => ({ lane: extend(state, held, now + LEASE_MS), result: undefined }));
}

/** As `joinQueues`. */
export function* joinQueues(world: World, now: number): Process<ReadonlySet<string>> {
  const lanes = new Set<string>();
  const due = [...world.delayed].filter(({ since }) => since <= now).toSorted((a, b) => a.since - b.since);
  for (const entry of due) {
    yield 2;
    if (!world.delayed.delete(entry)) continue;
    world.lane(entry.lane).queue.add(entry);
    world.units.write("delayed", DELAYED, 450, world.clock.now);
    world.units.write("queue#<lane>", queuePartition(entry.lane), 450, world.clock.now);
    lanes.add(entry.lane);
  }
  return lanes;
}

/** As `Lanes.close` and `Lanes.open`. */
export function* setClosed(world: World, id: string, since: number | null, now: number): Process {
  const closed = since === null ? null : { class: "Misconfigured", reason: "a secret is missing", since };
  yield* changeLane(world, world.lane(id), (lane) =>
    closed === null && lane.closed === null
      ? { result: undefined }
      : { lane: { ...lane, closed }, short: false, result: undefined },
  );
  if (closed === null) yield* dispatch(world, [id], now);
}
