import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { openItems, type ApplyOptions, type Items } from "../../core/io/items.ts";
import { itemsPk, SHARDS } from "../../core/io/item-records.ts";
import type { Ledger } from "../../core/io/ports.ts";
import { compareByteOrder } from "../../core/model/content-digest.ts";
import type { ItemEvent } from "../../core/model/items/item-event.ts";
import { ItemState } from "../../core/model/items/item-state.ts";
import { ITEM_STATUSES, statusOf, type ItemStatus } from "../../core/model/items/status.ts";
import { faultyLedger } from "./faulty-ledger.ts";
import { titleOf, type Home, type Opened } from "./opened.ts";

const NOW = 1_000_000;

export function itemsContract(home: Home<Opened<Ledger>>): void {
  describe.skipIf(home.skip !== undefined)(titleOf("items", home), () => {
    let opened: Opened<Ledger>;
    let ledger: Ledger;
    let items: Items;
    let asset: string;
    let count = 0;
    const another = (): void => {
      asset = `mitxonline/asset_${(count += 1)}`;
    };
    beforeAll(async () => {
      opened = await home.open();
      ledger = opened.port;
      items = openItems(ledger);
    });
    beforeEach(another);
    afterAll(() => opened?.close());

    const options = (more: Partial<ApplyOptions> = {}): ApplyOptions => ({
      now: NOW,
      enqueue: {
        target: { domain: "openedx", lane: "exports" },
        writesFor: (request) => [
          { put: { pk: `queue#${asset}`, sk: request.name, data: request }, if: { absent: true } },
        ],
      },
      ...more,
    });
    const apply = (partition: string, event: ItemEvent, more: Partial<ApplyOptions> = {}, to = items) =>
      to.apply({ asset, partition }, event, options(more));
    const observed = (version: string, at = NOW): ItemEvent => ({ type: "observed", upstream: "u", version, at });
    const queued = async (): Promise<string[]> => (await ledger.query(`queue#${asset}`)).items.map(({ sk }) => sk);

    const pages = async (query: Parameters<Items["page"]>[1] = {}): Promise<string[]> => {
      const found: string[] = [];
      let after: string | undefined;
      for (let page = 0; page < 200; page += 1) {
        const { items: rows, next } = await items.page(asset, { ...query, ...(after === undefined ? {} : { after }) });
        expect(rows.length).toBeLessThanOrEqual(query.limit ?? 100);
        found.push(...rows.map(({ partition }) => partition));
        after = next;
        if (after === undefined) return found;
      }
      throw new Error("The pages have no end.");
    };

    /** Counts and indexes hold what the items themselves say. */
    const checkAgainstItems = async (): Promise<void> => {
      const byStatus = new Map<ItemStatus, string[]>(ITEM_STATUSES.map((status) => [status, []]));
      for (const shard of SHARDS) {
        for (const { sk, data } of (await ledger.query(itemsPk(asset, shard))).items) {
          byStatus.get(statusOf(ItemState.parse(data)))?.push(sk);
        }
      }
      const counts = Object.fromEntries([...byStatus].map(([status, keys]) => [status, keys.length]));
      expect(await items.counts(asset)).toEqual(counts);
      for (const [status, keys] of byStatus) {
        expect(await pages({ status }), status).toEqual(keys.toSorted(compareByteOrder));
      }
    };

    it("adds partitions once, leaves out what is no key, and requests nothing", async () => {
      const keys = Array.from({ length: 130 }, (_, index) => `course-v1:MITx+${index}x+1T2024`);
      const first = await items.addAll(asset, [...keys, "a//b", "", ...keys.slice(0, 9)], NOW);
      expect(first).toMatchObject({ added: 130, existing: 0, skipped: { count: 2 } });
      expect(first.skipped.sample[0]).toEqual({ key: "a//b", problem: "it holds an empty segment" });
      expect(await items.addAll(asset, keys.concat("one", "two"), NOW)).toMatchObject({ added: 2, existing: 130 });
      expect(await items.addAll(asset, ["one", "three"], NOW)).toMatchObject({ added: 1, existing: 1 });
      expect(await items.counts(asset)).toMatchObject({ missing: 133 });
      await checkAgainstItems();
      expect(await queued()).toEqual([]);
    });

    it("pages in byte order through all shards, by prefix, range and status", async () => {
      const keys = ["a", "b", "b#1", "b/2", "b😀", "b\uffee", "c", "course/é"].concat(
        Array.from({ length: 60 }, (_, day) => new Date(day * 86_400_000).toISOString().slice(0, 10)),
      );
      await items.addAll(asset, keys, NOW);
      const sorted = keys.toSorted(compareByteOrder);
      for (const limit of [3, 1_000]) {
        expect(await pages({ limit })).toEqual(sorted);
        expect(await pages({ limit, status: "missing" })).toEqual(sorted);
        expect(await pages({ limit, prefix: "b" })).toEqual(sorted.filter((key) => key.startsWith("b")));
        const range = { from: "1970-01-05", to: "1970-02-03" };
        expect(await pages({ limit, ...range })).toEqual(sorted.filter((key) => key >= range.from && key <= range.to));
      }
      expect(await pages({ from: "1970-03-02", to: "b" })).toEqual(["a", "b"]);
      expect(await pages({ status: "materialised" })).toEqual([]);
      await expect(items.page(asset, { after: "nonsense" })).rejects.toMatchObject({ code: "cursor_invalid" });
      await expect(items.page(`${asset}_none`)).resolves.toEqual({ items: [] });
    });

    it("writes an item, its request, its count and its index together", async () => {
      await items.addAll(asset, ["one", "two"], NOW);
      const asked = await apply("one", observed("v1"));
      expect(asked).toMatchObject({ status: "in_progress", request: { number: 1, lane: "exports" } });
      const run = asked?.request?.name ?? "";
      expect(await queued()).toEqual([run]);
      expect((await items.page(asset, { status: "in_progress" })).items).toEqual([
        { partition: "one", status: "in_progress", since: NOW, run, phase: "queued" },
      ]);
      await apply("one", { type: "run-started", run, at: NOW });
      expect((await items.page(asset, { status: "in_progress" })).items).toMatchObject([{ phase: "running" }]);
      await checkAgainstItems();
      const failed = { status: "failed", class: "Malformed", code: "gzip_truncated" } as const;
      await apply("one", { type: "run-ended", run, at: NOW + 5, outcome: failed });
      expect((await items.page(asset, { status: "failed" })).items).toEqual([
        { partition: "one", status: "failed", since: NOW + 5, class: "Malformed", lastFailureAt: NOW + 5 },
      ]);
      await checkAgainstItems();
      const again = await apply("one", observed("v2", NOW + 9), { now: NOW + 9 });
      const outcome = { status: "succeeded", dataVersion: "d2" } as const;
      const second = again?.request?.name ?? "";
      expect(await apply("one", { type: "run-ended", run: second, at: NOW, outcome })).toMatchObject({
        status: "materialised",
      });
      expect((await items.page(asset, { status: "materialised" })).items).toMatchObject([{ dataVersion: "d2" }]);
      await apply("two", { type: "retired" });
      expect(await items.counts(asset)).toMatchObject({ materialised: 1, retired: 1, missing: 0 });
      await checkAgainstItems();
    });

    it("knows an item by its partition only: unknown ones are told, or made on demand", async () => {
      expect(await apply("one", observed("v1"))).toBeUndefined();
      const ask: ItemEvent = { type: "requested", ask: { id: "x", reason: "manual" } };
      await expect(apply("one", ask)).rejects.toMatchObject({ name: "Rejected", code: "partition_unknown" });
      await expect(apply("a//b", observed("v1"), { create: true })).rejects.toMatchObject({ name: "Malformed" });
      const started: ItemEvent = { type: "run-started", run: "landing", at: NOW, versions: { u: "v1" } };
      expect(await apply("one", started, { create: true })).toMatchObject({ status: "in_progress", changed: true });
      await checkAgainstItems();
    });

    it("holds a request back without a queue, and while an upstream's item is at work", async () => {
      const upstream = asset;
      await items.addAll(upstream, ["one"], NOW);
      await apply("one", observed("v1"));
      another();
      await items.addAll(asset, ["one"], NOW);
      const { enqueue: _, ...observing } = options();
      expect(await items.apply({ asset, partition: "one" }, observed("v1"), observing)).toMatchObject({
        waiting: { why: "held" },
        status: "missing",
      });
      const downstream = openItems(ledger, () => [upstream]);
      const evaluated = { type: "evaluated" } as const;
      expect(await apply("one", evaluated, {}, downstream)).toMatchObject({
        waiting: { why: "upstream-busy", upstream },
        changed: false,
      });
      const run = (await items.read({ asset: upstream, partition: "one" }))?.runs[0]?.name ?? "";
      const ended: ItemEvent = { type: "run-ended", run, at: NOW, outcome: { status: "succeeded" } };
      await items.apply({ asset: upstream, partition: "one" }, ended, options());
      expect(await apply("one", evaluated, {}, downstream)).toMatchObject({ request: { number: 1 } });
    });

    it("lets two evaluators request one run, and many items of a shard change at a time", async () => {
      const keys = Array.from({ length: 12 }, (_, index) => `key-${index}`);
      await items.addAll(asset, keys, NOW);
      const twice = await Promise.all([...keys, ...keys].map((key) => apply(key, observed("v1"))));
      expect(twice.filter((one) => one?.request !== undefined)).toHaveLength(12);
      expect(await queued()).toHaveLength(12);
      expect(await items.counts(asset)).toMatchObject({ in_progress: 12, missing: 0 });
      await checkAgainstItems();
    });

    it.each(["before", "after"] as const)(
      "counts right when it dies %s any write, and is asked again",
      async (fault) => {
        for (let n = 1; ; n += 1) {
          another();
          const faulty = faultyLedger(ledger, n, fault);
          await expectDeath(story(openItems(faulty)), faulty.writes, n);
          await checkAgainstItems();
          await story(items);
          await checkAgainstItems();
          expect(await queued(), `${fault} write ${n}`).toHaveLength(2);
          expect(await items.counts(asset)).toMatchObject({ materialised: 1, in_progress: 1, missing: 3 });
          if (faulty.writes() < n) break;
        }
      },
    );

    /** Each step may have been done already, wholly or not at all. */
    const story = async (to: Items): Promise<void> => {
      await to.addAll(asset, ["one", "two", "three", "four", "five"], NOW);
      await apply("one", observed("v1"), {}, to);
      await apply("two", { type: "requested", ask: { id: "ask", reason: "manual" } }, {}, to);
      const [run] = await queued().then((names) => names.filter((name) => name.includes("one")));
      await apply("one", { type: "run-started", run: run ?? "", at: NOW }, {}, to);
      await apply("one", { type: "run-ended", run: run ?? "", at: NOW, outcome: { status: "succeeded" } }, {}, to);
    };

    it("keeps counts and indexes true through any history", async () => {
      const event: fc.Arbitrary<ItemEvent> = fc.oneof(
        fc.constantFrom("v1", "v2", "v3").map((version) => observed(version)),
        fc.constantFrom<ItemEvent>({ type: "retired" }, { type: "returned" }, { type: "evaluated" }),
        fc.constantFrom("Transient", "Rejected", undefined).map((failureClass) => ended(failureClass)),
        fc.nat({ max: 3 }).map((id): ItemEvent => ({ type: "requested", ask: { id: `${id}`, reason: "backfill" } })),
      );
      const step = fc.record({ key: fc.constantFrom("a", "b", "c"), event });
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 20 }), async (steps) => {
          another();
          await items.addAll(asset, ["a", "b", "c"], NOW);
          for (const { key, event: one } of steps) {
            const run = (await items.read({ asset, partition: key }))?.runs[0]?.name ?? "none";
            await apply(key, one.type === "run-ended" ? { ...one, run } : one);
          }
          await checkAgainstItems();
          expect(await pages()).toEqual(["a", "b", "c"]);
        }),
        { numRuns: home.name === "AWS" ? 3 : 40 },
      );
    });
  });
}

const ended = (failureClass: string | undefined): ItemEvent => ({
  type: "run-ended",
  run: "",
  at: NOW,
  outcome: failureClass === undefined ? { status: "succeeded" } : { status: "failed", class: failureClass },
});

async function expectDeath(work: Promise<void>, writes: () => number, n: number): Promise<void> {
  const error: unknown = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (writes() < n) expect(error).toBeUndefined();
  else expect(error).toMatchObject({ code: "no_answer" });
}
