import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import { beforeEach, describe, expect, it } from "vitest";
import { embeddedLedger } from "../../../core/io/embedded/ledger.ts";
import { embeddedObjects } from "../../../core/io/embedded/objects.ts";
import { CommitPlan } from "../../../core/model/commit-plan.ts";
import type { TaskContext } from "../../../core/task.ts";
import { courseFiles, makeTarGz, type TarMember } from "../../../test/standins/make-tar.ts";
import { extractMember } from "../extract-course.ts";
import { readStructure } from "../read-archived-structure.ts";
import { COURSE_STRUCTURE, COURSE_XML } from "../sources/course-sources.ts";
import { unpackLanded } from "../unpack-archive.ts";

const buckets = { landing: "m-landing", lake: "m-lake", quarantine: "m-quarantine", artifacts: "m-artifacts" };
const COURSE = "MITx-6.00x-1T2020";

let root: string;
let ledger: ReturnType<typeof embeddedLedger>;
let objects: ReturnType<typeof embeddedObjects>;
let runs = 0;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "millrace-edxorg-courses-"));
  mkdirSync(join(root, "tmp"));
  process.env["TMPDIR"] = join(root, "tmp");
  ledger = embeddedLedger(root);
  objects = embeddedObjects(root);
  return () => {
    delete process.env["TMPDIR"];
    expect(readdirSync(join(root, "tmp"))).toEqual([]);
    ledger.close();
    objects.close();
    rmSync(root, { recursive: true });
  };
});

const context = (id: string) =>
  ({
    io: { ledger, objects },
    settings: { environment: "dev", buckets, duckdbExtensions: "unused", memoryMb: 4096 },
    ...{ run: { id }, log: { warn: () => undefined }, measure: () => undefined },
  }) as unknown as TaskContext;

async function land(members: readonly TarMember[], archive = "mitx-2026-01-04.tar.gz") {
  const key = `sources/edxorg-archives/${archive}`;
  await objects.put(buckets.landing, key, await makeTarGz(members));
  return unpackLanded({ bucket: buckets.landing, key, rowHash: "safe" }, context(archive));
}
const item = (asset: string, source: string) => ({ asset, partition: `${COURSE}|${source}` });
const nextRun = () => context(`run-${(runs += 1)}`);
const extract = (source = "prod", mode?: string) =>
  extractMember({ item: item(COURSE_XML, source), ...(mode === undefined ? {} : { mode }) }, nextRun());
const read = (source = "prod", mode?: string) =>
  readStructure({ item: item(COURSE_STRUCTURE, source), ...(mode === undefined ? {} : { mode }) }, nextRun());
const landed = async (key: string) =>
  (await text(await objects.get({ bucket: buckets.landing, key })))
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
const keys = async (prefix: string) => (await objects.list(buckets.landing, prefix)).objects.map(({ key }) => key);
const planOf = async (key = "") =>
  CommitPlan.parse(JSON.parse(await text(await objects.get({ bucket: buckets.artifacts, key }))));

const policy = JSON.stringify({
  "course/1T2020": {
    display_coursenumber: "6.00",
    lti_passports: ["name:key:secret"],
    certificates: { certificates: [{ id: 7, signatories: [{ id: 1, name: "Ada", title: "Professor" }] }] },
  },
});
const exported = (over: Readonly<Record<string, string | undefined>> = {}) =>
  makeTarGz(
    courseFiles({
      "policies/R/policy.json": policy,
      "static/a.srt": "1\n00:00:01,000 --> 00:00:02,000\nhello\n",
      ...over,
    }),
  );

