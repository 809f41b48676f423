import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { embeddedLedger } from "../../core/io/embedded/ledger.ts";
import { itemsPk, shardOf } from "../../core/io/item-records.ts";
import { Failure } from "../../core/model/failures.ts";
import { LANDED, landedVersion, landingPartition } from "../../core/model/landings/landing.ts";
import { memoryLedger } from "../standins/memory-ledger.ts";
import { mortal } from "../standins/mortal.ts";
import { BUCKET, HOUR, LANDINGS, landingBucket, NOW, ReconcileWorld } from "./reconcile-world.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const [logs, courses, archives] = LANDINGS as [(typeof LANDINGS)[0], (typeof LANDINGS)[0], (typeof LANDINGS)[0]];
const COURSE = "sources/courses/course-v1:MITx+6.00.1x+2T2026.xml.tar.gz";

let bucket: ReturnType<typeof landingBucket>;
beforeEach(() => {
  bucket = landingBucket();
});
afterEach(() => bucket.close());

describe("the reconciliation", () => {
  let world: ReconcileWorld;
  beforeEach(() => {
    world = new ReconcileWorld({ ledger: memoryLedger(), objects: bucket.objects });
  });

  it("requests what no record covers, with the object's own key, and nothing twice", async () => {
    bucket.put(COURSE);
    bucket.put("sources/logs/a.log.gz");
    await world.ran(logs, "sources/logs/a.log.gz", "e1");
    expect(await world.reconcile()).toMatchObject({ listed: 2, known: 1, requested: 1, skipped: 0, finished: true });
    expect(world.found()).toMatchObject([
      {
        domain: "openedx",
        input: {
          ...{ job: "load", bucket: BUCKET, key: COURSE },
          item: { asset: "courses/raw_data", partition: "course-v1:MITx+6.00.1x+2T2026" },
        },
      },
    ]);
    expect(await world.reconcile()).toMatchObject({ listed: 2, known: 2, requested: 0, finished: true });
    expect(world.started()).toHaveLength(1);
  });

  it("requests an object once more when its content has changed since, and not when the same came again", async () => {
    const key = "sources/logs/a.log.gz";
    bucket.put(key);
    await world.ran(logs, key, "e1");
    bucket.put(key, "e1");
    expect(await world.reconcile()).toMatchObject({ known: 1, requested: 0 });
    bucket.put(key, "e2");
    expect(await world.reconcile()).toMatchObject({ known: 0, requested: 1 });
    expect(world.started()).toEqual([key]);
  });

  it("asks no more for what has failed: that is the inventory's", async () => {
    bucket.put("sources/logs/bad.log.gz");
    await world.ran(logs, "sources/logs/bad.log.gz", "e1", "FAILED");
    expect(await world.reconcile()).toMatchObject({ known: 1, requested: 0 });
  });

  it("leaves alone what is no input, what nobody watches, and what is younger than an hour", async () => {
    bucket.put("sources/logs/", "e1", { sizeBytes: 0 });
    bucket.put("sources/logs/2026/", "e1", { sizeBytes: 0 });
    bucket.put("sources/archives/readme.txt");
    bucket.put("sources/archives/a.zip");
    bucket.put("sources/elsewhere/a.zip");
    bucket.put("sources/logs//twice.log");
    bucket.put("sources/logs/young.log", "e1", { ageMs: HOUR - 1 });
    bucket.put("sources/logs/empty.log", "e1", { sizeBytes: 0 });
    expect(await world.reconcile()).toMatchObject({ listed: 7, requested: 3, skipped: 4 });
    const taken = ["sources/archives/a.zip", "sources/logs//twice.log", "sources/logs/empty.log"];
    expect(world.started().toSorted()).toEqual(taken);
  });

  it("has runs wait in the lane that their landing declares", async () => {
    for (const name of ["weekly/a.tar", "weekly/b.tar", "logs/a.log.gz", "logs/b.log.gz"])
      bucket.put(`sources/${name}`);
    expect(await world.reconcile()).toMatchObject({ requested: 4, finished: true });
    const taken = ["sources/logs/a.log.gz", "sources/logs/b.log.gz", "sources/weekly/a.tar"];
    expect(world.started().toSorted()).toEqual(taken);
  });

  it("leaves alone an object whose own run waits or runs, also after an hour", async () => {
    bucket.put(COURSE);
    const item = { asset: courses.asset, partition: landingPartition(courses, COURSE) };
    const version = landedVersion({ etag: "e1", versionId: "v1" });
    const target = { domain: "openedx", lane: "openedx", input: { key: COURSE } };
    await world.coordination.observed(item, { upstream: LANDED, version, at: NOW - 2 * HOUR }, target);
    expect(await world.reconcile()).toMatchObject({ known: 1, requested: 0 });
    await world.coordination.lanes.dispatch(["openedx"], NOW);
    expect(await world.reconcile()).toMatchObject({ known: 1, requested: 0 });
  });

  it("tells files apart that differ in their extensions alone", async () => {
    const [first, second] = ["sources/logs/day.log.gz", "sources/logs/day.json"];
    bucket.put(first);
    bucket.put(second, "e2");
    await world.ran(logs, first, "e1");
    expect(await world.reconcile()).toMatchObject({ known: 1, requested: 1 });
    expect(world.started()).toEqual([second]);
    expect(await world.reconcile()).toMatchObject({ known: 2, requested: 0 });
  });

  it("takes an item's last run for the object's own where no version was kept yet, and only then", async () => {
    const key = "sources/logs/old.log";
    bucket.put(key);
    const item = { asset: logs.asset, partition: "old.log" };
    const ended = { type: "run-ended", run: "r", outcome: { status: "succeeded" } } as const;
    await world.coordination.items.apply(item, { ...ended, at: NOW - 3 * HOUR }, { now: NOW, create: true });
    expect(await world.reconcile()).toMatchObject({ requested: 1 });
    const other = { asset: logs.asset, partition: "older.log" };
    bucket.put("sources/logs/older.log");
    await world.coordination.items.apply(other, { ...ended, at: NOW - HOUR }, { now: NOW, create: true });
    expect(await world.reconcile()).toMatchObject({ known: 2, requested: 0 });
  });

  it("looks past one object whose record nobody can read", async () => {
    for (const name of ["a", "b", "c"]) bucket.put(`sources/logs/${name}.log`);
    const put = { pk: itemsPk(logs.asset, shardOf("b.log")), sk: "b.log", data: { broken: true } };
    await world.ports.ledger.write([{ put, if: { absent: true } }]);
    expect(await world.reconcile()).toMatchObject({ listed: 3, requested: 2, failed: 1, finished: true });
    expect(world.problems).toEqual(["sources/logs/b.log"]);
  });
});

