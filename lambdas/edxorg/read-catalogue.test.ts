import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openDuckDb } from "../../core/io/duckdb.ts";
import { embeddedLedger } from "../../core/io/embedded/ledger.ts";
import { embeddedObjects } from "../../core/io/embedded/objects.ts";
import { CommitPlan } from "../../core/model/commit-plan.ts";
import type { TaskContext } from "../../core/task.ts";
import { startDiscoveryApi, type DiscoveryApi } from "../../test/standins/discovery-api.ts";
import { catalogueTarget } from "./catalogue/target.ts";
import { readCatalogue, type CatalogueOutcome } from "./read-catalogue.ts";
import type { Catalogue } from "./sources/catalogue.ts";

const buckets = { landing: "m-landing", lake: "m-lake", quarantine: "m-quarantine", artifacts: "m-artifacts" };
let api: DiscoveryApi;
let folder: string;
let ledger: ReturnType<typeof embeddedLedger>;
let objects: ReturnType<typeof embeddedObjects>;
let waits: number[];
let secret: Record<string, string>;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "millrace-catalogue-test-"));
  mkdirSync(join(folder, "tmp"));
  process.env["TMPDIR"] = join(folder, "tmp");
  ledger = embeddedLedger(folder);
  objects = embeddedObjects(folder);
  api = await startDiscoveryApi();
  secret = { ...api.secret };
  waits = [];
});
afterEach(async () => {
  delete process.env["TMPDIR"];
  await api.close();
  ledger.close();
  objects.close();
  rmSync(folder, { recursive: true });
});

let runs = 0;
const read = (catalogue: Catalogue, mode?: string, run = `run-${(runs += 1)}`) => {
  let now = 0;
  const clock = {
    now: () => now,
    sleep: async (ms: number) => {
      waits.push(ms);
      now += ms;
    },
  };
  const context = {
    io: { ledger, objects, secrets: { read: async () => secret } },
    settings: { buckets, duckdbExtensions: "unused", memoryMb: 2048 },
    ...{ run: { id: run }, measure: () => undefined },
  } as unknown as TaskContext;
  return readCatalogue({ catalogue, ...(mode === undefined ? {} : { mode }) }, context, clock);
};
const keys = async (bucket: string) => (await objects.list(bucket, "")).objects.map(({ key }) => key);
const planOf = async ({ planKey = "" }: CatalogueOutcome) =>
  CommitPlan.parse(JSON.parse(await text(await objects.get({ bucket: buckets.artifacts, key: planKey }))));
const landed = async (entity: string) => {
  const found = await keys(buckets.landing);
  const key = found.find((one) => one.startsWith(`edxorg/api_data/${entity}/`)) ?? "";
  const lines = (await text(await objects.get({ bucket: buckets.landing, key }))).trimEnd().split("\n");
  return lines.map((line) => JSON.parse(line));
};
/** What the steps behind this one write. */
async function commitAndAnnounce(outcome: CatalogueOutcome): Promise<void> {
  const { id, tables } = await planOf(outcome);
  const commits = tables.map(({ table }, index) => ({ table, snapshotId: `${id}-${index}`, rows: 1 }));
  const { asset, partition, dataVersion, codeVersion } = outcome;
  const told = { pk: `materialisation#${asset}`, sk: `${partition}#${dataVersion}#${codeVersion}`, data: { commits } };
  await ledger.write([
    ...commits.map((data, index) => ({
      put: { pk: "commit", sk: `${id}#raw.${data.table}#${index}`, data },
      if: { any: true as const },
    })),
    { put: told, if: { any: true } },
  ]);
}

