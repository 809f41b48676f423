import { beforeEach, describe, expect, it } from "vitest";
import { addDays } from "../../core/io/added-days.ts";
import { openItems } from "../../core/io/items.ts";
import { readSettings } from "../../core/io/settings.ts";
import type { Ledger } from "../../core/io/ports.ts";
import { daysUntil } from "../../core/model/items/daily.ts";
import { definePipeline, type AssetDeclaration } from "../../core/model/pipeline.ts";
import { environmentOf } from "../../bin/environments.ts";
import { declaredRuns, taskEnvironment } from "../../lib/constructs/task-environment.ts";
import { namesOf } from "../../lib/environment.ts";
import { memoryLedger } from "../standins/memory-ledger.ts";
import { memoryObjects } from "../standins/memory-objects.ts";
import { mortal } from "../standins/mortal.ts";
import { ASSET, BackfillWorld } from "./backfill-world.ts";

const at = (text: string): number => Date.parse(text);
const daily = (id: string, start: string, timeZone: string): AssetDeclaration => ({
  ...{ id, description: id, partition: "day", tables: [] },
  partitioning: { kind: "daily", from: { dev: start, qa: "2026-01-01" }, timeZone },
});
/** The days of an environment, as a pipeline declares them and the coordinator is told them. */
const declared = (...assets: AssetDeclaration[]) => {
  const pipeline = definePipeline({
    ...{ domain: "days", description: "Days.", jobs: {}, tasks: {}, triggers: [], lanes: [], assets },
  });
  const place = { account: "111122223333", region: "us-east-1", partition: "aws" };
  const dev = environmentOf("dev");
  const told = taskEnvironment(place, dev, namesOf(dev), { watches: ["daily"] }, declaredRuns(dev, [pipeline]));
  return readSettings(told).watched?.daily ?? [];
};

let ledger: Ledger;
beforeEach(() => {
  ledger = memoryLedger();
});

const tick = (assets: ReturnType<typeof declared>, now: string, to = ledger) =>
  addDays({ ledger: to, items: openItems(to) }, assets, at(now));
const days = async (asset: string): Promise<string[]> => {
  const found: string[] = [];
  for (let after: string | undefined; ;) {
    const page = await openItems(ledger).page(asset, { limit: 1_000, ...(after === undefined ? {} : { after }) });
    found.push(...page.items.map(({ partition }) => partition));
    if (page.next === undefined) return found;
    after = page.next;
  }
};

