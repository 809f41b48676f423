import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openDuckDb } from "../../core/io/duckdb.ts";
import { embeddedLedger } from "../../core/io/embedded/ledger.ts";
import { embeddedObjects } from "../../core/io/embedded/objects.ts";
import { CommitPlan } from "../../core/model/commit-plan.ts";
import { legacyJsonText, parseLegacyJson } from "../../core/model/legacy-json.ts";
import type { TaskContext } from "../../core/task.ts";
import { startOpenEdx, type OpenEdxStandIn } from "../../test/standins/open-edx.ts";
import { readStructure } from "./read-structure.ts";
import { courseStructureAsset } from "./sources/course-assets.ts";

const ID = "course-v1:Stand+C0001+2026";
const asset = courseStructureAsset("mitxonline");
const buckets = { landing: "m-landing", lake: "m-lake", artifacts: "m-artifacts" };
let server: OpenEdxStandIn;
let folder: string;
let ledger: ReturnType<typeof embeddedLedger>;
let objects: ReturnType<typeof embeddedObjects>;
let measured: unknown[][];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "millrace-structure-test-"));
  mkdirSync(join(folder, "tmp"));
  process.env["TMPDIR"] = join(folder, "tmp");
  ledger = embeddedLedger(folder);
  objects = embeddedObjects(folder);
  measured = [];
  server = await startOpenEdx();
});
afterEach(async () => {
  delete process.env["TMPDIR"];
  await server.close();
  ledger.close();
  objects.close();
  rmSync(folder, { recursive: true });
});

const read = (run: string, mode?: string) =>
  readStructure({ item: { asset, partition: ID }, mode }, {
    io: { ledger, objects, secrets: { read: async () => server.secret } },
    settings: { buckets, duckdbExtensions: "unused", memoryMb: 2048 },
    run: { id: run },
    measure: (...call: unknown[]) => void measured.push(call),
  } as unknown as TaskContext);
const staged = async (run: string, mode?: string) => {
  const outcome = await read(run, mode);
  if (outcome.outcome === "gone") throw new Error("gone");
  return outcome;
};
const keys = async (bucket: string) => (await objects.list(bucket, "")).objects.map(({ key }) => key);
const body = async (bucket: string, key: string) => text(await objects.get({ bucket, key }));
const planOf = async (key = "") => CommitPlan.parse(JSON.parse(await body(buckets.artifacts, key)));

/** What the steps behind this one write. */
async function commitAndAnnounce(outcome: Awaited<ReturnType<typeof staged>>): Promise<void> {
  const { id, tables } = await planOf(outcome.planKey);
  const commits = tables.map(({ table }, index) => ({ table, snapshotId: `${id}-${index}`, rows: 1 }));
  const materialisation = { pk: `materialisation#${asset}`, sk: `${ID}#${outcome.dataVersion}#${outcome.codeVersion}` };
  await ledger.write([
    ...commits.map((data, index) => ({
      put: { pk: "commit", sk: `${id}#raw.${data.table}#${index}`, data },
      if: { any: true as const },
    })),
    { put: { ...materialisation, data: { commits } }, if: { any: true } },
  ]);
}
const structure = (value: string): void => {
  const course = server.courses.get(ID);
  if (course !== undefined) course.structure = value;
};

