import type { QueueEntry } from "./queue-entry.ts";
import type { CapState, LaneLimits, LaneState, Slot } from "./lane-state.ts";
import { turnsAfter } from "./turns.ts";

/** Slots that may be given now; 0 while the lane is closed. */
export const freeSlots = (lane: LaneState, { slots }: Pick<LaneLimits, "slots">): number =>
  lane.closed === null ? Math.max(0, slots - lane.running.length) : 0;

export const capRoom = (cap: CapState, limit: number): number =>
  Math.max(0, limit - Object.values(cap.running).reduce((sum, held) => sum + held, 0));

/** Gives each entry a slot until `until`; the caller has made sure that there are as many. */
export const grant = (
  lane: LaneState,
  entries: readonly QueueEntry[],
  { now, until }: { readonly now: number; readonly until: number },
): LaneState => ({
  ...lane,
  running: [
    ...lane.running,
    ...entries.map(({ name, domain }, index): Slot => ({
      name,
      domain,
      fence: lane.fence + 1 + index,
      grantedAt: now,
      until,
    })),
  ],
  turns: turnsAfter(lane.turns, entries),
  fence: lane.fence + entries.length,
});

/** The very same object when nobody of that name holds a slot: a late or second end is harmless. */
export const free = (lane: LaneState, name: string): LaneState =>
  lane.running.some((slot) => slot.name === name)
    ? { ...lane, running: lane.running.filter((slot) => slot.name !== name) }
    : lane;

export const expired = (lane: LaneState, now: number): readonly Slot[] =>
  lane.running.filter(({ until }) => until <= now);

export const extend = (lane: LaneState, names: ReadonlySet<string>, until: number): LaneState =>
  lane.running.some(({ name }) => names.has(name))
    ? { ...lane, running: lane.running.map((slot) => (names.has(slot.name) ? { ...slot, until } : slot)) }
    : lane;

/** The shared state once the lane holds so many slots and is, or is not, short of the cap alone. */
export function counted(cap: CapState, lane: string, held: number, short: boolean): CapState {
  const { [lane]: before = 0, ...others } = cap.running;
  if (before === held && cap.short.includes(lane) === short) return cap;
  return {
    running: held === 0 ? others : { ...others, [lane]: held },
    short: [...cap.short.filter((one) => one !== lane), ...(short ? [lane] : [])],
  };
}

/**
 * Who gets the next slot under the cap: of the domain that holds fewest, the lane that holds fewest; of equals the one
 * that stands first. So a domain with many lanes, or with long runs, gets no more than its share.
 */
export function fairest(
  candidates: readonly LaneLimits[],
  cap: CapState,
  lanes: readonly LaneLimits[],
): LaneLimits | undefined {
  const held = ({ id }: LaneLimits): number => cap.running[id] ?? 0;
  const ofDomain = ({ domain }: LaneLimits): number =>
    lanes.reduce((sum, lane) => (lane.domain === domain ? sum + held(lane) : sum), 0);
  return candidates.toSorted((a, b) => ofDomain(a) - ofDomain(b) || held(a) - held(b))[0];
}
