import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Ledger, LedgerItem, LedgerWrite } from "../../core/io/ports.ts";
import { titleOf, type Home, type Opened } from "./opened.ts";

const stale = { name: "Conflict", code: "stale_item" };
const inSeconds = (seconds: number): number => Math.floor(Date.now() / 1_000) + seconds;

export function ledgerContract(home: Home<Opened<Ledger>>): void {
  describe.skipIf(home.skip !== undefined)(titleOf("ledger", home), () => {
    let opened: Opened<Ledger>;
    let ledger: Ledger;
    let pk: string;
    let partition = 0;
    beforeAll(async () => {
      opened = await home.open();
      ledger = opened.port;
    });
    beforeEach(() => {
      pk = `partition/${(partition += 1)}`;
    });
    afterAll(() => opened?.close());

    const put = (sk: string, data: unknown, condition: LedgerWrite["if"], expiresAt?: number): LedgerWrite => ({
      put: { pk, sk, data, ...(expiresAt === undefined ? {} : { expiresAt }) },
      if: condition,
    });
    const remove = (sk: string, condition: LedgerWrite["if"]): LedgerWrite => ({ delete: { pk, sk }, if: condition });

    it("counts revisions from 1 and refuses a stale one", async () => {
      await ledger.write([put("a", 1, { absent: true })]);
      await expect(ledger.write([put("a", 2, { absent: true })])).rejects.toMatchObject(stale);
      await ledger.write([put("a", 2, { rev: 1 })]);
      await expect(ledger.write([put("a", 3, { rev: 1 })])).rejects.toMatchObject({
        ...stale,
        message: expect.stringContaining(`${pk} / a`),
      });
      await expect(ledger.write([put("b", 3, { rev: 1 })])).rejects.toMatchObject(stale);
      await ledger.write([put("a", 3, { any: true })]);
      expect(await ledger.get(pk, "a")).toEqual({ pk, sk: "a", rev: 3, data: 3 });
      expect(await ledger.get(pk, "b")).toBeUndefined();
    });

    it("deletes under the same conditions", async () => {
      await ledger.write([put("a", 1, { any: true })]);
      await expect(ledger.write([remove("a", { rev: 2 })])).rejects.toMatchObject(stale);
      await expect(ledger.write([remove("a", { absent: true })])).rejects.toMatchObject(stale);
      await ledger.write([remove("a", { rev: 1 })]);
      await ledger.write([remove("a", { any: true })]);
      expect(await ledger.get(pk, "a")).toBeUndefined();
    });

    it("writes all or nothing", async () => {
      await ledger.write([put("a", 1, { absent: true }), put("b", 1, { absent: true })]);
      const half = [put("a", 2, { rev: 1 }), put("b", 2, { rev: 9 }), put("c", 2, { absent: true })];
      await expect(ledger.write(half)).rejects.toMatchObject({ ...stale, message: expect.stringContaining("/ b") });
      expect((await ledger.query(pk)).items.map(({ sk, rev }) => `${sk}${rev}`)).toEqual(["a1", "b1"]);
      await ledger.write([put("a", 2, { rev: 1 }), remove("b", { rev: 1 }), put("c", 2, { absent: true })]);
      expect((await ledger.query(pk)).items.map(({ sk, rev }) => `${sk}${rev}`)).toEqual(["a2", "c1"]);
      await ledger.write([]);
    });

    it("gives data back exactly", async () => {
      const data = { text: "ü😀\n\u0000", empty: "", list: [1, 1.5e300, -0.1, null, true, []], object: { "": {} } };
      await ledger.write([put("a", data, { absent: true }), put("null", null, { absent: true })]);
      expect((await ledger.get(pk, "a"))?.data).toEqual(data);
      expect(await ledger.get(pk, "null")).toMatchObject({ data: null });
    });

    it("treats an item past its time as absent", async () => {
      await ledger.write([
        put("old", 1, { absent: true }, inSeconds(-10)),
        put("older", 1, { absent: true }, inSeconds(-9_999_999)),
        put("young", 1, { absent: true }, inSeconds(3_600)),
      ]);
      expect(await ledger.get(pk, "old")).toBeUndefined();
      expect((await ledger.query(pk)).items.map(({ sk }) => sk)).toEqual(["young"]);
      expect(await ledger.get(pk, "young")).toMatchObject({ expiresAt: expect.any(Number) });
      await expect(ledger.write([put("old", 2, { rev: 1 })])).rejects.toMatchObject(stale);
      await ledger.write([put("old", 2, { absent: true })]);
      expect(await ledger.get(pk, "old")).toEqual({ pk, sk: "old", rev: 1, data: 2 });
    });

    it("keeps an item of nearly 400 KB and refuses a larger one", async () => {
      await ledger.write([put("a", "x".repeat(400 * 1_024 - 200), { absent: true })]);
      expect((await ledger.get(pk, "a"))?.data).toHaveLength(400 * 1_024 - 200);
      await expect(ledger.write([put("b", "é".repeat(200 * 1_024), { absent: true })])).rejects.toMatchObject({
        name: "Rejected",
        code: "item_too_large",
      });
    });

    it("takes 100 writes at a time, each on an item of its own", async () => {
      const many = Array.from({ length: 101 }, (_, index) => put(`${index}`, index, { absent: true }));
      const refused = { name: "Rejected", code: "transaction_invalid" };
      await expect(ledger.write(many)).rejects.toMatchObject(refused);
      await expect(ledger.write([put("a", 1, { any: true }), remove("a", { any: true })])).rejects.toMatchObject(
        refused,
      );
      await expect(ledger.write([put("", 1, { any: true })])).rejects.toMatchObject(refused);
      await ledger.write(many.slice(1));
      expect((await ledger.query(pk)).items).toHaveLength(100);
    });

    const all = async (options: Parameters<Ledger["query"]>[1] = {}): Promise<string[]> => {
      const found: LedgerItem[] = [];
      let after = options.after;
      for (let pages = 0; pages < 100; pages += 1) {
        const page = await ledger.query(pk, { ...options, ...(after === undefined ? {} : { after }) });
        expect(page.items.length).toBeLessThanOrEqual(options.limit ?? 1_000);
        found.push(...page.items);
        after = page.next;
        if (after === undefined) return found.map(({ sk }) => sk);
      }
      throw new Error("The pages have no end.");
    };

    it("queries one partition by prefix in byte order, in pages, both ways", async () => {
      const names = ["a", "b", "b#0", "b#1", "b#é", "b#\uffee", "b#😀", "b\uffee", "c"];
      await ledger.write(names.toReversed().map((sk) => put(sk, sk, { absent: true })));
      await ledger.write([{ put: { pk: `${pk}x`, sk: "b#2", data: 0 }, if: { any: true } }]);
      const slots = names.slice(2, 7);
      for (const limit of [1, 2, 5, 100]) {
        expect(await all({ limit })).toEqual(names);
        expect(await all({ limit, descending: true })).toEqual(names.toReversed());
        expect(await all({ limit, prefix: "b#" })).toEqual(slots);
        expect(await all({ limit, prefix: "b#", descending: true })).toEqual(slots.toReversed());
      }
      expect(await all({ prefix: "b#", after: "a" })).toEqual(slots);
      expect(await all({ prefix: "b#", after: "b#00" })).toEqual(slots.slice(1));
      expect(await all({ prefix: "b#", after: "c" })).toEqual([]);
      expect(await all({ prefix: "b#", after: "c", descending: true })).toEqual(slots.toReversed());
      expect(await all({ prefix: "b#", after: "b#00", descending: true })).toEqual(["b#0"]);
      expect(await all({ prefix: "b#", after: "a", descending: true })).toEqual([]);
    });

    it("reads on where DynamoDB ends a page: at 1 MB, and where all of it has expired", async () => {
      const names = Array.from({ length: 9 }, (_, index) => `large#${index}`);
      for (const sk of names) await ledger.write([put(sk, "x".repeat(300_000), { absent: true })]);
      expect(await all({ prefix: "large#" })).toEqual(names);
      expect((await ledger.query(pk, { limit: 9 })).items.map(({ data }) => String(data).length)).toEqual(
        names.map(() => 300_000),
      );
      const old = Array.from({ length: 60 }, (_, index) => put(`old#${index}`, 0, { absent: true }, inSeconds(-10)));
      await ledger.write([...old, put("old#x", 0, { absent: true })]);
      expect((await ledger.query(pk, { prefix: "old#", limit: 1 })).items.map(({ sk }) => sk)).toEqual(["old#x"]);
    });

    it("loses no update of many at a time", async () => {
      await ledger.write([put("counter", 0, { absent: true })]);
      const add = async (): Promise<void> => {
        for (;;) {
          const item = await ledger.get(pk, "counter");
          const next = put("counter", Number(item?.data) + 1, { rev: item?.rev ?? 0 });
          const done = await ledger.write([next]).then(
            () => true,
            (error: unknown) => {
              expect(error).toMatchObject(stale);
              return false;
            },
          );
          if (done) return;
        }
      };
      await Promise.all(Array.from({ length: 15 }, add));
      expect(await ledger.get(pk, "counter")).toMatchObject({ rev: 16, data: 15 });
    });

    it("acts as a map with revisions, whatever is written", async () => {
      const name = fc.constantFrom("a", "b", "b#1", "😀");
      const condition = fc.oneof(
        fc.constant({ absent: true } as const),
        fc.constant({ any: true } as const),
        fc.record({ rev: fc.integer({ min: 1, max: 3 }) }),
      );
      const write = fc.record({ sk: name, condition, value: fc.option(fc.jsonValue(), { nil: undefined }) });
      const batch = fc.uniqueArray(write, { maxLength: 3, selector: ({ sk }) => sk });
      await fc.assert(
        fc.asyncProperty(fc.array(batch, { maxLength: 8 }), async (batches) => {
          pk = `partition/${(partition += 1)}`;
          const model = new Map<string, { rev: number; data: unknown }>();
          for (const writes of batches) {
            const holds = writes.every(({ sk, condition: rule }) => {
              const rev = model.get(sk)?.rev ?? 0;
              return "any" in rule || ("absent" in rule ? rev === 0 : rev === rule.rev);
            });
            const outcome = ledger.write(
              writes.map(({ sk, condition: rule, value }) =>
                value === undefined ? remove(sk, rule) : put(sk, value, rule),
              ),
            );
            if (!holds) {
              await expect(outcome).rejects.toMatchObject(stale);
              continue;
            }
            await outcome;
            for (const { sk, value } of writes) {
              if (value === undefined) model.delete(sk);
              // As JSON has it: -0 is 0.
              else model.set(sk, { rev: (model.get(sk)?.rev ?? 0) + 1, data: JSON.parse(JSON.stringify(value)) });
            }
          }
          const items = (await ledger.query(pk)).items.map(({ sk, rev, data }) => [sk, { rev, data }] as const);
          expect(new Map(items)).toEqual(model);
        }),
        { numRuns: 60 },
      );
    });
  });
}