describe("the structure of a course", () => {
  it("lands as lines that are spelled as they were received, and is staged for its two tables", async () => {
    structure(
      '{"b": {"category": "html", "metadata": {"n": 12345678901234567890, "w": 1.0, "x": 1e-5, "display_name": "é"}}, "a": {"category": "course", "children": ["b"]}}',
    );
    const outcome = await staged("run-1");
    const sha = outcome.dataVersion;
    expect(outcome).toMatchObject({ outcome: "staged", asset, partition: ID, counts: { blocks: 2 }, warnings: [] });
    const base = "mitxonline/openedx/processed_data";
    expect(await keys(buckets.landing)).toEqual([
      `${base}/course_blocks/${ID}/${sha}.json`,
      `${base}/course_structure/${ID}/${sha}.json`,
    ]);
    const landed = await body(buckets.landing, `${base}/course_structure/${ID}/${sha}.json`);
    expect(landed).toContain('{"n": 12345678901234567890, "w": 1.0, "x": 1e-05, "display_name": "\\u00e9"}');
    const plan = await planOf(outcome.planKey);
    expect(plan.tables.map(({ table, replace, files }) => [table, replace, files[0]?.rows])).toEqual([
      ["raw__mitxonline__openedx__api__course_structure", [{ column: "course_id", value: ID }], 1],
      ["raw__mitxonline__openedx__api__course_blocks", [{ column: "course_id", value: ID }], 2],
    ]);
    const db = await openDuckDb({ memoryMb: 256, threads: 1, tempDir: join(folder, "spill"), extensionsDir: "unused" });
    const rows = async (index: number) => {
      const file = await objects.sqlUri(plan.tables[index]?.files[0] ?? { bucket: "", key: "" });
      return db.rows(`SELECT * FROM read_parquet('${file}')`);
    };
    const [course] = await rows(0);
    // Text for text: what the lake holds gives the same hash again.
    expect(legacyJsonText(parseLegacyJson(String(course?.["course_structure"])))).toBe(course?.["course_structure"]);
    expect(course).toMatchObject({
      ...{ course_id: ID, content_hash: sha, source_system: "mitxonline", run_id: "run-1" },
      course_structure_flattened: expect.stringContaining('"b__metadata__n": 12345678901234567890'),
    });
    expect(await rows(1)).toMatchObject([
      { block_id: "b", block_title: "é", block_parent: "a", block_details: expect.stringContaining('"w": 1.0') },
      { block_id: "a", block_title: null, block_parent: null },
    ]);
    db.close();
    expect(readdirSync(join(folder, "tmp"))).toEqual([]);
  });

  it("that is the same again writes nothing and has nothing to announce", async () => {
    await commitAndAnnounce(await staged("run-1"));
    const before = [await keys(buckets.landing), await keys(buckets.lake), await keys(buckets.artifacts)];
    const again = await staged("run-2");
    expect([again.outcome, again.planKey]).toEqual(["unchanged", undefined]);
    expect([await keys(buckets.landing), await keys(buckets.lake), await keys(buckets.artifacts)]).toEqual(before);
  });

  it("that was staged and not announced is staged again under the same plan", async () => {
    const first = await staged("run-1");
    const second = await staged("run-2");
    expect([second.outcome, second.planKey]).toEqual(["staged", first.planKey]);
  });

  it("that comes back to an older content is committed and announced again", async () => {
    const [one, two] = ['{"a": {"category": "course"}}', '{"a": {"category": "course", "n": 2}}'];
    structure(one);
    const first = await staged("run-1");
    await commitAndAnnounce(first);
    structure(two);
    await commitAndAnnounce(await staged("run-2"));
    structure(one);
    const third = await staged("run-3");
    expect([third.outcome, third.dataVersion]).toEqual(["staged", first.dataVersion]);
    expect(third.planKey).not.toBe(first.planKey);
    expect((await staged("run-4")).outcome).toBe("staged");
    await commitAndAnnounce(third);
    expect((await staged("run-5")).outcome).toBe("unchanged");
  });

  it("is made again when a person asks for it, once for a run", async () => {
    const first = await staged("run-1");
    await commitAndAnnounce(first);
    const again = await staged("run-2", "all");
    expect(again).toMatchObject({ outcome: "staged", repeated: true, dataVersion: first.dataVersion });
    expect(again.planKey).not.toBe(first.planKey);
    await commitAndAnnounce(again);
    expect((await staged("run-2", "all")).outcome).toBe("unchanged");
  });

  it("of a course that has vanished is none", async () => {
    const course = server.courses.get(ID);
    if (course !== undefined) course.vanished = true;
    expect(await read("run-1")).toEqual({ outcome: "gone", courseId: ID });
    expect([await keys(buckets.landing), server.count("structure")]).toEqual([[], 0]);
  });

  it("without a course block is staged, and counted as a warning", async () => {
    structure('{"a": {"category": "html"}}');
    expect((await staged("run-1")).warnings).toHaveLength(1);
    expect(measured).toEqual([["CourseStructureWarnings", 1, "Count", { deployment: "mitxonline" }]]);
  });

  it("that is empty replaces what was there by one row without blocks", async () => {
    structure("{}");
    const { tables } = await planOf((await staged("run-1")).planKey);
    expect(tables.map(({ files }) => files.length)).toEqual([1, 0]);
  });

  it.each([
    ['{"a": {"children": ["b"]}, "b": {"children": ["a"]}}', "structure_cycle"],
    ['{"a": {"b": 1, "c": {"d": 2}}, "a__c": {"d": 3}}', "structure_names_collide"],
    ['{"a": 1}', "structure_invalid"],
  ])("that is %s is Malformed and leaves nothing behind", async (value, code) => {
    structure(value);
    await expect(read("run-1")).rejects.toMatchObject({ name: "Malformed", code });
    expect([await keys(buckets.landing), await keys(buckets.lake)]).toEqual([[], []]);
  });

  it.each([true, false])("is loaded again by a reload, whether its staged rows are kept (%s) or not", async (kept) => {
    structure('{"b": {"category": "html", "metadata": {"x": 1e-5}}, "a": {"category": "course", "children": ["b"]}}');
    const first = await staged("run-1");
    await commitAndAnnounce(first);
    if (!kept) {
      const plan = JSON.stringify(await planOf(first.planKey)).replaceAll("staging/", "staging/gone/");
      await objects.put(buckets.artifacts, first.planKey ?? "", plan);
    }
    // Nobody is asked: the LMS has another one by now.
    structure("{}");
    const again = await staged("again", "reload");
    expect(again).toMatchObject({ outcome: "staged", repeated: true, dataVersion: first.dataVersion });
    const [before, plan] = [await planOf(first.planKey), await planOf(again.planKey)];
    expect(plan.id).not.toBe(before.id);
    expect(plan.tables.map(({ files }) => files[0]?.rows)).toEqual([1, 2]);
    expect(await staged("again", "reload")).toMatchObject({ outcome: "staged", planKey: again.planKey });
    await commitAndAnnounce(again);
    expect(await staged("again", "reload")).toMatchObject({ outcome: "unchanged" });
    expect(await staged("another", "reload")).toMatchObject({ outcome: "staged", repeated: true });
  });

  it("that was never read cannot be loaded again", async () => {
    await expect(read("run-1", "reload")).rejects.toMatchObject({ name: "Rejected", code: "nothing_to_reload" });
  });
});
