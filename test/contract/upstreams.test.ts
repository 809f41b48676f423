import { beforeEach, describe, expect, it } from "vitest";
import { outputWrite } from "../../core/io/run-outputs.ts";
import { assetsIn } from "../../core/model/assets.ts";
import { definePipeline, type AssetDeclaration } from "../../core/model/pipeline.ts";
import { embeddedLedger } from "../../core/io/embedded/ledger.ts";
import { temporaryFolder } from "./temporary-folder.ts";
import { VersionsWorld } from "./versions-world.ts";

const [STRUCTURE, XML, CONTENT] = ["mitx/course_structure", "mitx/course_xml", "mitx/course_content"];
const COURSE = "course-v1:MITx+6.00x+1T2024";
const asset = (id: string, job: string, upstreams: string[] = []): AssetDeclaration => ({
  ...{ id, job, upstreams, description: id, partition: "course id", tables: [] },
});
const assets = assetsIn([
  definePipeline({
    ...{ domain: "openedx", description: "A course and what is made of it.", tasks: {}, triggers: [], lanes: [] },
    jobs: Object.fromEntries(
      ["structure", "xml", "extract"].map((job) => [job, { description: job, exampleInput: { job } }]),
    ),
    assets: [asset(STRUCTURE, "structure"), asset(XML, "xml"), asset(CONTENT, "extract", [STRUCTURE, XML])],
  }),
]);

let world: VersionsWorld;
let close: () => void;
beforeEach(() => {
  const folder = temporaryFolder();
  const ledger = embeddedLedger(folder.path);
  world = new VersionsWorld(ledger);
  close = () => {
    ledger.close();
    folder.remove();
  };
  return () => close();
});

/** The version sweep of what is outside has seen the course's outline. */
const outline = async (version: string): Promise<void> => {
  const coordination = world.coordination(assets);
  world.clock.skip(1_000);
  for (const id of [STRUCTURE, XML]) {
    const sighting = { upstream: "outline", version, at: world.clock.now() };
    const applied = await coordination.observed({ asset: id, partition: COURSE }, sighting);
    if (applied?.request !== undefined) await coordination.lanes.dispatch([applied.request.lane], world.clock.now());
  }
};
const jobs = (): unknown[] => world.running().map(({ input }) => (input as { job: string }).job);
const run = (job: string): string =>
  world.running().find(({ input }) => (input as { job: string }).job === job)?.name ?? "";
/** `dataVersion` absent = it is unchanged. */
const ends = async (job: string, dataVersion?: string, status = "SUCCEEDED"): Promise<void> => {
  const name = run(job);
  const made = { structure: STRUCTURE, xml: XML, extract: CONTENT }[job] ?? "";
  const output = { asset: made, partition: COURSE, dataVersion: dataVersion ?? "", at: world.clock.now() };
  if (dataVersion !== undefined) await world.ports.ledger.write([outputWrite(name, output)]);
  await world.end(assets, name, status);
};
const state = (id: string) => world.coordination(assets).items.read({ asset: id, partition: COURSE });

describe("an asset that is made of others", () => {
  it("runs once all of them are there and none of them is at work, with their versions", async () => {
    await outline("o1");
    expect(jobs()).toEqual(["structure", "xml"]);
    expect(world.running()[0]?.input).toEqual({ job: "structure", item: { asset: STRUCTURE, partition: COURSE } });
    await ends("structure", "s1");
    expect(jobs()).toEqual(["xml"]);
    expect(await state(STRUCTURE)).toMatchObject({ dataVersion: "s1", success: { versions: { outline: "o1" } } });
    await ends("xml", "x1");
    expect(jobs()).toEqual(["extract"]);
    expect((await state(CONTENT))?.runs).toMatchObject([{ versions: { [STRUCTURE]: "s1", [XML]: "x1" } }]);
    await ends("extract", "c1");
    expect(jobs()).toEqual([]);
    expect(await state(CONTENT)).toMatchObject({ pending: [], dataVersion: "c1" });
  });

  it("runs once for a change of both, after the later one, and not at all for what came out the same", async () => {
    await outline("o1");
    for (const [job, version] of [
      ["structure", "s1"],
      ["xml", "x1"],
      ["extract", "c1"],
    ] as const)
      await ends(job, version);
    await outline("o2");
    await ends("xml", "x2");
    expect(jobs()).toEqual(["structure"]);
    await ends("structure", "s2");
    expect(jobs()).toEqual(["extract"]);
    await ends("extract", "c2");
    await outline("o3");
    await ends("structure", "s2");
    await ends("xml");
    expect(jobs()).toEqual([]);
    expect(await state(CONTENT)).toMatchObject({ requests: 2, pending: [] });
  });

  it("goes on when what it waits for fails or is unchanged, with what is there", async () => {
    await outline("o1");
    for (const [job, version] of [
      ["structure", "s1"],
      ["xml", "x1"],
      ["extract", "c1"],
    ] as const)
      await ends(job, version);
    await outline("o2");
    await ends("structure", "s2");
    expect(jobs()).toEqual(["xml"]);
    await ends("xml", undefined, "ABORTED");
    expect(jobs()).toEqual(["extract"]);
    expect((await state(CONTENT))?.runs).toMatchObject([{ versions: { [STRUCTURE]: "s2", [XML]: "x1" } }]);
  });

  it("is told again what it was told, and runs no second time", async () => {
    await outline("o1");
    const first = run("structure");
    await ends("structure", "s1");
    await ends("xml", "x1");
    await ends("extract", "c1");
    await world.end(assets, first);
    expect(jobs()).toEqual([]);
    expect(await state(CONTENT)).toMatchObject({ requests: 1, observed: { [STRUCTURE]: { version: "s1" } } });
  });

  it("can be run by hand before it ever ran: its declaration says how", async () => {
    const { items, recovery } = world.coordination(assets);
    await items.addAll(STRUCTURE, [COURSE], world.clock.now());
    const { request } = await recovery.rerun(
      { asset: STRUCTURE, partition: COURSE },
      { id: "1", author: "ada", now: world.clock.now() },
    );
    expect(request?.input).toMatchObject({ job: "structure", item: { partition: COURSE } });
  });

  it("is not forgotten when its upstream ends between the look at it and its own write", async () => {
    await outline("o1");
    for (const [job, version] of [
      ["xml", "x1"],
      ["structure", "s1"],
      ["extract", "c1"],
    ] as const)
      await ends(job, version);
    await outline("o2");
    await ends("xml");
    const { ledger } = world.ports;
    let isMet = false;
    const meeting = {
      ...ledger,
      get: async (...key: Parameters<typeof ledger.get>) => {
        const found = await ledger.get(...key);
        // The look at the upstream, of a sighting that is not written yet.
        if (!isMet && key[0].startsWith(`item#${STRUCTURE}#`)) {
          isMet = true;
          await ends("structure");
        }
        return found;
      },
    };
    const late = world.coordination(assets, { ledger: meeting, executions: world.executions });
    const sighting = { upstream: "outside", version: "1", at: world.clock.now() };
    await late.observed({ asset: CONTENT, partition: COURSE }, sighting);
    await late.lanes.dispatch(["openedx"], world.clock.now());
    expect(isMet).toBe(true);
    expect(jobs()).toEqual(["extract"]);
    await ends("extract", "c2");
    expect(await state(CONTENT)).toMatchObject({ pending: [], requests: 2 });
  });
});