const program = (uuid: string, over: object = {}) => ({
  ...{ uuid, title: `Program ${uuid}`, subtitle: "", type: "MicroMasters", status: "active" },
  ...{
    authoring_organizations: [{ key: "MITx" }, { key: "HarvardX" }],
    data_modified_timestamp: "2026-01-01T00:00:00Z",
  },
  courses: [{ key: "MITx+6.00x", title: "Six", short_description: "s", course_type: "verified-audit" }],
  ...over,
});
const run = (key: string, over: object = {}) => ({
  ...{ key, title: "Run", short_description: null, full_description: "f", marketing_url: "https://x.example" },
  ...{ level_type: "Introductory", content_language: "en-us", start: "2026-01-01", end: null },
  ...{ enrollment_start: null, enrollment_end: null, announcement: null, pacing_type: "self_paced", type: "verified" },
  ...{ availability: "Current", status: "published", is_enrollable: true, image: { src: "https://i.example/1" } },
  ...{ seats: [{ type: "audit", price: "0.00" }], staff: [{ given_name: "Ada", family_name: "Byron", bio: "x" }] },
  ...{ weeks_to_complete: 8, min_effort: 2, max_effort: 4, estimated_hours: 1.5, modified: "2026-01-02T00:00:00Z" },
  ...over,
});
const course = (key: string, over: object = {}) => ({
  ...{ key, title: `É ${key}`, owners: [{ key: "MITx" }], short_description: "s", full_description: "f" },
  ...{
    level_type: "Introductory",
    marketing_url: "https://x.example",
    image: { src: "https://i.example", description: null },
  },
  ...{ course_type: "verified-audit", subjects: [{ name: "Maths", slug: "maths" }], prerequisites: [] },
  ...{ prerequisites_raw: "", modified: "2026-01-01T00:00:00Z", course_runs: [run(`${key}+1`), run(`${key}+2`)] },
  ...over,
});
const programs = (...ids: string[]) => {
  api.lists.programs = ids.map((id) => program(id));
};

describe("the programs of edx.org", () => {
  it("land as lines sorted by their keys, with their courses, and are staged for two tables", async () => {
    programs("c", "a", "b");
    const outcome = await read("programs");
    expect(outcome).toMatchObject({
      ...{ outcome: "staged", asset: "edxorg/api_data/programs", partition: "all" },
      counts: { program_metadata: 3, program_course_metadata: 3, malformed: 0, missing_fields: 0, duplicates: 0 },
    });
    expect(await landed("program_metadata")).toEqual(
      ["a", "b", "c"].map((uuid) => ({
        ...{ uuid, title: `Program ${uuid}`, subtitle: "", type: "MicroMasters", status: "active" },
        ...{ authoring_organizations: "MITx, HarvardX", data_modified_timestamp: "2026-01-01T00:00:00Z" },
        retrieved_at: outcome.checkedAt,
      })),
    );
    expect((await landed("program_course_metadata"))[0]).toEqual({
      ...{ program_uuid: "a", course_key: "MITx+6.00x", course_title: "Six", course_short_description: "s" },
      course_type: "verified-audit",
    });
    // Only the query of the next page is taken, and none is added.
    expect(api.seen.slice(-2)).toEqual(["/api/v1/programs/", "/api/v1/programs/?limit=2&offset=2"]);
    expect((await planOf(outcome)).tables.map(({ table, files }) => [table, files[0]?.rows])).toEqual([
      ["raw__edxorg__discovery__api__program_metadata", 3],
      ["raw__edxorg__discovery__api__program_course_metadata", 3],
    ]);
    expect(readdirSync(join(folder, "tmp"))).toEqual([]);
  });

  it("are the same in another order a day later, and then nothing is written", async () => {
    programs("a", "b", "c");
    await commitAndAnnounce(await read("programs"));
    const before = [await keys(buckets.landing), await keys(buckets.lake)];
    programs("b", "c", "a");
    expect(await read("programs")).toMatchObject({ outcome: "unchanged" });
    expect([await keys(buckets.landing), await keys(buckets.lake)]).toEqual(before);
    expect(await read("programs", "all", "again")).toMatchObject({ outcome: "staged", repeated: true });
  });

  it("that were staged and not announced, or came back, are told again", async () => {
    programs("a", "b");
    const first = await read("programs");
    expect(await read("programs")).toMatchObject({ outcome: "staged", planKey: first.planKey });
    await commitAndAnnounce(first);
    programs("a", "x");
    await commitAndAnnounce(await read("programs"));
    programs("a", "b");
    const back = await read("programs");
    expect(back).toMatchObject({ outcome: "staged", dataVersion: first.dataVersion });
    expect(back.planKey).not.toBe(first.planKey);
  });
});