describe("a course export of an archive", () => {
  it("becomes files and rows under the archive's course id and its source", async () => {
    await land([
      { name: `${COURSE}-prod.xml.tar.gz`, text: await exported() },
      { name: `${COURSE}-course-edge.xml.tar.gz`, text: await exported({ "html/h1.html": "edge" }) },
    ]);
    const [prod, edge] = [await extract("prod"), await extract("edge")];
    expect(prod).toMatchObject({
      ...{
        outcome: "staged",
        asset: COURSE_XML,
        partition: `${COURSE}|prod`,
        courseId: COURSE,
        deployment: "edxorg/prod",
      },
      contentPath: `edxorg/raw_data/course_xml/prod/${COURSE}/${prod.sha256}.xml.tar.gz`,
      warnings: [],
    });
    const base = "edxorg/processed_data";
    const names = [
      "course_certificate_signatory",
      "course_metadata",
      "course_policy",
      "course_video",
      "course_xml_blocks",
    ];
    for (const name of names)
      expect(await keys(`${base}/${name}/prod/${COURSE}/`)).toEqual([
        `${base}/${name}/prod/${COURSE}/${prod.sha256}.json`,
      ]);
    const own = { course_id: "course-v1:O+C+R" };
    expect(await landed(`${base}/course_policy/prod/${COURSE}/${prod.sha256}.json`)).toEqual([
      expect.objectContaining({
        ...{ ...own, advanced_modules: [], discussions_settings: {}, display_coursenumber: "6.00", tabs: [] },
        ...{ tags: [], self_paced: null },
      }),
    ]);
    expect(await landed(`${base}/course_certificate_signatory/prod/${COURSE}/${prod.sha256}.json`)).toEqual([
      expect.objectContaining({ ...own, certificate_id: 7, id: 1, name: "Ada", title: "Professor" }),
    ]);
    const [block] = await landed(`${base}/course_xml_blocks/edge/${COURSE}/${edge.sha256}.json`);
    expect(block).toMatchObject({ ...own, source_system: "edge" });
    const [manifest] = await landed(`${base}/course_static_assets_manifest/prod/${COURSE}/manifest.json`);
    expect(await keys(`${base}/course_static_assets/prod/${COURSE}/`)).toEqual([
      `${base}/course_static_assets/prod/${COURSE}/${manifest.data_version}.tar.gz`,
    ]);
    const plan = await planOf(edge.planKey);
    expect(plan.tables.map(({ table }) => table)).toContain("raw__edxorg__s3__xml__course_policy");
    for (const { replace, columns } of plan.tables) {
      expect(replace).toEqual([
        { column: "edxorg_course_id", value: COURSE },
        { column: "source_system", value: "edge" },
      ]);
      expect(columns.map(({ name }) => name)).toEqual(expect.arrayContaining(["source_system", "edxorg_course_id"]));
    }
    // Neither is the other's version.
    expect(await ledger.get("course#edxorg/prod", COURSE)).toMatchObject({ data: { sha256: prod.sha256 } });
    expect(await ledger.get("course#edxorg/edge", COURSE)).toMatchObject({ data: { sha256: edge.sha256 } });
  });

  it("goes on without a policy or an XML file that cannot be read, and keeps what may be kept in quarantine", async () => {
    const files = {
      ...{ "policies/R/policy.json": "{", "policies/R/grading_policy.json": "[]", "html/bad.xml": "<html" },
      "policies/R/assets.json": '{"x": 1}',
    };
    await land([{ name: `${COURSE}-prod.xml.tar.gz`, text: await exported(files) }]);
    const outcome = await extract();
    expect(outcome.outcome).toBe("staged");
    expect(outcome.warnings).toEqual([
      expect.stringContaining("course/html/bad.xml is refused (malformed_xml)"),
      expect.stringContaining("course/policies/R/grading_policy.json is refused (malformed_policy)"),
      expect.stringContaining("course/policies/R/policy.json is refused (malformed_policy)"),
    ]);
    const { items } = await ledger.query("quarantine");
    expect(items.map(({ data }) => data)).toMatchObject([
      { count: 3, reasons: { malformed_xml: 1, malformed_policy: 2 } },
    ]);
    const stored = await objects.list(buckets.quarantine, `quarantine/course_archives/edxorg/prod/${COURSE}/`);
    expect(stored.objects).toHaveLength(2);
    // A policy that cannot be read may hold secrets: it stays in the archive only.
    expect(await text(await objects.get({ bucket: buckets.quarantine, key: stored.objects[1]?.key ?? "" }))).toBe(
      "<html",
    );
  });

  it.each([
    ["no tar", gzipSync("no tar"), /tar_|not_an_archive/],
    [
      "a tar that leaves its folder",
      makeTarGz([...courseFiles(), { name: "course/../../x", text: "x" }]),
      /unsafe_path/,
    ],
    ["no course", makeTarGz([{ name: "course/readme.txt", text: "x" }]), /no_course_xml/],
    ["a bad course.xml", makeTarGz(courseFiles({ "course.xml": "<!DOCTYPE a><course/>" })), /xml_entities/],
  ])("that is %s is Malformed, and the other courses of its archive are not", async (_, bytes, code) => {
    await land([
      { name: `${COURSE}-prod.xml.tar.gz`, text: await bytes },
      { name: `${COURSE}-edge.xml.tar.gz`, text: await exported() },
    ]);
    await expect(extract("prod")).rejects.toMatchObject({ name: "Malformed", code: expect.stringMatching(code) });
    expect(await extract("edge")).toMatchObject({ outcome: "staged" });
    expect(await keys("edxorg/processed_data/course_metadata/prod/")).toEqual([]);
    expect((await ledger.query("quarantine")).items).toHaveLength(1);
  });

  it("that came back after another is staged anew, though its object is the older one", async () => {
    const plans: (string | undefined)[] = [];
    for (const [week, title] of [
      ["04", "A"],
      ["11", "B"],
      ["18", "A"],
    ] as const) {
      const bytes = await exported({ "course/R.xml": `<course display_name="${title}"/>` });
      await land([{ name: `${COURSE}.xml.tar.gz`, text: bytes }], `mitx-2026-01-${week}.tar.gz`);
      const { outcome, planKey } = await extract();
      expect(outcome).toBe("staged");
      plans.push(planKey);
    }
    expect(new Set(plans).size).toBe(3);
    expect((await keys("edxorg/raw_data/course_xml/")).length).toBe(2);
  });

  it("that no archive had is Rejected, and an item of another asset or source Misconfigured", async () => {
    await expect(extract()).rejects.toMatchObject({ name: "Rejected", code: "member_unknown" });
    await expect(read()).rejects.toMatchObject({ name: "Rejected", code: "member_unknown" });
    await expect(extract("stage")).rejects.toMatchObject({ name: "Misconfigured", code: "wrong_item" });
    const other = { item: item(COURSE_STRUCTURE, "prod") };
    await expect(extractMember(other, nextRun())).rejects.toMatchObject({ code: "wrong_item" });
    await expect(extract("prod", "salvage")).rejects.toMatchObject({ code: "mode_not_taken" });
  });
});

