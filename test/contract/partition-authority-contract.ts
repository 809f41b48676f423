import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { openItems, type Items } from "../../core/io/items.ts";
import { followAuthority, type AuthorityRead } from "../../core/io/partition-authority.ts";
import { confirmRemovals } from "../../core/io/partition-confirmation.ts";
import type { Ledger } from "../../core/io/ports.ts";
import { partitionText } from "../../core/model/items/partition-key.ts";
import { faultyLedger } from "./faulty-ledger.ts";
import { titleOf, type Home, type Opened } from "./opened.ts";

const NOW = Date.UTC(2040, 0, 16);
const HOUR = 3_600_000;
const numbered = (count: number, from = 0): string[] => Array.from({ length: count }, (_, n) => `key-${from + n}`);

export function partitionAuthorityContract(home: Home<Opened<Ledger>>): void {
  describe.skipIf(home.skip !== undefined)(titleOf("partition authority", home), () => {
    let opened: Opened<Ledger>;
    let ledger: Ledger;
    let items: Items;
    let asset: string;
    let count = 0;
    beforeAll(async () => {
      opened = await home.open();
      ledger = opened.port;
      items = openItems(ledger);
    });
    beforeEach(() => {
      asset = `edxorg/asset_${(count += 1)}`;
    });
    afterAll(() => opened?.close());

    const follow = (pages: AuthorityRead["pages"], more: Partial<AuthorityRead> = {}, to = ledger) =>
      followAuthority({ ledger: to, items: openItems(to) }, { asset, pages, now: NOW, ...more });
    const read = (...keys: string[]) => follow(pagesOf(keys));
    const apply = (partition: string, event: Parameters<Items["apply"]>[1]) =>
      items.apply({ asset, partition }, event, { now: NOW });
    const statuses = async (): Promise<Record<string, string>> => {
      const { items: rows, next } = await items.page(asset, { limit: 1_000 });
      expect(next).toBeUndefined();
      return Object.fromEntries(rows.map(({ partition, status }) => [partition, status]));
    };

    it("adds what is new, returns what is back with its history, retires what is gone, and asks for no run", async () => {
      expect(await read("a", "b", "c", "/d", "b")).toEqual({
        ...{ listed: 4, added: 3, returned: 0, retired: 0, deferred: 0 },
        skipped: { count: 1, sample: [{ key: "/d", problem: "it starts or ends with a slash" }] },
      });
      const last = { status: "failed", run: "r", at: NOW, class: "Rejected" } as const;
      await apply("b", { type: "recorded", result: last });
      expect(await read("a", "c", "e")).toMatchObject({ added: 1, retired: 1, returned: 0 });
      expect(await statuses()).toEqual({ a: "missing", b: "retired", c: "missing", e: "missing" });
      expect((await items.page(asset, { status: "failed" })).items).toEqual([]);
      expect(await read("a", "b", "c", "e")).toMatchObject({ added: 0, returned: 1, retired: 0 });
      expect(await items.read({ asset, partition: "b" })).toMatchObject({ retiredAt: null, last });
      expect(await items.counts(asset)).toMatchObject({ failed: 1, missing: 3, retired: 0, in_progress: 0 });
      expect(await read("a", "b", "c", "e")).toMatchObject({ listed: 4, added: 0, returned: 0, retired: 0 });
    });

    it("leaves what has work in flight to the next read", async () => {
      await read("a", "b");
      await apply("a", { type: "run-started", run: "r", at: NOW });
      expect(await read("b")).toMatchObject({ retired: 0, deferred: 1 });
      expect(await statuses()).toEqual({ a: "in_progress", b: "missing" });
      await apply("a", { type: "run-ended", run: "r", at: NOW, outcome: { status: "succeeded" } });
      expect(await read("b")).toMatchObject({ retired: 1, deferred: 0 });
    });

    it.each([
      ["is empty", pagesOf([])],
      ["has nothing but ids that are no keys", pagesOf(["//"])],
    ])("removes nothing when the read %s", async (_, pages) => {
      await read("a");
      expect(await follow(pages)).toMatchObject({ listed: 0, retired: 0 });
      expect(await statuses()).toEqual({ a: "missing" });
    });

    it("keeps what a broken read has found, and removes nothing", async () => {
      await read("a");
      const broken = async function* (): AsyncGenerator<string[]> {
        yield ["b", "c"];
        throw new Error("The source is gone.");
      };
      await expect(follow(broken())).rejects.toThrow("The source is gone.");
      expect(await statuses()).toEqual({ a: "missing", b: "missing", c: "missing" });
    });

    it("stops before it removes too much, until an operator confirms that many, once", async () => {
      await read(...numbered(12));
      await expect(read("key-0")).rejects.toMatchObject({
        ...{ name: "Rejected", code: "partition_guard" },
        info: { details: { gone: 11, active: 12 } },
      });
      const confirm = (removals: number, at: number) =>
        confirmRemovals(ledger, asset, { removals, author: "ada", reason: "a term was deleted", at });
      await confirm(10, NOW);
      await expect(read("key-0")).rejects.toMatchObject({ code: "partition_guard" });
      await confirm(11, NOW - 25 * HOUR);
      await expect(read("key-0")).rejects.toMatchObject({ code: "partition_guard" });
      expect(await items.counts(asset)).toMatchObject({ missing: 12, retired: 0 });
      await confirm(11, NOW);
      expect(await read("key-0")).toMatchObject({ retired: 11 });
      expect(await read(...numbered(12))).toMatchObject({ returned: 11 });
      await expect(read("key-0")).rejects.toMatchObject({ code: "partition_guard" });
    });

    it("does not bring back what an operator has retired", async () => {
      await read("a", "b");
      const order = { author: "ada", reason: "a duplicate", at: NOW };
      await apply("a", { type: "retired", order });
      expect(await read("a", "b")).toMatchObject({ returned: 0, retired: 0 });
      expect((await items.page(asset, { status: "retired" })).items).toMatchObject([{ partition: "a", order }]);
      await apply("a", { type: "returned", order: { ...order, reason: "it is none" } });
      expect(await statuses()).toEqual({ a: "missing", b: "missing" });
      expect(await read("b")).toMatchObject({ retired: 1 });
      expect(await read("a", "b")).toMatchObject({ returned: 1 });
    });

    it("takes tuples of the declared number of parts only", async () => {
      const keys = [partitionText(["MITx-6.00x-1T2024", "prod"]), partitionText(["a|b", "edge"]), "MITx-6.00x-1T2024"];
      const partitioning = { kind: "tuple", dimensions: ["course", "source"] } as const;
      expect(await follow(pagesOf(keys), { partitioning })).toMatchObject({
        ...{ listed: 2, added: 2 },
        skipped: { count: 1, sample: [{ problem: "it is no key of 2 parts" }] },
      });
      expect((await items.page(asset, { prefix: "MITx-6.00x-1T2024|" })).items).toHaveLength(1);
    });

    it.each(["before", "after"] as const)("is right once it is read again, died it %s any write", async (fault) => {
      for (let n = 1; ; n += 1) {
        asset = `edxorg/asset_${(count += 1)}`;
        await read(...numbered(9));
        await read(...numbered(8));
        const upstream = [...numbered(6), "key-8", ...numbered(3, 20)];
        const faulty = faultyLedger(ledger, n, fault);
        const died = await follow(pagesOf(upstream), {}, faulty).then(
          () => false,
          () => true,
        );
        await follow(pagesOf(upstream));
        const found = Object.entries(await statuses());
        expect(found.filter(([, status]) => status !== "retired").map(([key]) => key)).toEqual(upstream.toSorted());
        expect(await items.counts(asset)).toMatchObject({ missing: upstream.length, retired: 2 });
        if (!died) break;
      }
    });
  });
}

/** Three keys a page. */
async function* pagesOf(keys: readonly string[]): AsyncGenerator<string[]> {
  for (let from = 0; from < keys.length; from += 3) yield keys.slice(from, from + 3);
}
