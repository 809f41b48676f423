import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openItems } from "../../../core/io/items.ts";
import { confirmRemovals } from "../../../core/io/partition-confirmation.ts";
import { memoryLedger } from "../../../test/standins/memory-ledger.ts";
import { mortal } from "../../../test/standins/mortal.ts";
import { courseIds, startOpenEdx, type OpenEdxStandIn } from "../../../test/standins/open-edx.ts";
import { openOpenEdx, type OpenEdx } from "../../open-edx-api/client.ts";
import { discover, type Discovery } from "./discover.ts";

const ASSETS = ["mitx/export", "mitx/structure"];
const [FIRST = "", SECOND = ""] = courseIds(2);

let server: OpenEdxStandIn;
let openEdx: OpenEdx;
let ledger: ReturnType<typeof memoryLedger>;
let runs: number;
beforeEach(async () => {
  server = await startOpenEdx({ courses: 30, pageSize: 7 });
  const secrets = { read: async () => server.secret };
  openEdx = await openOpenEdx({ secrets, deployment: "mitx" });
  ledger = memoryLedger();
  runs = 0;
});
afterEach(() => server.close());

const items = () => openItems(ledger);
/** The same became of both assets. */
const find = async (over: Partial<Discovery> = {}) => {
  const { listed, absent, assets } = await discover({
    ...{ deployment: "mitx", run: `run-${(runs += 1)}`, assets: ASSETS, openEdx, items: items(), ledger },
    ...{ now: () => 1_000 + runs, ...over },
  });
  return { absent, ...assets[ASSETS[0] ?? ""], listed };
};
const counts = async () => Promise.all(ASSETS.map((asset) => items().counts(asset)));
const change = (id: string, what: Partial<{ vanished: boolean; unlisted: boolean }>): void =>
  void Object.assign(server.courses.get(id) ?? {}, what);

describe("a course run that is gone for good", () => {
  const told: string[] = [];
  const tell = async (id: string): Promise<void> => void told.push(id);
  beforeEach(() => void (told.length = 0));

  it("is told of once it is retired, and once", async () => {
    await find({ tell });
    change(FIRST, { vanished: true });
    for (let lists = 0; lists < 2; lists += 1) await find({ tell });
    expect(told).toEqual([]);
    await find({ tell });
    await find({ tell });
    expect(told).toEqual([FIRST]);
    // It came back, and goes once more.
    change(FIRST, { vanished: false });
    await find({ tell });
    change(FIRST, { vanished: true });
    for (let lists = 0; lists < 4; lists += 1) await find({ tell });
    expect(told).toEqual([FIRST, FIRST]);
  });

  it("is told of by the next discovery when nobody listened, and not at all when it is listed again", async () => {
    await find({ tell });
    change(FIRST, { vanished: true });
    change(SECOND, { vanished: true });
    for (let lists = 0; lists < 2; lists += 1) await find({ tell });
    const deaf = async (): Promise<void> => {
      throw new Error("no answer");
    };
    await expect(find({ tell: deaf })).rejects.toThrow("no answer");
    change(SECOND, { vanished: false });
    await find({ tell });
    expect(told).toEqual([FIRST]);
  });

  it("is told to nobody unless that was asked for", async () => {
    await find();
    change(FIRST, { vanished: true });
    for (let lists = 0; lists < 4; lists += 1) await find();
    await find({ tell });
    expect([told, ledger.items().filter(({ pk }) => pk.startsWith("openedx-deletions"))]).toEqual([[], []]);
  });
});