const document = (title: string) =>
  `{"c": {"category": "course", "children": ["h"], "metadata": {"display_name": "${title}"}}, "h": {"category": "html"}}`;

describe("a structure of an archive", () => {
  it("is taken from the file that holds a course, and lands under the archive's course id", async () => {
    await land([
      { name: `${COURSE}-course_structure-prod.json`, text: '{"x": {"category": "html"}}' },
      { name: `${COURSE}-course-prod.json`, text: document("Title") },
    ]);
    const outcome = await read();
    expect(outcome).toMatchObject({
      outcome: "staged",
      partition: `${COURSE}|prod`,
      counts: { blocks: 2 },
      warnings: [],
    });
    const sha = outcome.dataVersion;
    const base = "edxorg/processed_data";
    expect(await landed(`${base}/flattened_course_structure/${COURSE}/prod/${sha}.json`)).toMatchObject([
      { course_id: COURSE, content_hash: sha, course_structure_flattened: { c__metadata__display_name: "Title" } },
    ]);
    expect(await landed(`${base}/course_blocks/${COURSE}/prod/${sha}.json`)).toMatchObject([
      { block_id: "c", block_index: 1, course_id: COURSE },
      { block_id: "h", block_index: 2, block_parent: "c", course_title: "Title" },
    ]);
    const { tables } = await planOf(outcome.planKey);
    expect(tables.map(({ table, replace }) => [table, replace])).toEqual(
      ["course_structure", "course_blocks"].map((entity) => [
        `raw__edxorg__s3__${entity}`,
        [
          { column: "course_id", value: COURSE },
          { column: "source_system", value: "prod" },
        ],
      ]),
    );
    expect(await read("prod", "reload")).toMatchObject({ outcome: "staged", repeated: true, dataVersion: sha });
  });

  it("is that of the other file when one is no structure", async () => {
    await land([
      { name: `${COURSE}-course_structure-prod.json`, text: "[1]" },
      { name: `${COURSE}-course-prod.json`, text: `\ufeff${document("Title")}` },
    ]);
    expect(await read()).toMatchObject({ outcome: "staged", counts: { blocks: 2 }, warnings: [] });
  });

  it("without a course is taken all the same, with a warning", async () => {
    await land([{ name: `${COURSE}-course-edge.json`, text: "{}" }]);
    expect(await read("edge")).toMatchObject({ outcome: "staged", warnings: [expect.any(String)] });
  });

  it("is that of the newest archive, which may have left out the better one", async () => {
    await land([
      { name: `${COURSE}-course_structure-prod.json`, text: document("Old") },
      { name: `${COURSE}-course-prod.json`, text: document("New") },
    ]);
    const old = await read();
    await land([{ name: `${COURSE}-course-prod.json`, text: document("New") }], "mitx-2026-01-11.tar.gz");
    expect((await read()).dataVersion).not.toBe(old.dataVersion);
  });

  it.each([
    ["[]", "structure_invalid"],
    ['{"c": {"category": "course", "children": ["c"]}}', "structure_cycle"],
    ['{"c": {"a": {"b": 1}, "a__b": 2}}', "structure_names_collide"],
  ])("that is %s is Malformed", async (json, code) => {
    await land([{ name: `${COURSE}-course-prod.json`, text: json }]);
    await expect(read()).rejects.toMatchObject({ name: "Malformed", code });
  });
});