describe("the courses of edx.org", () => {
  it("give a row each, and one for each of their runs", async () => {
    api.lists.courses = [course("MITx+2"), course("MITx+1", { image: null })];
    const outcome = await read("courses");
    expect(outcome.counts).toMatchObject({ course_metadata: 2, course_run_metadata: 4, missing_fields: 0 });
    const [first, second] = await landed("course_metadata");
    expect([first.course_key, first.image]).toEqual(["MITx+1", null]);
    expect(second).toMatchObject({ owner: "MITx", subjects: [{ name: "Maths" }], image: { url: "https://i.example" } });
    expect((await landed("course_run_metadata"))[0]).toMatchObject({
      ...{ course_key: "MITx+1", run_key: "MITx+1+1", languages: "en-us", start_on: "2026-01-01", end_on: null },
      ...{ enrollment_type: "verified", staff: [{ first_name: "Ada", last_name: "Byron" }], estimated_hours: 1.5 },
    });
    const plan = await planOf(outcome);
    const db = await openDuckDb({ memoryMb: 256, threads: 1, tempDir: join(folder, "spill"), extensionsDir: "unused" });
    const file = await objects.sqlUri(plan.tables[1]?.files[0] ?? { bucket: "", key: "" });
    const [row] = await db.rows(`SELECT * FROM read_parquet('${file}') ORDER BY run_key`);
    db.close();
    expect(row).toMatchObject({
      ...{ is_enrollable: true, weeks_to_complete: "8", seats: '[{"type":"audit","price":"0.00"}]' },
      ...{ image__url: "https://i.example/1", image__description: null, end_on: null, source_system: "edxorg" },
    });
  });

  it("that lack a field have null there, counted; those without a key are in quarantine", async () => {
    const { title: _, ...untitled } = course("MITx+1");
    const { key: __, ...nameless } = run("x");
    api.lists.courses = [
      untitled,
      { title: "no key" },
      course("MITx+2", { course_runs: [nameless], subjects: undefined }),
    ];
    const outcome = await read("courses");
    expect(outcome.counts).toMatchObject({ course_metadata: 2, course_run_metadata: 2, malformed: 2 });
    expect(outcome.counts["missing_fields"]).toBeGreaterThan(1);
    const rows = await landed("course_metadata");
    expect(rows.map(({ title, subjects }) => [title, subjects])).toEqual([
      [null, [{ name: "Maths" }]],
      ["É MITx+2", null],
    ]);
    const [record] = (await ledger.query("quarantine")).items;
    expect(record?.data).toMatchObject({ sourceKey: "edxorg/api_data/courses", count: 2, reasons: { no_key: 2 } });
    expect(
      (await keys(buckets.quarantine)).filter((key) => key.startsWith("quarantine/edxorg_catalogue/")),
    ).toHaveLength(2);
  });
});

it("reads what edx.org has answered", async () => {
  const fixtures = join(import.meta.dirname, "../../../shared/fixtures/learn-etl");
  const { files } = JSON.parse(readFileSync(join(fixtures, "facts.json"), "utf8"));
  const reply = (name: string) => ({
    value: JSON.parse(readFileSync(join(fixtures, name), "utf8")),
    facts: files[name],
  });
  const [listed, offered] = [reply("mit_edx_programs/test_mitx_programs.json"), reply("mit_edx/test_mitx_course.json")];
  api.lists.programs = listed.value;
  api.lists.courses = offered.value.results;
  const ids = ({ items }: { items: { id: string }[] }) => items.map(({ id }) => id).toSorted();
  expect(await read("programs")).toMatchObject({ counts: { malformed: 0, duplicates: 0 } });
  const found = await landed("program_metadata");
  expect(found.map(({ uuid }) => uuid)).toEqual(ids(listed.facts));
  expect(Object.fromEntries(Map.groupBy(found, ({ status }) => status))).toMatchObject({
    active: { length: listed.facts.statuses.active },
  });
  expect(found.every(({ type }) => type === "XSeries")).toBe(true);
  expect(await landed("program_course_metadata")).toHaveLength(listed.facts.courses);
  await read("courses");
  expect(await landed("course_metadata")).toMatchObject([
    { course_key: ids(offered.facts)[0], owner: offered.facts.owner_keys.join(", "), course_type: null },
  ]);
  const runsOf = await landed("course_run_metadata");
  expect(runsOf).toHaveLength(offered.facts.runs);
  expect(runsOf[0]).toMatchObject({
    seats: { length: offered.facts.seats },
    ...{ languages: "en-us", enrollment_type: "verified", start_on: "2019-02-20T15:00:00Z", is_enrollable: null },
  });
});

