import { beforeEach, describe, expect, it } from "vitest";
import type { DeclaredAsset } from "../../core/model/assets.ts";
import { memoryLedger } from "../standins/memory-ledger.ts";
import { mortal } from "../standins/mortal.ts";
import { MINUTE, VersionsWorld } from "./versions-world.ts";

const ASSET = "mitx/openedx/raw_data/tracking_logs";
const declared = (codeVersion: string): DeclaredAsset[] => [{ id: ASSET, domain: "openedx", codeVersion }];
const [v1, v2, v3] = [declared("1"), declared("2"), declared("3")];

let world: VersionsWorld;
beforeEach(async () => {
  world = new VersionsWorld(memoryLedger());
});

const made = async (...partitions: string[]): Promise<void> => {
  for (const partition of partitions) await world.landed(v1, ASSET, partition);
};
const state = (partition: string) => world.coordination(v1).items.read({ asset: ASSET, partition });

describe("a code version", () => {
  it("that is the first to be heard of an asset changes nothing, whatever there is", async () => {
    await made("a", "b");
    await world.minutes(30, v1);
    expect(world.started()).toEqual([]);
    expect(await world.codeVersions(v1).due(world.clock.now())).toBe(false);
  });

  it("that is another one requests one run of everything that was ever tried, and of nothing else", async () => {
    await made("a", "b");
    await world.landed(v1, ASSET, "bad", "FAILED");
    await world.coordination(v1).items.addAll(ASSET, ["never"], world.clock.now());
    await world.minutes(30, v1);
    for (const { name } of world.running()) await world.end(v1, name, "FAILED");
    const before = world.started().length;
    const report = await world.minutes(12, v2);
    expect(report).toMatchObject({ state: "finished", told: 4, requested: 3, held: 0 });
    expect((await world.finish(v2)).toSorted()).toEqual(["a", "b", "bad"]);
    expect(world.started().length - before).toBe(3);
    expect(await state("a")).toMatchObject({ pending: [], success: { codeVersion: "2" } });
    expect(await state("never")).toMatchObject({ code: null, requests: 0 });
    await world.minutes(30, v2);
    expect(world.running()).toEqual([]);
  });

  it("reaches items that were made before any was declared", async () => {
    await world.landed([], ASSET, "old");
    expect(await state("old")).toMatchObject({ code: null, success: { codeVersion: null } });
    await world.minutes(1, v1);
    await world.minutes(12, v2);
    expect(await world.finish(v2)).toEqual(["old"]);
  });

  it("of a release that gives old and new code calls in turn, or is taken back, runs nothing", async () => {
    await made("a");
    await world.minutes(1, v1);
    for (let minute = 0; minute < 12; minute += 1) await world.minutes(1, minute % 4 === 1 ? v2 : v1);
    await world.minutes(9, v2);
    await world.minutes(30, v1);
    expect(world.started()).toEqual([]);
  });

  it("is told to the end, and then the next, when another comes half-way; so is the one that comes back", async () => {
    const partitions = Array.from({ length: 250 }, (_, index) => `p${String(index).padStart(3, "0")}`);
    await made(...partitions);
    await world.minutes(1, v1);
    await world.minutes(10, v2);
    world.clock.skip(MINUTE);
    // One page of two.
    const death = mortal(900, true);
    const ports = { ledger: death.wrap(world.ports.ledger), executions: world.executions };
    await death.live(() => world.codeVersions(v2, ports).run(world.life()));
    const heard = (await Promise.all(partitions.map(state))).filter((one) => one?.code?.version === "2").length;
    expect(heard).toBeGreaterThan(0);
    expect(heard).toBeLessThan(250);
    await world.minutes(12, v1);
    await world.coordination(v1).lanes.tick(world.clock.now());
    await world.finish(v1);
    const states = await Promise.all(partitions.map(state));
    // Whoever had heard nothing of the second was made with the first, and stays as it is.
    expect(states.filter((one) => one?.success?.codeVersion === "1")).toHaveLength(heard);
    expect(new Set(states.map((one) => one?.code?.version))).toEqual(new Set(["1"]));
    expect(states.every((one) => one?.pending.length === 0)).toBe(true);
    await world.minutes(12, v3);
    await world.finish(v3);
    const after = await Promise.all(partitions.map(state));
    expect(new Set(after.map((one) => one?.success?.codeVersion))).toEqual(new Set(["3"]));
  }, 60_000);

  it("costs one query a call while nothing is new", async () => {
    await made("a");
    await world.minutes(1, v1);
    let calls = 0;
    const counting = {
      ...world.ports.ledger,
      query: (...args: Parameters<typeof world.ports.ledger.query>) => (
        (calls += 1),
        world.ports.ledger.query(...args)
      ),
    };
    const silent = {
      ...counting,
      get: () => Promise.reject(new Error("read")),
      write: () => Promise.reject(new Error("write")),
    };
    expect(await world.codeVersions(v1, { ledger: silent, executions: world.executions }).due(world.clock.now())).toBe(
      false,
    );
    expect(calls).toBe(1);
  });
});
