import fc from "fast-check";
import { expect, it } from "vitest";
import { PRIORITIES } from "../model/items/reasons.ts";
import { levelOf, queueKey, queuePartition, type QueueEntry } from "../model/lanes/queue-entry.ts";
import { grantOrder, turnsAfter } from "../model/lanes/turns.ts";
import { memoryLedger } from "../../test/standins/memory-ledger.ts";
import { listQueue, nextGrants, oldestSince } from "./lane-queue.ts";

const waiting = fc.uniqueArray(
  fc.record({
    name: fc.nat(99).map(String),
    priority: fc.constantFrom(...PRIORITIES),
    group: fc.constantFrom("a", "a/b", "a#b", "a%23b", "z", "é"),
    since: fc.nat(5),
  }),
  { maxLength: 30, selector: ({ name }) => name },
);
const filled = async (entries: readonly Pick<QueueEntry, "name" | "priority" | "group" | "since">[]) => {
  const ledger = memoryLedger();
  for (const one of entries) {
    const data = { ...one, domain: "d", asset: "a", partition: "p", lane: "l", requestedAt: one.since };
    await ledger.write([{ put: { pk: queuePartition("l"), sk: queueKey(data), data }, if: { absent: true } }]);
  }
  return ledger;
};

it("takes as many as it is asked for, in the order that a view of the whole queue foretells", async () => {
  const turns = fc.dictionary(
    fc.constantFrom(...PRIORITIES.map(levelOf)),
    fc.constantFrom("a", "a/b", "a#b", "m", "zz"),
  );
  await fc.assert(
    fc.asyncProperty(waiting, turns, fc.integer({ min: 1, max: 12 }), async (entries, given, count) => {
      const ledger = await filled(entries);
      let latest: Record<string, string> = given;
      const foretold = grantOrder((await listQueue(ledger, "l", 1_000)).entries, latest);
      const taken: QueueEntry[] = [];
      for (;;) {
        const next = await nextGrants(ledger, "l", latest, count);
        expect(next).toHaveLength(Math.min(count, entries.length - taken.length));
        if (next.length === 0) break;
        taken.push(...next.map(({ entry }) => entry));
        latest = turnsAfter(
          latest,
          next.map(({ entry }) => entry),
        );
        await ledger.write(
          next.map(({ entry, rev }) => ({ delete: { pk: queuePartition("l"), sk: queueKey(entry) }, if: { rev } })),
        );
      }
      expect(taken).toEqual(foretold);
    }),
    { numRuns: 200 },
  );
});

it("lets no group pass another twice while both wait", async () => {
  await fc.assert(
    fc.asyncProperty(waiting, async (entries) => {
      const order = (await nextGrants(await filled(entries), "l", {}, 100)).map(({ entry }) => entry);
      expect(order).toHaveLength(entries.length);
      for (const [place, one] of order.entries()) {
        const ahead = order.slice(0, place);
        // Who stands later in the same group came later, and higher priorities go first.
        expect(
          ahead.filter(
            ({ group, priority, since }) => group === one.group && priority === one.priority && since > one.since,
          ),
        ).toEqual([]);
        expect(ahead.filter(({ priority }) => levelOf(priority) > levelOf(one.priority))).toEqual([]);
        const peers = ahead.filter(({ priority }) => priority === one.priority);
        const own = peers.filter(({ group }) => group === one.group).length;
        for (const same of Map.groupBy(peers, ({ group }) => group).values()) {
          expect(same.length).toBeLessThanOrEqual(own + 1);
        }
      }
    }),
    { numRuns: 200 },
  );
});

it("knows the age of the oldest, wherever it stands", async () => {
  await fc.assert(
    fc.asyncProperty(waiting, async (entries) => {
      const oldest = entries.length === 0 ? undefined : Math.min(...entries.map(({ since }) => since));
      expect(await oldestSince(await filled(entries), "l")).toBe(oldest);
    }),
    { numRuns: 100 },
  );
});
