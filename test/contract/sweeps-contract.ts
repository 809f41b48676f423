import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { withLease } from "../../core/io/lease.ts";
import type { Ledger } from "../../core/io/ports.ts";
import { continueSweep, isSweepDue, markDue, type SweepCall, type SweepSource } from "../../core/io/sweeps.ts";
import { titleOf, type Home, type Opened } from "./opened.ts";

const HOUR = 3_600_000;

export function sweepsContract(home: Home<Opened<Ledger>>): void {
  describe.skipIf(home.skip !== undefined)(titleOf("sweeps", home), () => {
    let opened: Opened<Ledger>;
    let seen: string[];
    let call: SweepCall;
    let count = 0;
    beforeAll(async () => {
      opened = await home.open();
    });
    beforeEach(() => {
      seen = [];
      call = { id: `outlines-${(count += 1)}`, holder: "test", budgetMs: 60_000 };
    });
    afterAll(() => opened?.close());

    /** Upstreams of so many pages; `fails` are those that have no answer now. */
    const source = (pages: Readonly<Record<string, number>>, fails: readonly string[] = []): SweepSource => ({
      upstreams: Object.keys(pages),
      read: async (upstream, cursor = "0") => {
        if (fails.includes(upstream)) throw new Error(`${upstream} has no answer`);
        seen.push(`${upstream}${cursor}`);
        const next = Number(cursor) + 1;
        return { ...(next < (pages[upstream] ?? 0) ? { next: String(next) } : {}), counts: { pages: 1 } };
      },
    });

    it("goes through all pages in turns, and then has nothing to do until the next round is due", async () => {
      const { port } = opened;
      expect(await isSweepDue(port, call.id, 0)).toBe(true);
      expect(await continueSweep(port, source({ a: 2, b: 3 }), call)).toMatchObject({
        ...{ state: "finished", pages: 5, counts: { pages: 5 }, open: [], lagMs: 0 },
      });
      expect(seen).toEqual(["a0", "b0", "a1", "b1", "b2"]);
      expect(await isSweepDue(port, call.id, Date.now())).toBe(false);
      expect(await isSweepDue(port, call.id, Date.now() + HOUR, HOUR)).toBe(true);
      expect(await continueSweep(port, source({ a: 2, b: 3 }), call)).toMatchObject({ state: "idle", pages: 0 });
      await markDue(port, call.id, Date.now() + 1);
      expect(await isSweepDue(port, call.id, Date.now())).toBe(true);
      expect(await continueSweep(port, source({ a: 2, b: 3 }), call)).toMatchObject({ state: "finished", pages: 5 });
      expect(await continueSweep(port, source({ a: 2, b: 3 }), call)).toMatchObject({ state: "idle" });
      expect(await continueSweep(port, source({ a: 2, b: 3 }), { ...call, everyMs: 0 })).toMatchObject({ pages: 5 });
    });

    it("goes on with those that answer, says who does not, and comes back to it where it stopped", async () => {
      const pages = { a: 2, silent: 2, b: 2 };
      const { port } = opened;
      const report = await continueSweep(port, source(pages, ["silent"]), call);
      expect(report).toMatchObject({
        ...{ state: "unfinished", pages: 4, failures: 1, open: ["silent"] },
        failing: [{ upstream: "silent", error: "silent has no answer" }],
      });
      expect(await isSweepDue(port, call.id, Date.now())).toBe(false);
      expect(await isSweepDue(port, call.id, Date.now() + 31_000)).toBe(true);
      expect(seen.filter((one) => one.startsWith("b"))).toEqual(["b0", "b1"]);
    });

    it("is done by one at a time", async () => {
      const { port } = opened;
      const held = await withLease(port, `sweep/${call.id}`, { holder: "other", ttlSeconds: 30, waitSeconds: 0 }, () =>
        continueSweep(port, source({ a: 2 }), call),
      );
      expect(held).toMatchObject({ state: "held", pages: 0 });
      expect(seen).toEqual([]);
    });

    it("stops when somebody else has gone on with it meanwhile, and leaves his progress alone", async () => {
      const { port } = opened;
      const slow = source({ a: 3 });
      const late = continueSweep(
        port,
        {
          ...slow,
          read: async (upstream, cursor, signal) => {
            const page = await slow.read(upstream, cursor, signal);
            const item = await port.get("sweep", call.id);
            if (cursor === "1" && item !== undefined) await port.write([{ put: item, if: { rev: item.rev } }]);
            return page;
          },
        },
        call,
      );
      await expect(late).rejects.toMatchObject({ name: "Conflict" });
      expect(await continueSweep(port, slow, call)).toMatchObject({ state: "finished" });
      expect(seen).toEqual(["a0", "a1", "a1", "a2"]);
    });

    it("begins anew where its record cannot be read", async () => {
      const { port } = opened;
      await port.write([{ put: { pk: "sweep", sk: call.id, data: { upstreams: 7 } }, if: { any: true } }]);
      expect(await continueSweep(port, source({ a: 2 }), call)).toMatchObject({ state: "finished", pages: 2 });
    });
  });
}