describe("the days of an asset", () => {
  it("are added when they have ended in its zone, once, and ask for nothing", async () => {
    const assets = declared(daily("ny", "2026-03-06", "America/New_York"), daily("utc", "2026-03-07", "UTC"));
    await tick(assets, "2026-03-08T04:59:59Z");
    expect(await days("ny")).toEqual(["2026-03-06"]);
    expect(await days("utc")).toEqual(["2026-03-07"]);
    // The 8th has 23 hours in New York.
    expect(await tick(assets, "2026-03-09T03:59:59Z")).toEqual({ added: 2, open: [] });
    expect(await days("ny")).toEqual(["2026-03-06", "2026-03-07"]);
    expect(await tick(assets, "2026-03-09T04:00:00Z")).toEqual({ added: 1, open: [] });
    expect(await days("ny")).toEqual(["2026-03-06", "2026-03-07", "2026-03-08"]);
    // The 1st of November has 25.
    await tick(assets, "2026-11-02T04:59:59Z");
    expect((await days("ny")).at(-1)).toBe("2026-10-31");
    await tick(assets, "2026-11-02T05:00:00Z");
    expect((await days("ny")).at(-1)).toBe("2026-11-01");
    expect(await openItems(ledger).counts("ny")).toMatchObject({ missing: 241, in_progress: 0 });
  });

  it("leave out one that the zone never had", async () => {
    await tick(declared(daily("apia", "2011-12-28", "Pacific/Apia")), "2012-01-01T12:00:00Z");
    expect(await days("apia")).toEqual(["2011-12-28", "2011-12-29", "2011-12-31", "2012-01-01"]);
  });

  it("cost one read where none is due, and none where none is declared", async () => {
    const assets = declared(daily("a", "2026-01-01", "UTC"), daily("b", "2026-01-01", "Asia/Kathmandu"));
    await tick(assets, "2026-02-01T12:00:00Z");
    let calls: string[] = [];
    const counting = new Proxy(ledger, {
      get: (target, name) => {
        calls.push(String(name));
        return Reflect.get(target, name);
      },
    });
    expect(await tick(assets, "2026-02-01T12:01:00Z", counting)).toEqual({ added: 0, open: [] });
    expect(calls).toEqual(["query"]);
    calls = [];
    await tick(declared(), "2026-02-01T12:01:00Z", counting);
    expect(calls).toEqual([]);
  });

  it("are not added twice by a clock that goes back, nor missed by one that jumps", async () => {
    const assets = declared(daily("a", "2026-01-01", "UTC"));
    await tick(assets, "2026-01-11T00:00:00Z");
    expect(await tick(assets, "2026-01-04T00:00:00Z")).toEqual({ added: 0, open: [] });
    expect(await tick(assets, "2026-01-11T23:59:59Z")).toEqual({ added: 0, open: [] });
    expect(await tick(assets, "2026-04-01T00:00:00Z")).toEqual({ added: 80, open: [] });
    expect(await days("a")).toEqual([...daysUntil({ start: "2026-01-01", timeZone: "UTC" }, at("2026-04-01"))]);
  });

  it("begin anew where an earlier first day is declared, and stay where a later one is", async () => {
    await tick(declared(daily("a", "2026-01-10", "UTC")), "2026-01-12T00:00:00Z");
    await tick(declared(daily("a", "2026-01-08", "UTC")), "2026-01-12T00:00:00Z");
    expect(await days("a")).toEqual(["2026-01-08", "2026-01-09", "2026-01-10", "2026-01-11"]);
    expect(await tick(declared(daily("a", "2026-01-11", "UTC")), "2026-01-13T00:00:00Z")).toMatchObject({ added: 1 });
    await tick(declared(daily("a", "2026-01-20", "UTC")), "2026-01-22T00:00:00Z");
    await tick(declared(daily("a", "2026-01-08", "UTC")), "2026-01-22T00:00:00Z");
    expect(await days("a")).toHaveLength(14);
  });

  it("run when a backfill takes them by day, and not because they were added", async () => {
    const world = new BackfillWorld(ledger, memoryObjects(), "artifacts");
    await tick(declared(daily(ASSET, "2016-01-01", "UTC")), "2026-01-15T00:00:00Z");
    await world.lanes.tick(world.now);
    expect(world.executions.all).toEqual([]);
    const range = { from: "2025-12-31", to: "2026-01-03" };
    const selection = { asset: ASSET, status: "all", ...range } as const;
    expect(await world.backfills.plan(selection, "missing-only")).toMatchObject({ total: 4 });
    await world.start("backfill-days", range);
    expect(await world.finish()).toBe(4);
    expect(world.executions.all.map(({ input }) => (input as { item: { partition: string } }).item.partition)).toEqual([
      ...["2025-12-31", "2026-01-01", "2026-01-02", "2026-01-03"],
    ]);
  });

  it("stay retired once somebody has retired them", async () => {
    await tick(declared(daily("a", "2026-01-10", "UTC")), "2026-01-12T00:00:00Z");
    const order = { author: "ada", reason: "the source was down", at: 1 };
    await openItems(ledger).apply({ asset: "a", partition: "2026-01-10" }, { type: "retired", order }, { now: 2 });
    await tick(declared(daily("a", "2026-01-09", "UTC")), "2026-01-12T00:00:00Z");
    expect(await openItems(ledger).counts("a")).toMatchObject({ missing: 2, retired: 1 });
  });

  it("of many years are added in bounded pages that take turns, over several ticks", async () => {
    const assets = declared(daily("a", "1990-01-01", "UTC"), daily("b", "2025-12-01", "UTC"));
    const first = await tick(assets, "2026-01-01T00:00:00Z");
    expect(first).toEqual({ added: 9 * 700 + 31, open: ["a"] });
    expect(await days("b")).toHaveLength(31);
    await tick(assets, "2026-01-01T00:01:00Z");
    expect(await days("a")).toEqual([...daysUntil({ start: "1990-01-01", timeZone: "UTC" }, at("2026-01-01"))]);
    expect(await tick(assets, "2026-01-01T00:02:00Z")).toEqual({ added: 0, open: [] });
  });

  it("are all there once, wherever it was killed, and with two clocks at a time", async () => {
    const assets = declared(daily("a", "2025-12-01", "UTC"), daily("b", "2025-12-20", "America/Sao_Paulo"));
    const now = "2026-01-01T12:00:00Z";
    for (const effect of [false, true]) {
      for (let call = 0, killed = true; killed; call += 1) {
        ledger = memoryLedger();
        const one = mortal(call, effect);
        killed = (await one.live(() => tick(assets, now, one.wrap(ledger)))) === "killed";
        await Promise.all([tick(assets, now), tick(assets, now)]);
        expect(await days("a"), `call ${call}`).toHaveLength(31);
        expect(await days("b"), `call ${call}`).toHaveLength(12);
        expect(await openItems(ledger).counts("a")).toMatchObject({ missing: 31 });
        expect(await tick(assets, now)).toEqual({ added: 0, open: [] });
      }
    }
  }, 60_000);
});
