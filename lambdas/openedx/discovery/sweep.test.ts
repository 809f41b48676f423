import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { VersionsWorld } from "../../../test/contract/versions-world.ts";
import { memoryLedger } from "../../../test/standins/memory-ledger.ts";
import { mortal, type Mortal } from "../../../test/standins/mortal.ts";
import { courseIds, startOpenEdx, type OpenEdxStandIn } from "../../../test/standins/open-edx.ts";
import { openOpenEdx, type OpenEdx } from "../../open-edx-api/client.ts";
import { COURSEWARE } from "../sources/course-assets.ts";
import { sweepVersions, type VersionSweep } from "./sweep.ts";

const ASSETS = ["mitx/export", "mitx/structure"] as const;
const declared = ASSETS.map((id, index) => ({ id, domain: "openedx", job: ["export", "structure"][index] ?? "" }));
const [FIRST = "", SECOND = ""] = courseIds(2);

let server: OpenEdxStandIn;
let openEdx: OpenEdx;
let ledger: ReturnType<typeof memoryLedger>;
let world: VersionsWorld;
const client = (deadline = Infinity): Promise<OpenEdx> =>
  openOpenEdx({ secrets: { read: async () => server.secret }, deployment: "mitx", deadline });
const begin = async (courses: number): Promise<void> => {
  server = await startOpenEdx({ courses });
  openEdx = await client();
  // Tokens and outlines are asked for by the real clock, all else by one that passes when nobody works.
  ledger = memoryLedger();
  world = new VersionsWorld(ledger, { slots: 5 });
  for (const asset of ASSETS) await world.coordination(declared).items.addAll(asset, server.courses.keys(), 1);
};
beforeEach(() => begin(20));
afterEach(() => server.close());

const sweep = (over: Partial<VersionSweep> = {}, death?: Mortal) => {
  const ports = death === undefined ? world.ports : { ledger: death.wrap(ledger), executions: world.executions };
  return sweepVersions({
    ...{ deployment: "mitx", holder: "test", run: "tick", assets: ASSETS, ledger: ports.ledger, now: Date.now },
    openEdx: death === undefined ? openEdx : death.wrap({ outline: openEdx.outline }),
    ...{ coordination: world.coordination(declared, ports), until: Date.now() + 60_000, ...over },
  });
};
/** Of one that died: half a minute later it is nobody's. */
const leaseEnds = (): Promise<void> =>
  ledger.write([{ delete: { pk: "lease", sk: "ring-sweep/openedx-versions/mitx" }, if: { any: true } }]);
const seen = async (id: string) =>
  Promise.all(
    ASSETS.map(async (asset) => {
      const state = await world.coordination(declared).items.read({ asset, partition: id });
      return state?.observed[COURSEWARE]?.version;
    }),
  );

describe("a version sweep", () => {
  it("has every version observed for all assets, and requests their runs", async () => {
    const lags: number[] = [];
    expect(await sweep({ lag: (ms) => lags.push(ms) })).toMatchObject({
      ...{ state: "walked", total: 20, attempted: 20, read: 20, changed: 20, gone: 0, failed: 0 },
    });
    const version = server.courses.get(FIRST)?.version;
    expect(await seen(FIRST)).toEqual([version, version]);
    expect(lags).toHaveLength(1);
    expect(world.started()).toHaveLength(5);
    expect(server.mostAtOnce()).toBeLessThanOrEqual(16);
  });

  it("writes nothing of a version that it has seen before, and asks for one run of one that moved", async () => {
    await sweep();
    await world.finish(declared);
    const isItem = ({ pk }: { pk: string }): boolean => pk.startsWith("item");
    const before = ledger.items().filter(isItem);
    expect(await sweep()).toMatchObject({ read: 20, changed: 0 });
    expect(ledger.items().filter(isItem)).toEqual(before);
    expect(world.running()).toEqual([]);
    server.publish(SECOND);
    expect(await sweep()).toMatchObject({ changed: 1 });
    expect(world.running().map(({ input }) => input)).toMatchObject([
      { job: "export", item: { asset: ASSETS[0], partition: SECOND } },
      { job: "structure", item: { asset: ASSETS[1], partition: SECOND } },
    ]);
  });

  it("leaves the last version of a course that is gone, and asks after no retired one", async () => {
    await sweep();
    const version = server.courses.get(FIRST)?.version;
    Object.assign(server.courses.get(FIRST) ?? {}, { vanished: true });
    expect(await sweep()).toMatchObject({ gone: 1, read: 19 });
    expect(await seen(FIRST)).toEqual([version, version]);
    await world.finish(declared);
    const { items } = world.coordination(declared);
    await items.apply({ asset: ASSETS[0], partition: FIRST }, { type: "retired" }, { now: Date.now() });
    expect(await sweep()).toMatchObject({ total: 19, gone: 0 });
  });

  it("counts those that fail and lets the rest stand", async () => {
    server.fault({ call: "outline", course: FIRST, status: 500 }, { call: "outline", course: SECOND, status: 403 });
    const swept = await sweep();
    expect(swept).toMatchObject({ read: 18, failed: 2 });
    expect(swept.failures.toSorted().map((text) => text.split(": Could", 1)[0])).toEqual([FIRST, SECOND]);
    expect([await seen(FIRST), await seen(SECOND)]).toEqual([
      [undefined, undefined],
      [undefined, undefined],
    ]);
  });

  it("fails when nothing could be read, and saves where it goes on", async () => {
    server.fault({ call: "outline", status: 503, times: 1_000 });
    const lags: number[] = [];
    await expect(sweep({ lag: (ms) => lags.push(ms) })).rejects.toMatchObject({
      name: "Transient",
      code: "sweep_failed",
    });
    expect(lags).toHaveLength(1);
    server.clearFaults();
    server.fault({ call: "outline", status: 401, times: 1_000 });
    await expect(sweep()).rejects.toMatchObject({ name: "Misconfigured", code: "unauthorised" });
    expect((await ledger.get("ring-sweep", "openedx-versions/mitx"))?.data).toHaveProperty("at");
  });

  it("stops when the LMS asks to wait for longer than there is time, and the next attempt walks the rest", async () => {
    await server.close();
    await begin(100);
    const [refused = ""] = courseIds(50).slice(-1);
    server.fault({ call: "outline", course: refused, status: 429, headers: { "retry-after": "600" } });
    openEdx = await client(Date.now() + 60_000);
    await expect(sweep()).rejects.toMatchObject({ name: "Throttled", code: "openedx_throttled" });
    const told = server.seen.findIndex(({ status }) => status === 429);
    expect(server.seen.length - told).toBeLessThanOrEqual(16);
    openEdx = await client();
    const { attempted, earlier } = await sweep();
    expect([attempted + earlier, server.count("outline")]).toEqual([100, 101]);
    for (const [id, { version }] of server.courses) expect(await seen(id)).toEqual([version, version]);
  });

  it("ends with its time and comes to the others next time, though some never answer", async () => {
    for (const id of courseIds(3)) server.fault({ call: "outline", course: id, delayMs: 30_000, times: 9 });
    expect(await sweep({ until: Date.now() + 1_000 })).toMatchObject({ read: 17, attempted: 20, failed: 0 });
    expect(await sweep({ until: Date.now() })).toMatchObject({ attempted: 0 });
  });

  it("killed at any call to the outside skips no course when it is repeated, and asks for each run once", async () => {
    await server.close();
    await begin(6);
    for (let at = 0; ; at += 7) {
      ledger = memoryLedger();
      world = new VersionsWorld(ledger, { slots: 5 });
      for (const asset of ASSETS) await world.coordination(declared).items.addAll(asset, server.courses.keys(), 1);
      const death = mortal(at, at % 2 === 0);
      const end = await death.live(() => sweep({}, death));
      if (end === "killed") {
        await leaseEnds();
        expect(await sweep()).toMatchObject({ attempted: 6, failed: 0 });
      }
      for (const [id, { version }] of server.courses) expect(await seen(id)).toEqual([version, version]);
      await world.coordination(declared).lanes.tick(world.clock.now());
      expect((await world.finish(declared)).toSorted()).toEqual(
        [...server.courses.keys(), ...server.courses.keys()].toSorted(),
      );
      if (end !== "killed") break;
    }
  });
});

