import fc from "fast-check";
import { expect, test } from "vitest";
import { enqueueing } from "../../core/io/lane-requests.ts";
import { openItems } from "../../core/io/items.ts";
import type { Ledger } from "../../core/io/ports.ts";
import type { ItemEvent } from "../../core/model/items/item-event.ts";
import { newItem } from "../../core/model/items/item-state.ts";
import { PRIORITIES } from "../../core/model/items/reasons.ts";
import { queueKey, type QueueEntry } from "../../core/model/lanes/queue-entry.ts";
import { grantOrder } from "../../core/model/lanes/turns.ts";
import { memoryLedger } from "../../test/standins/memory-ledger.ts";
import { applyEvent, AUTOMATIC } from "./items.ts";
import { LaneQueue } from "./lane-queue.ts";
import { targetOf, versionText, World } from "./world.ts";
import { FAULTS, liveYear } from "./year.ts";

const PARTITIONS = 300;
const RUNS = 3_000;

test.each([1, 2, 3])("the year of seed %i loses no update, runs nothing twice and comes to rest", (seed) => {
  const { world, lost, stuck } = liveYear(seed, PARTITIONS, RUNS);
  expect(world.verdict.first).toEqual([]);
  expect({ lost, stuck }).toEqual({ lost: 0, stuck: 0 });
  expect(world.verdict).toMatchObject({ doubleRuns: 0, overSlots: 0 });
  expect(world.runs).toBeGreaterThanOrEqual(RUNS);
  expect(world.deaths).toBeGreaterThan(0);
});

test("a year with ten times the faults does not either", () => {
  const { world, lost, stuck } = liveYear(4, 100, 1_000, {
    ...{ lost: 0.1, late: 0.3, twice: 0.5, death: 0.02, failure: 0.4 },
  });
  expect(world.verdict.first).toEqual([]);
  expect({ lost, stuck }).toEqual({ lost: 0, stuck: 0 });
});

test("the same seed gives the same year", () => {
  const told = () => {
    const { world } = liveYear(5, 60, 300);
    return [world.runs, world.delivered, world.deaths, world.conflicts, world.units.writes, world.waits.longest(5)];
  };
  expect(told()).toEqual(told());
});

test("a change that no output was made from is told as a lost update, and a second run beside the first as double", () => {
  const { world } = liveYear(6, 60, 300);
  const item = world.items.find(({ state }) => state.success !== null && state.pending.length === 0);
  if (item === undefined) throw new Error("Nothing was made.");
  item.truth = versionText(99_999_999);
  expect(world.verdict.lost(world)).toEqual({ lost: 1, stuck: 0 });
  const request = { name: "n", number: 99, reason: "upstream-changed", versions: { source: "v1" } } as never;
  world.verdict.requested(item, request);
  world.verdict.requested(item, request);
  item.running = { number: 98, since: 0 };
  world.verdict.started(item, request, { running: 2, slots: 1, all: 2, cap: 10 });
  expect(world.verdict).toMatchObject({ doubleRuns: 2, overSlots: 1 });
});

const entries = fc.uniqueArray(
  fc.record({
    priority: fc.constantFrom(...PRIORITIES),
    group: fc.constantFrom("a", "a/b", "b", "c#1"),
    since: fc.integer({ min: 0, max: 50 }),
    name: fc.string({ minLength: 1, maxLength: 3, unit: fc.constantFrom("a", "b", "c", "d") }),
  }),
  { selector: ({ name }) => name, maxLength: 30 },
);

test("the queue in memory gives what the lane would grant", () => {
  fc.assert(
    fc.property(entries, fc.constantFrom(undefined, "a", "b", "bb"), fc.nat({ max: 8 }), (made, turn, count) => {
      const all = made.map((one): QueueEntry => {
        return { ...one, domain: "d", asset: "a", partition: one.name, lane: "l", requestedAt: one.since };
      });
      const turns = turn === undefined ? {} : Object.fromEntries(PRIORITIES.map((_, level) => [String(level), turn]));
      const queue = new LaneQueue();
      for (const entry of all) queue.add(entry);
      const sorted = all.toSorted((a, b) => (queueKey(a) < queueKey(b) ? -1 : 1));
      expect(queue.next(turns, count)).toEqual(grantOrder(sorted, turns).slice(0, count));
    }),
  );
});

test("it counts the writes that the ledger gets", async () => {
  const world = new World(1, 1, { ...FAULTS, death: 0 });
  const [item] = world.items;
  if (item === undefined) throw new Error("There is no item.");
  item.state = newItem(world.clock.now);
  const written: string[] = [];
  const memory = memoryLedger();
  const ledger: Ledger = {
    ...memory,
    write: async (writes) => {
      for (const write of writes) written.push(("put" in write ? write.put : write.delete).pk);
      await memory.write(writes);
    },
  };
  await openItems(ledger).addAll(item.key.asset, [item.key.partition], world.clock.now);
  written.length = 0;
  const now = world.clock.now + 1_000;
  const { asset, key } = item;
  const happens: ItemEvent[] = [
    { type: "observed", upstream: asset.upstream, version: "v1", at: now },
    { type: "observed", upstream: asset.upstream, version: "v1", at: now },
    { type: "observed", upstream: asset.upstream, version: "v2", at: now + 1 },
  ];
  for (const event of happens) {
    world.clock.live(
      (function* () {
        yield* applyEvent(world, item, event, now);
      })(),
      () => false,
    );
    world.clock.run();
    await openItems(ledger).apply(key, event, {
      ...{ now, automatic: AUTOMATIC },
      enqueue: { target: targetOf(asset), writesFor: enqueueing },
    });
  }
  const keys = [...world.units.keys()].flatMap(([pk, writes]) => Array.from({ length: writes }, () => pk));
  expect(keys.toSorted()).toEqual(written.toSorted());
});