describe("discovery", () => {
  it("adds what is listed to all assets, once, and requests nothing", async () => {
    expect(await find()).toMatchObject({ listed: 30, added: 30, returned: 0, retired: 0, absent: 0 });
    const before = ledger.items();
    expect(await find()).toMatchObject({ listed: 30, added: 0 });
    expect(ledger.items()).toEqual(before);
    expect(await counts()).toMatchObject([{ missing: 30 }, { missing: 30 }]);
    expect(before.some(({ pk }) => pk.startsWith("run-request") || pk.startsWith("queue#"))).toBe(false);
  });

  it("skips and counts ids that are no keys, and takes what is listed twice for one", async () => {
    const odd = await startOpenEdx({ courses: ["a//b", "..", "MITx/8.01/2013", FIRST], pageSize: 2 });
    const own = await openOpenEdx({ secrets: { read: async () => odd.secret }, deployment: "mitx" });
    const twice: OpenEdx = {
      ...own,
      courses: async function* () {
        yield* own.courses();
        yield [FIRST];
      },
    };
    const found = await find({ openEdx: twice });
    expect(found).toMatchObject({ listed: 4, added: 2, skipped: { count: 2 } });
    expect(found.skipped?.sample.map(({ key }) => key)).toEqual(["a//b", ".."]);
    await odd.close();
  });

  it("hides no course behind one whose id is no text, and takes a list of nothing else for none", async () => {
    const odd = await startOpenEdx({ courses: [FIRST] });
    const own = await openOpenEdx({ secrets: { read: async () => odd.secret }, deployment: "mitx" });
    const page = (...results: unknown[]) => JSON.stringify({ results, pagination: { next: null } });
    const answer = (text: string) => odd.fault({ call: "list", status: 200, text });
    answer(page({ id: null }, { id: 7 }, { name: "none" }, { id: FIRST }));
    expect(await find({ openEdx: own })).toMatchObject({ listed: 2, added: 1, skipped: { count: 1 } });
    answer(page({ id: null }));
    await expect(find({ openEdx: own })).rejects.toMatchObject({ name: "Malformed", code: "course_list_empty" });
    await odd.close();
  });

  it("retires what three complete lists lack and has no status, and brings it back when it is listed again", async () => {
    await find();
    change(FIRST, { vanished: true });
    expect([await find(), await find()]).toMatchObject([
      { absent: 1, retired: 0 },
      { absent: 1, retired: 0 },
    ]);
    expect(server.count("status")).toBe(0);
    expect(await find()).toMatchObject({ absent: 1, retired: 1 });
    expect(await counts()).toMatchObject([
      { missing: 29, retired: 1 },
      { missing: 29, retired: 1 },
    ]);
    expect(await find()).toMatchObject({ absent: 0, retired: 0 });
    change(FIRST, { vanished: false });
    expect(await find()).toMatchObject({ returned: 1, added: 0 });
    expect(await counts()).toMatchObject([{ missing: 30 }, { missing: 30 }]);
    change(FIRST, { vanished: true });
    expect(await find()).toMatchObject({ absent: 1, retired: 0 });
  });

  it("keeps what is only hidden, and what cannot be asked after now", async () => {
    await find();
    change(FIRST, { unlisted: true });
    change(SECOND, { vanished: true });
    await find();
    await find();
    server.fault({ call: "status", course: SECOND, status: 503 });
    expect(await find()).toMatchObject({ absent: 2, retired: 0 });
    expect(await find()).toMatchObject({ absent: 2, retired: 1 });
    expect(await counts()).toMatchObject([{ retired: 1 }, { retired: 1 }]);
  });

  it("begins to count anew when a list has it again, and counts an attempt of the same run once", async () => {
    await find();
    change(FIRST, { unlisted: true });
    await find();
    await find();
    change(FIRST, { unlisted: false });
    await find();
    change(FIRST, { vanished: true });
    for (let attempt = 0; attempt < 5; attempt += 1) expect(await find({ run: "same" })).toMatchObject({ retired: 0 });
    await find();
    expect(await find()).toMatchObject({ retired: 1 });
  });

  it("removes nothing by a list that is empty or breaks off", async () => {
    await find();
    const before = ledger.items();
    for (const id of server.courses.keys()) change(id, { unlisted: true });
    await expect(find()).rejects.toMatchObject({ name: "Malformed", code: "course_list_empty" });
    server.clearFaults();
    const broken: OpenEdx = {
      ...openEdx,
      courses: async function* () {
        yield [FIRST];
        throw new Error("broken off");
      },
    };
    await expect(find({ openEdx: broken })).rejects.toThrow("broken off");
    expect(ledger.items()).toEqual(before);
  });

  it("stops at the guard, changes nothing, and goes on when an operator agrees", async () => {
    await find();
    const before = ledger.items();
    for (const id of courseIds(7)) change(id, { vanished: true });
    for (let list = 0; list < 2; list += 1) expect(await find()).toMatchObject({ absent: 7, retired: 0 });
    for (let list = 0; list < 2; list += 1) {
      await expect(find()).rejects.toMatchObject({ name: "Rejected", code: "partition_guard" });
    }
    const isItem = ({ pk }: { pk: string }): boolean => pk.startsWith("item");
    expect(ledger.items().filter(isItem)).toEqual(before.filter(isItem));
    const agreed = { removals: 7, author: "somebody", reason: "moved", at: 1_000 };
    for (const asset of ASSETS) await confirmRemovals(ledger, asset, agreed);
    expect(await find()).toMatchObject({ retired: 7 });
  });

  it("defers what has a run in flight", async () => {
    await find();
    const key = { asset: ASSETS[0] ?? "", partition: FIRST };
    await items().apply(key, { type: "run-started", run: "r1", at: 5 }, { now: 5 });
    change(FIRST, { vanished: true });
    for (const deferred of [0, 0, 1, 1]) expect(await find()).toMatchObject({ retired: 0, deferred });
    expect((await counts())[1]).toMatchObject({ retired: 1 });
    await items().apply(key, { type: "run-ended", run: "r1", at: 9, outcome: { status: "succeeded" } }, { now: 9 });
    expect(await find()).toMatchObject({ retired: 1, deferred: 0 });
  });

  it("killed at any call to the outside ends with the same when it is repeated", async () => {
    for (let at = 0; ; at += 1) {
      ledger = memoryLedger();
      change(FIRST, { vanished: false });
      for (let list = 0; list < 3; list += 1) {
        await find();
        change(FIRST, { vanished: true });
      }
      const death = mortal(at, at % 2 === 0);
      const dying = death.wrap(ledger);
      const over = { run: "last", ledger: dying, items: openItems(dying) };
      const end = await death.live(() => find(over));
      if (end === "killed") await find({ run: "last" });
      expect(await counts()).toMatchObject([
        { missing: 29, retired: 1 },
        { missing: 29, retired: 1 },
      ]);
      if (end !== "killed") break;
    }
  });
});