it("killed again and again among 150 course runs is one pass, and requests each run once by the real rule", async () => {
  await server.close();
  await begin(150);
  const asked = (): string[] =>
    server.seen.flatMap(({ call, course = "" }) => (call === "outline" ? [course] : [])).toSorted();
  const all = [...server.courses.keys()].toSorted();
  const both = [...all, ...all].toSorted();
  // About eight calls to the outside are made for a course run that is new, some less for one that is repeated.
  for (const [at, effect] of [
    [300, true],
    [5, false],
    [400, false],
    [120, true],
  ] as const) {
    const death = mortal(at, effect);
    expect(await death.live(() => sweep({}, death))).toBe("killed");
    await leaseEnds();
  }
  expect(await sweep()).toMatchObject({ state: "walked", total: 150, failed: 0 });
  expect([...new Set(asked())]).toEqual(all);
  for (const [id, { version }] of server.courses) expect(await seen(id)).toEqual([version, version]);
  await world.coordination(declared).lanes.tick(world.clock.now());
  expect((await world.finish(declared)).toSorted()).toEqual(both);

  // The next tick goes all the way round, asks once, and asks for a run of what was published meanwhile alone.
  const published = all.filter((_, index) => index % 15 === 4);
  for (const id of published) server.publish(id);
  const before = server.seen.length;
  expect(await sweep({ run: "next" })).toMatchObject({ attempted: 150, changed: 10 });
  expect(
    server.seen
      .slice(before)
      .flatMap(({ course = "" }) => course)
      .toSorted(),
  ).toEqual(all);
  expect((await world.finish(declared)).toSorted()).toEqual([...published, ...published].toSorted());
  for (const id of all) {
    const requests = published.includes(id) ? 2 : 1;
    for (const asset of ASSETS) {
      expect(await world.coordination(declared).items.read({ asset, partition: id })).toMatchObject({ requests });
    }
  }
});

it("goes round 3,500 course runs, and after its death through those that it had not come to", async () => {
  await server.close();
  await begin(3_500);
  const seenBy = (from: number): Set<string> =>
    new Set(server.seen.slice(from).flatMap(({ call, course = "" }) => (call === "outline" ? [course] : [])));
  const coordination = {
    ...world.coordination(declared),
    observed: async () => undefined,
  };
  const death = mortal(2_000, true);
  const dying = { ledger: death.wrap(ledger), openEdx: death.wrap({ outline: openEdx.outline }), coordination };
  expect(await death.live(() => sweep(dying))).toBe("killed");
  const [before, asked] = [seenBy(0), server.seen.length];
  await leaseEnds();
  // The rest of the lap, and what the dead one had not told of.
  const rest = 3_500 - before.size;
  const { attempted } = await sweep({ coordination });
  expect(attempted).toBeLessThanOrEqual(rest + 200 + 16);
  const next = server.seen.slice(asked).flatMap(({ call, course = "" }) => (call === "outline" ? [course] : []));
  expect([next.length, new Set([...before, ...next]).size]).toEqual([attempted, 3_500]);
}, 120_000);
