import { beforeEach, describe, expect, it } from "vitest";
import { memoryLedger } from "../standins/memory-ledger.ts";
import { memoryObjects } from "../standins/memory-objects.ts";
import { mortal } from "../standins/mortal.ts";
import { ASSET, BackfillWorld } from "./backfill-world.ts";

const KEYS = Array.from({ length: 8 }, (_, index) => `day-${index}`);
/** Waits behind the lane's four slots. */
const LAST = KEYS[7] ?? "";
const key = { asset: ASSET, partition: LAST };

let world: BackfillWorld;
beforeEach(async () => {
  world = new BackfillWorld(memoryLedger(), memoryObjects(), "artifacts");
  await world.add(KEYS);
});

const wish = (id = "wish", mode?: string) => ({
  id,
  author: "ada",
  now: world.now,
  ...(mode === undefined ? {} : { mode }),
});
const rerun = (id?: string, mode?: string) => world.recovery.rerun(key, wish(id, mode));
const first = async () => (await world.lanes.waiting("logs", { limit: 1 }))[0];
const ofLast = () => world.executions.all.filter(({ input }) => JSON.stringify(input).includes(`"${LAST}"`));
const startBackfill = () =>
  world.backfills.start({
    ...{ id: "bf", mode: "all", author: "bob", now: world.now },
    selection: { asset: ASSET, status: "all" },
  });

describe("a person's wish for an item that waits", () => {
  it("takes over what a backfill asked for: in front, as theirs, one run, and counted by the backfill still", async () => {
    await startBackfill();
    const before = (await world.items.read(key))?.runs[0]?.name;
    const { request, waits } = await rerun();
    expect(waits).toBe(false);
    expect(request).toMatchObject({
      name: before,
      reason: "manual",
      priority: "manual",
      input: { requestedBy: "ada" },
    });
    expect(request?.input).not.toHaveProperty("mode");
    expect(await first()).toMatchObject({ name: before, priority: "manual", group: ASSET });
    expect(await rerun()).toEqual({ waits: true });
    await world.finish();
    expect(ofLast()).toHaveLength(1);
    expect(ofLast()[0]?.input).toMatchObject({ requestedBy: "ada", job: "tracking_log" });
    expect((await world.backfills.show("bf")).progress).toMatchObject({ succeeded: 8, queued: 0, running: 0 });
    expect((await world.backfills.show("bf")).backfill.state).toBe("finished");
    expect(await world.items.read(key)).toMatchObject({ asks: [], pending: [], runs: [], requests: 1 });
  });

  it("brings its own mode", async () => {
    await startBackfill();
    expect((await rerun("wish", "redeliver")).request?.input).toMatchObject({ mode: "redeliver" });
  });

  it("outlives the backfill's cancellation", async () => {
    await startBackfill();
    await rerun();
    await world.backfills.order("bf", "cancel", "bob", world.now);
    await world.finish();
    expect(ofLast()).toMatchObject([{ state: { status: "SUCCEEDED" } }]);
    await world.backfills.sweep(world.now);
    expect((await world.backfills.show("bf")).progress).toMatchObject({ queued: 0, running: 0 });
  });

  it("starts at once what a failure delays for ten minutes, unless its upstream throttles", async () => {
    const fail = async (failureClass: string): Promise<void> => {
      const name = world.running().find(({ partition }) => partition === LAST)?.name ?? "";
      await world.end(name, { status: "failed", class: failureClass, retryAfterMs: 3_600_000 });
    };
    await rerun("one");
    await fail("Transient");
    expect(world.running()).toEqual([]);
    expect((await first())?.reason).toMatchObject({ why: "delayed" });
    await rerun("two");
    expect(world.running()).toMatchObject([{ partition: LAST, input: { requestedBy: "ada" } }]);
    expect(ofLast()).toHaveLength(2);
    await fail("Throttled");
    expect(world.running()).toEqual([]);
    const delayed = await first();
    expect(delayed).toMatchObject({ priority: "manual", reason: { why: "delayed" } });
  });

  it("follows the run that its lane has granted just before, and the one that a person asked for", async () => {
    await startBackfill();
    for (const { name } of world.running()) await world.end(name, { status: "succeeded" });
    expect(world.running().map(({ partition }) => partition)).toContain(LAST);
    expect(await rerun()).toEqual({ waits: true });
    expect(await rerun("second")).toEqual({ waits: true });
    await world.finish();
    expect(ofLast()).toHaveLength(3);
  });

  it("meets the grant itself: whichever comes first, no run is lost and none is started as both", async () => {
    await startBackfill();
    const waiting = (await world.items.read(key))?.runs[0]?.name ?? "";
    let isMet = false;
    const { ledger } = world;
    const meeting = {
      ...ledger,
      write: async (...writes: Parameters<typeof ledger.write>) => {
        if (!isMet && JSON.stringify(writes).includes('"wish"')) {
          isMet = true;
          for (const { name } of world.running()) await world.end(name, { status: "succeeded" });
        }
        return ledger.write(...writes);
      },
    };
    const other = new BackfillWorld(meeting, memoryObjects(), "artifacts", world.executions);
    expect(await other.recovery.rerun(key, wish())).toEqual({ waits: true });
    expect(isMet).toBe(true);
    expect(world.executions.find("openedx", waiting)?.input).toMatchObject({ requestedBy: "bob", mode: "all" });
    await world.finish();
    expect(ofLast()).toHaveLength(2);
    expect((await world.backfills.show("bf")).progress).toMatchObject({ succeeded: 8 });
  });

  it("that is killed anywhere is wished again, and makes one run", async () => {
    for (const effect of [false, true]) {
      for (let at = 0, died = true; died; at += 1) {
        world = new BackfillWorld(memoryLedger(), memoryObjects(), "artifacts");
        await world.add(KEYS);
        await startBackfill();
        const death = mortal(at, effect);
        const dying = new BackfillWorld(death.wrap(world.ledger), memoryObjects(), "artifacts", world.executions);
        died = (await death.live(() => dying.recovery.rerun(key, wish()))) === "killed";
        await rerun();
        await world.finish();
        expect(ofLast(), `call ${at}, effect ${effect}`).toHaveLength(1);
        expect((await world.backfills.show("bf")).progress).toMatchObject({ succeeded: 8, queued: 0 });
        expect(await world.items.read(key)).toMatchObject({ asks: [], runs: [] });
        if (at > 200) throw new Error("It never ends.");
      }
    }
  });
});