describe("a list that cannot be believed", () => {
  const refused = (code: string) => expect.objectContaining({ name: "Malformed", code });

  it("holds another number than it promises: nothing is written", async () => {
    programs("a", "b", "c");
    api.promise(4);
    await expect(read("programs")).rejects.toEqual(refused("count_mismatch"));
    expect([await keys(buckets.landing), await keys(buckets.lake), await keys(buckets.artifacts)]).toEqual([
      [],
      [],
      [],
    ]);
  });

  it.each([
    ['{"count": 1, "results": [], "next": "?offset=0"}', "page_repeated"],
    ['{"count": 1, "results": {}, "next": null}', "reply_not_json"],
    ["<html>", "reply_not_json"],
    ['{"count": 0, "results": [], "next": null}', "catalogue_empty"],
    ['{"count": 1, "results": [7], "next": null}', "catalogue_empty"],
  ])("is %s", async (page, code) => {
    const pages = Array.from({ length: 3 }, () => ({ status: 200, text: page }));
    api.answerNext(...pages);
    await expect(read("programs")).rejects.toEqual(refused(code));
    expect(await keys(buckets.landing)).toEqual([]);
  });

  it("has the same page twice", async () => {
    const page = (offset: number) => ({
      status: 200,
      text: JSON.stringify({ count: 2, results: [program("a")], next: `?offset=${offset}` }),
    });
    api.answerNext(page(1), page(2));
    await expect(read("programs")).rejects.toEqual(refused("page_repeated"));
  });

  it("has shrunk, until a person says that it is so", async () => {
    programs("a", "b", "c", "d");
    await commitAndAnnounce(await read("programs"));
    programs("a", "b", "c");
    await expect(read("programs")).rejects.toEqual(refused("catalogue_shrunk"));
    expect(await read("programs", "all")).toMatchObject({ outcome: "staged", counts: { program_metadata: 3 } });
  });
});

describe("an API that", () => {
  it("asks to slow down is waited for, three times at most", async () => {
    programs("a");
    const slow = { status: 429, headers: { "retry-after": "7" } };
    api.answerNext(slow, slow);
    expect(await read("programs")).toMatchObject({ outcome: "staged" });
    expect(waits).toEqual([7_000, 7_000]);
    api.answerNext(slow, slow, slow, slow);
    await expect(read("programs")).rejects.toMatchObject({ name: "Throttled" });
  });

  it("takes a token no more is given another, once", async () => {
    programs("a", "b", "c");
    await read("programs");
    api.expireTokens();
    expect(await read("programs")).toMatchObject({ outcome: "staged" });
    expect(api.seen.filter((path) => path.includes("access_token"))).toHaveLength(2);
  });

  it.each([
    [{ secret: "wrong" }, "Misconfigured", "unauthorised"],
    [{ id: "" }, "Misconfigured", "secret_field_missing"],
    [{ tokenUrl: "api.edx.org" }, "Misconfigured", "openedx_url_invalid"],
    [{ programs: "ftp://x" }, "Misconfigured", "openedx_url_invalid"],
  ])("is asked with %j", async (wrong, name, code) => {
    secret = { ...secret, ...wrong };
    await expect(read("programs")).rejects.toMatchObject({ name, code });
  });

  it("is edx.org's own where the secret has no addresses", async () => {
    const target = await catalogueTarget({ read: async () => ({ id: "me", secret: "s" }) }, "courses");
    expect(target).toMatchObject({
      url: "https://discovery.edx.org/api/v1/catalogs/10/courses/",
      tokenUrl: "https://api.edx.org/oauth2/v1/access_token",
    });
  });

  it.each([
    [503, "Transient"],
    [404, "Rejected"],
  ])("answers %i", async (status, name) => {
    programs("a");
    api.answerNext({ status });
    await expect(read("programs")).rejects.toMatchObject({ name });
  });
});
