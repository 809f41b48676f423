import { expect, it } from "vitest";
import { openPk } from "../../core/io/backfill-records.ts";
import { BACKFILL_OUTCOMES } from "../../core/model/backfills/backfill.ts";
import { memoryLedger } from "../standins/memory-ledger.ts";
import { MemoryExecutions } from "../standins/memory-executions.ts";
import { memoryObjects } from "../standins/memory-objects.ts";
import { mortal } from "../standins/mortal.ts";
import { ASSET, BackfillWorld } from "./backfill-world.ts";

/** One more than the window, so that the first end feeds the last one. */
const KEYS = Array.from({ length: 9 }, (_, index) => `2026-01-0${index + 1}`);
const BUCKET = "artifacts";

/** Kills the story at each of its calls, before and after the call's effect, until it lives to its end. */
async function killedEverywhere(
  story: (world: BackfillWorld, id: string) => Promise<unknown>,
  check: (world: BackfillWorld, id: string) => Promise<void>,
): Promise<number> {
  for (let at = 0; at < 5_000; at += 1) {
    let survived = false;
    for (const effect of [false, true]) {
      const [ledger, objects, executions] = [memoryLedger(), memoryObjects(), new MemoryExecutions()];
      const id = `kill-${at}-${effect}`;
      const { wrap, live } = mortal(at, effect);
      const after = new BackfillWorld(ledger, objects, BUCKET, executions);
      await after.add(KEYS);
      const doomed = new BackfillWorld(wrap(ledger), objects, BUCKET, executions);
      survived = (await live(() => story(doomed, id))) !== "killed";
      after.now += 10 * 60_000;
      // Ends are told again until somebody lives to follow them up; leases and sweeps find the rest.
      for (const { name, state } of executions.all) {
        if (state.status === "SUCCEEDED") await after.followUp(name, { status: "succeeded" });
      }
      await after.lanes.tick(after.now);
      await check(after, id);
      const started = executions.all.map(({ input }) => (input as { item: { partition: string } }).item.partition);
      expect(started.length, `double run, killed at ${at}`).toBe(new Set(started).size);
      expect((await ledger.query("queue#logs")).items).toEqual([]);
      expect((await ledger.query(openPk(id))).items, `left open, killed at ${at}`).toEqual([]);
    }
    if (survived) return at;
  }
  throw new Error("The story has no end.");
}

it("a feeder that is killed anywhere loses no partition and runs none twice", async () => {
  const calls = await killedEverywhere(
    async (world, id) => {
      await world.start(id);
      await world.end(world.running()[0]?.name ?? "", { status: "succeeded" });
    },
    async (world, id) => {
      // Whoever got no answer starts it again under the same id.
      await world.start(id);
      await world.backfills.sweep(world.now);
      await world.finish();
      await world.backfills.sweep(world.now);
      const { backfill, progress } = await world.backfills.show(id);
      expect(backfill.state).toBe("finished");
      expect(progress.succeeded + progress.skipped).toBe(backfill.total);
      expect((await world.items.counts(ASSET)).materialised).toBe(KEYS.length);
    },
  );
  expect(calls).toBeGreaterThan(50);
}, 60_000);

it("a cancellation that is killed anywhere is finished by the sweep, and holds nothing", async () => {
  await killedEverywhere(
    async (world, id) => {
      await world.start(id);
      await world.backfills.order(id, "cancel", "ada", world.now);
    },
    async (world, id) => {
      await world.start(id);
      await world.backfills.order(id, "cancel", "ada", world.now);
      await world.backfills.sweep(world.now);
      const ran = await world.finish();
      await world.backfills.sweep(world.now);
      const { backfill, progress } = await world.backfills.show(id);
      expect(backfill.state).toBe("cancelled");
      expect(progress).toMatchObject({ queued: 0, running: 0, succeeded: ran });
      expect(BACKFILL_OUTCOMES.reduce((sum, one) => sum + progress[one], progress.waiting)).toBe(KEYS.length);
      expect(await world.items.counts(ASSET)).toMatchObject({ in_progress: 0, materialised: ran });
      expect(await world.backfills.sweep(world.now)).toEqual([]);
    },
  );
}, 60_000);

it("a person's cancellation that is killed anywhere leaves no item waiting for nobody", async () => {
  const key = { asset: ASSET, partition: KEYS[8] ?? "" };
  const rerun = (world: BackfillWorld) => world.recovery.rerun(key, { id: "wish", author: "ada", now: world.now });
  await killedEverywhere(
    async (world, id) => {
      await world.start(id, { partitions: KEYS.slice(0, 8) });
      const { request } = await rerun(world);
      const by = { author: "ada", now: world.now, domains: ["openedx"] };
      await world.recovery.cancel(request?.name ?? "", by);
    },
    async (world, id) => {
      await world.start(id, { partitions: KEYS.slice(0, 8) });
      await world.backfills.sweep(world.now);
      await world.recovery.orphans(ASSET, world.now);
      await world.finish();
      expect(await world.items.counts(ASSET)).toMatchObject({ in_progress: 0 });
      expect(await world.recovery.orphans(ASSET, world.now)).toBe(0);
    },
  );
}, 60_000);
