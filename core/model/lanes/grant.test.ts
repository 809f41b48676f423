import fc from "fast-check";
import { expect, it } from "vitest";
import { capRoom, counted, expired, extend, fairest, free, freeSlots, grant } from "./grant.ts";
import { IDLE_CAP, IDLE_LANE } from "./lane-state.ts";
import type { QueueEntry } from "./queue-entry.ts";

const entry = (name: string, group = "g"): QueueEntry => ({
  name,
  domain: "openedx",
  asset: "a",
  partition: name,
  lane: "openedx",
  priority: "event",
  group,
  requestedAt: 0,
  since: 0,
});
const AT = { now: 1_000, until: 2_000 };

it("gives every grant a higher fence, and remembers whose turn it was", () => {
  const first = grant(IDLE_LANE, [entry("a"), entry("b", "h")], AT);
  const second = grant(free(first, "a"), [entry("c")], AT);
  expect(second.running.map(({ name, fence }) => [name, fence])).toEqual([
    ["b", 2],
    ["c", 3],
  ]);
  expect(first.turns).toEqual({ "3": "h" });
  expect(second.turns).toEqual({ "3": "g" });
});

it("frees a slot once: a second end, or a stranger's, changes nothing", () => {
  const lane = grant(IDLE_LANE, [entry("a")], AT);
  const freed = free(lane, "a");
  expect(freed.running).toEqual([]);
  expect(free(freed, "a")).toBe(freed);
  expect(free(lane, "b")).toBe(lane);
});

it("has leases end at their time, and no earlier", () => {
  const lane = grant(IDLE_LANE, [entry("a"), entry("b")], AT);
  expect(expired(lane, 1_999)).toEqual([]);
  expect(expired(lane, 2_000)).toHaveLength(2);
  expect(expired(extend(lane, new Set(["a"]), 9_000), 2_000).map(({ name }) => name)).toEqual(["b"]);
  expect(extend(lane, new Set(["c"]), 9_000)).toBe(lane);
});

it("has no slots while it is closed, nor fewer than none when fewer are declared than are held", () => {
  const lane = grant(IDLE_LANE, [entry("a"), entry("b")], AT);
  expect(freeSlots(lane, { slots: 5 })).toBe(3);
  expect(freeSlots(lane, { slots: 1 })).toBe(0);
  expect(freeSlots({ ...lane, closed: { class: "operator", reason: "r", since: 0 } }, { slots: 5 })).toBe(0);
});

it("counts what lanes hold, whatever they do", () => {
  const step = fc.record({ lane: fc.constantFrom("a", "b", "c"), held: fc.nat(5), short: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const truth = new Map<string, { held: number; short: boolean }>();
      let cap = IDLE_CAP;
      for (const { lane, held, short } of steps) {
        const next = counted(cap, lane, held, short);
        const before = truth.get(lane) ?? { held: 0, short: false };
        // The same object, so that nothing is written, if and only if nothing changes.
        expect(next === cap).toBe(before.held === held && before.short === short);
        truth.set(lane, { held, short });
        cap = next;
      }
      const total = [...truth.values()].reduce((sum, { held }) => sum + held, 0);
      expect(capRoom(cap, 20)).toBe(20 - total);
      expect(cap.short.toSorted()).toEqual([...truth].flatMap(([id, { short }]) => (short ? [id] : [])).toSorted());
      expect(Object.values(cap.running).every((held) => held > 0)).toBe(true);
    }),
  );
});

it("gives the next slot to the domain that holds least, and there to the lane that does", () => {
  const lanes = [
    { id: "a", domain: "x", slots: 9 },
    { id: "b", domain: "x", slots: 9 },
    { id: "c", domain: "y", slots: 9 },
  ];
  const next = (running: Record<string, number>): string | undefined =>
    fairest(lanes, { running, short: [] }, lanes)?.id;
  expect(next({ a: 2, b: 1, c: 2 })).toBe("c");
  expect(next({ a: 2, b: 1, c: 4 })).toBe("b");
  expect(next({})).toBe("a");
  expect(fairest([], IDLE_CAP, lanes)).toBeUndefined();
});
