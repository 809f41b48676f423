import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { manifestKey } from "../../core/io/backfill-manifest.ts";
import { openPk } from "../../core/io/backfill-records.ts";
import type { Ledger } from "../../core/io/ports.ts";
import { Failure } from "../../core/model/failures.ts";
import { ASSET, BackfillWorld, T0 } from "./backfill-world.ts";
import type { OpenedObjects } from "./objects-contract.ts";
import { titleOf, type Home, type Opened } from "./opened.ts";

const day = (index: number): string => `logs/${new Date(T0 - index * 86_400_000).toISOString().slice(0, 10)}/shard`;
const days = (count: number): string[] => Array.from({ length: count }, (_, index) => day(index)).toSorted();
const permanent = { status: "failed", class: "Malformed", code: "gzip_truncated", message: "It is cut off." } as const;

/** Each test has a ledger of its own that it finds empty. */
export function backfillsContract(ledgers: Home<Opened<Ledger>>, objects: Home<OpenedObjects>): void {
  describe.skipIf(ledgers.skip !== undefined)(titleOf("backfills", ledgers), () => {
    let store: OpenedObjects;
    let opened: Opened<Ledger>;
    let world: BackfillWorld;
    beforeAll(async () => {
      store = await objects.open();
    });
    afterAll(() => store?.close());
    beforeEach(async () => {
      opened = await ledgers.open();
      world = new BackfillWorld(opened.port, store.port, store.bucket);
      return () => opened.close();
    });
    let ids = 0;
    /** Manifests of all tests lie in one bucket. */
    const newId = (): string => `${ledgers.name}-${(ids += 1)}`;

    it("asks for a window at a time, and ends with every partition run once", async () => {
      const keys = days(30);
      await world.add(keys);
      const id = newId();
      const { backfills } = world;
      expect(await world.start(id)).toMatchObject({ total: 30, fed: 8, state: "running" });
      expect((await backfills.show(id)).progress).toMatchObject({ waiting: 22, queued: 4, running: 4, succeeded: 0 });
      expect(world.running()[0]?.input).toEqual({ job: "tracking_log", mode: "missing-only", requestedBy: "ada" });
      expect((await world.items.counts(ASSET)).in_progress).toBe(8);
      expect(await world.finish()).toBe(30);
      const { backfill, progress } = await backfills.show(id);
      expect(backfill).toMatchObject({ state: "finished", fed: 30, outcomes: { succeeded: 30 } });
      expect(progress).toEqual({ ...NONE, succeeded: 30 });
      expect((await world.items.counts(ASSET)).materialised).toBe(30);
      expect((await opened.port.query(openPk(id))).items).toEqual([]);
      expect(await backfills.sweep(world.now)).toEqual([]);
      expect((await store.port.head({ bucket: store.bucket, key: manifestKey(id) }))?.sizeBytes).toBeGreaterThan(0);
    });

    it("plans by status, days, prefix and list; changes nothing; says what is left out and what it does not know", async () => {
      await world.add([...days(10), "other/2026-01-14", "no-date"]);
      const { backfills } = world;
      const plan = (more: object, mode: "missing-only" | "all" = "missing-only") =>
        backfills.plan({ asset: ASSET, status: "all", ...more }, mode);
      expect(await plan({})).toMatchObject({ total: 12, lane: "logs", slots: 4, estimate: { sample: 0 } });
      expect(await plan({ from: "2026-01-13", to: "2026-01-14" })).toMatchObject({
        total: 3,
        sample: ["logs/2026-01-13/shard", "logs/2026-01-14/shard", "other/2026-01-14"],
        selection: "all, days 2026-01-13..2026-01-14",
      });
      expect(await plan({ prefix: "logs/", from: "2026-01-13" })).toMatchObject({ total: 3 });
      expect(await plan({ partitions: ["no-date", day(0), "no-date"] })).toMatchObject({ total: 2 });
      await expect(plan({ partitions: ["nowhere"] })).rejects.toMatchObject({ code: "partition_unknown" });
      await expect(plan({ from: "2026-02-30" })).rejects.toMatchObject({ code: "selection_invalid" });
      world.without.add("no-date");
      expect(await plan({})).toMatchObject({ total: 11, leftOut: { "no-input": 1 } });
      expect(await backfills.list()).toEqual([]);

      const id = newId();
      await world.start(id, { partitions: [day(0), day(1)] });
      expect(await plan({})).toMatchObject({ total: 9, leftOut: { in_progress: 2, "no-input": 1 } });
      await world.finish((partition) => (partition === day(0) ? permanent : { status: "succeeded" }));
      expect(await plan({})).toMatchObject({ total: 10, leftOut: { materialised: 1, "no-input": 1 } });
      expect(await plan({}, "all")).toMatchObject({ total: 11, leftOut: { "no-input": 1 } });
      expect(await plan({ status: "failed" })).toMatchObject({ total: 1, sample: [day(0)] });
      expect((await plan({})).estimate).toMatchObject({ sample: 1, milliseconds: 0 });
      const none = world.start(newId(), { prefix: "nothing/" });
      await expect(none).rejects.toMatchObject({ name: "Rejected", code: "nothing_selected" });
    });

    it("ends although one partition always fails, and runs only that one again", async () => {
      await world.add(days(20));
      const id = newId();
      await world.start(id);
      await world.finish((partition) => (partition === day(3) ? permanent : { status: "succeeded" }));
      const { backfills } = world;
      expect((await backfills.show(id)).backfill).toMatchObject({
        state: "finished",
        outcomes: { succeeded: 19, failed: 1, cancelled: 0, skipped: 0 },
      });
      expect(await backfills.ends(id, { outcome: "failed", limit: 10 })).toMatchObject([
        { partition: day(3), class: "Malformed", code: "gzip_truncated", message: "It is cut off." },
      ]);
      expect(await world.recovery.standing(ASSET, world.now + 60_000)).toMatchObject({
        failedPartitions: 1,
        sampleTruncated: false,
        byClass: { Malformed: 1 },
        sample: [{ partition: day(3), class: "Malformed" }],
        recovery: expect.stringContaining(`rerun --failed ${ASSET}`),
      });
      const again = newId();
      expect(await world.start(again, { failedOf: id })).toMatchObject({ total: 1 });
      expect(world.running().map(({ partition }) => partition)).toEqual([day(3)]);
      await world.finish();
      expect((await backfills.show(again)).backfill.outcomes).toMatchObject({ succeeded: 1 });
      expect(await world.recovery.standing(ASSET, world.now)).toMatchObject({ failedPartitions: 0, sample: [] });
    });

    it("pauses, goes on, and when it is cancelled takes back what waits and lets finish what runs", async () => {
      await world.add(days(30));
      const id = newId();
      await world.start(id);
      const { backfills } = world;
      expect(await backfills.order(id, "pause", "bob", world.now)).toMatchObject({ state: "paused", by: "bob" });
      expect(await world.finish()).toBe(8);
      expect((await backfills.show(id)).progress).toEqual({ ...NONE, waiting: 22, succeeded: 8 });
      expect(await backfills.order(id, "resume", "ada", world.now)).toMatchObject({ state: "running", fed: 16 });
      expect(await backfills.order(id, "cancel", "ada", world.now)).toMatchObject({ state: "cancelled" });
      expect((await backfills.show(id)).progress).toEqual({
        ...{ waiting: 14, queued: 0, running: 4, succeeded: 8, failed: 0, cancelled: 4, skipped: 0 },
      });
      expect(await backfills.sweep(world.now)).toEqual([id]);
      expect(await world.finish()).toBe(4);
      expect((await backfills.show(id)).progress).toMatchObject({
        waiting: 14,
        running: 0,
        succeeded: 12,
        cancelled: 4,
      });
      expect(await world.items.counts(ASSET)).toMatchObject({ in_progress: 0, materialised: 12, missing: 18 });
      expect(await backfills.sweep(world.now)).toEqual([]);
      await expect(backfills.order(id, "resume", "ada", world.now)).rejects.toMatchObject({ code: "backfill_over" });
      // Nothing is held by what was cancelled: a person's run starts at once.
      await world.recovery.rerun({ asset: ASSET, partition: day(29) }, { id: "x", author: "ada", now: world.now });
      expect(world.running()).toHaveLength(1);
    });

    it("finds the ends that nobody told it, and counts each once", async () => {
      await world.add(days(10));
      const id = newId();
      await world.start(id);
      const { backfills } = world;
      const names = world.running().map(({ name }) => name);
      for (const [index, name] of names.entries()) {
        await world.end(name, index === 0 ? permanent : { status: "succeeded" }, { lost: true });
      }
      expect((await backfills.show(id)).backfill.outcomes).toMatchObject({ succeeded: 0, failed: 0 });
      expect(await backfills.sweep(world.now)).toEqual([id]);
      expect((await backfills.show(id)).backfill).toMatchObject({ fed: 10, outcomes: { succeeded: 3, failed: 1 } });
      const request = {
        asset: ASSET,
        partition: days(10)[0] ?? "",
        name: names[0] ?? "",
        reason: "backfill",
        group: id,
      } as const;
      expect(await backfills.ended(request, { status: "succeeded" }, world.now)).toBe(id);
      await world.finish();
      expect((await backfills.show(id)).progress).toEqual({ ...NONE, succeeded: 9, failed: 1 });
    });

    it("does not count a run that is interrupted or throttled: it runs again for the same backfill", async () => {
      await world.add([day(0)]);
      const id = newId();
      await world.start(id);
      await world.end(world.running()[0]?.name ?? "", { status: "interrupted" });
      await world.lanes.dispatch(["logs"], world.now);
      await world.end(world.running()[0]?.name ?? "", { status: "failed", class: "Throttled", retryAfterMs: 5_000 });
      expect((await world.backfills.show(id)).progress).toEqual({ ...NONE, queued: 1 });
      world.now += 10_000;
      await world.lanes.tick(world.now);
      expect(await world.finish()).toBe(1);
      expect((await world.backfills.show(id)).progress).toEqual({ ...NONE, succeeded: 1 });
    });

    it("skips what somebody else has made meanwhile, and fails what cannot be started any more", async () => {
      await world.add(days(12));
      const id = newId();
      await world.start(id);
      const rest = days(12).slice(8);
      await world.recovery.rerun(
        { asset: ASSET, partition: rest[0] ?? "" },
        { id: "x", author: "eve", now: world.now },
      );
      world.without.add(rest[1] ?? "");
      await world.items.apply({ asset: ASSET, partition: rest[2] ?? "" }, { type: "retired" }, { now: world.now });
      await world.finish();
      expect((await world.backfills.show(id)).progress).toEqual({ ...NONE, succeeded: 9, failed: 1, skipped: 2 });
      expect(await world.backfills.ends(id, { outcome: "failed", limit: 10 })).toMatchObject([
        { partition: rest[1], class: "Misconfigured", code: "input_unknown" },
      ]);
      expect(world.executions.all).toHaveLength(10);
    });

    it("lets two feed at once, and starts nothing twice", async () => {
      await world.add(days(30));
      const id = newId();
      await world.start(id);
      expect(await world.start(id)).toMatchObject({ total: 30, fed: 8 });
      for (let rounds = 0; world.running().length > 0 && rounds < 100; rounds += 1) {
        const ends = world.running().slice(0, 2);
        await Promise.all(ends.map(({ name }) => world.end(name, { status: "succeeded" })));
        await Promise.all([world.backfills.feed(id, world.now), world.backfills.sweep(world.now)]);
      }
      expect((await world.backfills.show(id)).progress).toEqual({ ...NONE, succeeded: 30 });
      expect(world.executions.all).toHaveLength(30);
    });

    it("is cancelled while others feed it: nothing of it waits or runs on unseen", async () => {
      await world.add(days(30));
      const id = newId();
      await world.start(id);
      const { backfills } = world;
      const ends = world.running().map(({ name }) => world.end(name, { status: "succeeded" }));
      const feeding = [backfills.feed(id, world.now), backfills.sweep(world.now)];
      await Promise.all([...ends, ...feeding, backfills.order(id, "cancel", "ada", world.now)]);
      await backfills.sweep(world.now);
      // What was granted while its cancellation was under way may have been stopped, which ends it as cancelled.
      const stopped = await world.tellStopped();
      const ran = 4 + (await world.finish());
      await backfills.sweep(world.now);
      const { progress } = await backfills.show(id);
      expect(progress).toMatchObject({ queued: 0, running: 0, succeeded: ran, failed: 0, skipped: 0 });
      expect(progress.waiting + progress.succeeded + progress.cancelled).toBe(30);
      expect(await world.items.counts(ASSET)).toMatchObject({ in_progress: 0, materialised: ran });
      expect(world.executions.all).toHaveLength(ran + stopped);
      expect(await backfills.sweep(world.now)).toEqual([]);
    });

    it("stops what is granted between the look at its slot and its withdrawal, and counts it as cancelled", async () => {
      await world.add(days(10));
      const id = newId();
      await world.start(id);
      const { backfills, lanes } = world;
      const [first] = world.running();
      const { withdraw } = lanes;
      lanes.withdraw = async (name, reason) => {
        lanes.withdraw = withdraw;
        await world.end(first?.name ?? "", { status: "succeeded" });
        return withdraw(name, reason);
      };
      await backfills.order(id, "cancel", "ada", world.now);
      expect((await backfills.show(id)).progress).toMatchObject({ waiting: 2, queued: 0, running: 4, cancelled: 3 });
      expect(await world.tellStopped()).toBe(1);
      expect(await world.finish()).toBe(3);
      await backfills.sweep(world.now);
      expect((await backfills.show(id)).progress).toEqual({ ...NONE, waiting: 2, succeeded: 4, cancelled: 4 });
      expect(await world.items.counts(ASSET)).toMatchObject({ in_progress: 0, materialised: 4 });
    });

    it("has the latest failed run go on in a slot of its lane, and takes its new result", async () => {
      await world.add(["2026-01-01"]);
      const key = { asset: ASSET, partition: "2026-01-01" };
      const by = () => ({ author: "ada", now: world.now });
      await expect(world.recovery.redrive(key, by())).rejects.toMatchObject({ code: "nothing_failed" });
      const { request } = await world.recovery.rerun(key, { id: "wish", ...by() });
      const name = request?.name ?? "";
      await expect(world.recovery.redrive(key, by())).rejects.toMatchObject({ code: "run_in_flight" });
      const failed = { status: "failed", class: "Rejected" } as const;
      await world.end(name, failed);
      expect(await world.recovery.redrive(key, by())).toBe(name);
      expect(await world.executions.describe({ domain: "openedx", name })).toMatchObject({
        ...{ status: "RUNNING", redrives: 1 },
      });
      expect(await world.lanes.slotOf(name)).toMatchObject({ name });
      await world.end(name, failed);
      expect(await world.lanes.slotOf(name)).toBeUndefined();

      await world.lanes.close("logs", { class: "operator", reason: "no", since: world.now });
      await world.recovery.redrive(key, by());
      expect(world.running()).toEqual([]);
      expect(await world.recovery.cancel(name, { ...by(), domains: [] })).toBe("withdrawn");
      expect((await world.items.read(key))?.last).toMatchObject({ status: "failed", run: name });
      world.now += 1_000;
      await world.recovery.redrive(key, by());
      await world.lanes.open("logs", world.now);
      await world.end(name, { status: "succeeded" });
      expect(await world.items.counts(ASSET)).toMatchObject({ materialised: 1, failed: 0, in_progress: 0 });
      expect(world.executions.all).toHaveLength(1);
    });

    it("continues what was granted by somebody who died before it went on", async () => {
      await world.add(["2026-01-01"]);
      const key = { asset: ASSET, partition: "2026-01-01" };
      const { request } = await world.recovery.rerun(key, { id: "wish", author: "ada", now: world.now });
      const name = request?.name ?? "";
      await world.end(name, { status: "failed", class: "Rejected" });
      const { redrive } = world.executions;
      world.executions.redrive = async () => {
        throw new Failure("Transient", "The process dies here.", { code: "dead", what: "redrive" });
      };
      await world.recovery.redrive(key, { author: "ada", now: world.now });
      expect(world.running()).toEqual([]);
      world.executions.redrive = redrive;
      expect((await world.lanes.tick(world.now + 60_000)).started).toEqual([name]);
      expect(world.running()).toMatchObject([{ name }]);
    });

    it("reruns one item before all others, once per wish, and cancels it where it is", async () => {
      await world.add(days(9));
      await world.start(newId());
      const key = { asset: ASSET, partition: days(9)[8] ?? "" };
      const ask = { id: "wish", author: "ada", now: world.now };
      const { request } = await world.recovery.rerun(key, ask);
      expect(request).toMatchObject({ priority: "manual", input: { requestedBy: "ada" } });
      expect(await world.recovery.rerun(key, ask)).toEqual({ waits: true });
      expect((await world.lanes.waiting("logs", { limit: 1 }))[0]).toMatchObject({ name: request?.name, behind: 0 });
      const by = { author: "ada", now: world.now, domains: ["openedx"] };
      expect(await world.recovery.cancel(request?.name ?? "", by)).toBe("withdrawn");
      expect((await world.items.read(key))?.runs).toEqual([]);
      await expect(world.recovery.cancel(request?.name ?? "", by)).rejects.toMatchObject({ code: "run_over" });
      const [first] = world.running();
      expect(await world.recovery.cancel(first?.name ?? "", { ...by, reason: "wrong day" })).toBe("stopping");
      expect(world.executions.find("openedx", first?.name ?? "")?.state).toMatchObject({
        status: "ABORTED",
        cause: "Cancelled by ada: wrong day",
      });
      await expect(
        world.recovery.rerun({ asset: ASSET, partition: "nowhere" }, { ...ask, id: "y" }),
      ).rejects.toMatchObject({ code: "partition_unknown" });
    });
  });
}

const NONE = { waiting: 0, queued: 0, running: 0, succeeded: 0, failed: 0, cancelled: 0, skipped: 0 };