it("fails when it could look at nothing, and goes on from there when it can again", async () => {
  bucket.put(COURSE);
  const world = new ReconcileWorld({ ledger: memoryLedger(), objects: bucket.objects });
  const denied = new Failure("Misconfigured", "Access denied.", { code: "denied", what: "list" });
  const objects = { ...bucket.objects, list: () => Promise.reject(denied) };
  const life = { holder: "test", budgetMs: 40_000, clock: world.clock };
  const blind = world.reconciliation({ ...world.ports, objects });
  await expect(blind.run(life)).rejects.toMatchObject({ name: "Transient", code: "nothing_listed" });
  // Nobody is visited while they rest, so that nothing fails either.
  expect(await blind.run(life)).toMatchObject({ finished: false, open: { length: LANDINGS.length } });
  world.clock.skip(31_000);
  expect(await world.reconciliation().run(life)).toMatchObject({ requested: 1, finished: true });
});

it("goes through thousands of objects page by page, and repairs what was lost", async () => {
  const folder = temporaryFolder();
  const ledger = embeddedLedger(folder.path);
  const world = new ReconcileWorld({ ledger, objects: bucket.objects });
  const all = Array.from({ length: 2_500 }, (_, index) => {
    const landing = [logs, courses, archives][index % 3] ?? logs;
    return [landing, `${landing.prefix}course-v1:A+B+${String(index).padStart(4, "0")}.zip`] as const;
  });
  const lost = all.filter((_, index) => index % 125 === 0);
  for (const [, key] of all) bucket.put(key);
  await world.known(all.filter((one) => !lost.includes(one)));
  expect(await world.reconcile()).toMatchObject({ listed: 2_500, known: 2_480, requested: 20, finished: true });
  expect(world.started().toSorted()).toEqual(lost.map(([, key]) => key).toSorted());
  expect(await world.reconcile()).toMatchObject({ listed: 2_500, known: 2_500, requested: 0, finished: true });
  ledger.close();
  folder.remove();
});

describe("killed at any call to the outside", () => {
  const keys = ["a", "b", "c:1+2", "d", "e"].map((name) => `sources/logs/${name}.log.gz`);

  /** Gives whether it died. The next process, once the dead one's lease is over, ends the round. */
  const diesAt = async (at: number, effect: boolean): Promise<boolean> => {
    const world = new ReconcileWorld({ ledger: memoryLedger(), objects: bucket.objects });
    await world.ran(logs, keys[0] ?? "", "e1");
    await world.reconciliation().due(NOW);
    const death = mortal(at, effect);
    const { ledger, objects, executions } = world.ports;
    const dying = { ledger: death.wrap(ledger), objects: death.wrap(objects), executions: death.wrap(executions) };
    const life = { holder: "test", budgetMs: 40_000, clock: world.clock };
    const end = await death.live(() => world.reconciliation(dying, 2).run(life));
    world.clock.skip(5 * 60_000 + 1_000);
    const next = await world.reconciliation(world.ports, 2).run(life);
    await world.coordination.lanes.tick(world.clock.now());
    expect(next).toMatchObject({ listed: 5, skipped: 0, failed: 0, finished: true });
    expect(world.started().toSorted(), `call ${at}, effect ${effect}`).toEqual(keys.slice(1));
    for (const key of keys) {
      const partition = landingPartition(logs, key);
      const state = await world.coordination.items.read({ asset: logs.asset, partition });
      expect(state?.requests).toBe(1);
    }
    return end === "killed";
  };

  it("it requests each lost object once, and skips none", async () => {
    for (const key of keys) bucket.put(key);
    for (const effect of [false, true]) {
      let at = 0;
      while (await diesAt(at, effect)) at += 1;
      expect(at).toBeGreaterThan(30);
    }
  });
});
