import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer, text } from "node:stream/consumers";
import { gunzipSync } from "node:zlib";
import { extract } from "tar-stream";
import { beforeEach, describe, expect, it } from "vitest";
import { courseFiles, makeTarGz } from "../../test/standins/make-tar.ts";
import { makeZip } from "../../test/standins/make-zip.ts";
import { openDuckDb } from "../../core/io/duckdb.ts";
import { embeddedLedger } from "../../core/io/embedded/ledger.ts";
import { embeddedObjects } from "../../core/io/embedded/objects.ts";
import { CommitPlan } from "../../core/model/commit-plan.ts";
import type { TaskContext } from "../../core/task.ts";
import { writeDelivery } from "../learn-webhook/delivery.ts";
import { CONTENT_FILES_ROUTE, deliveryKey } from "../learn-webhook/delivery-key.ts";
import type { CourseOutcome } from "../course-archive/course-outcome.ts";
import { recordStarted } from "./course-export/export-record.ts";
import { extractLanded } from "./extract-course.ts";

const FIXTURES = join(import.meta.dirname, "../../../shared/fixtures");
const DEMO = join(FIXTURES, "courses/course-v1:OpenedX+DemoX+DemoCourse.xml.tar.gz");
const buckets = {
  landing: "m-landing",
  lake: "m-lake",
  quarantine: "m-quarantine",
  artifacts: "m-artifacts",
  drops: "m-drops",
};

let folder: string;
let ledger: ReturnType<typeof embeddedLedger>;
let objects: ReturnType<typeof embeddedObjects>;
let runs = 0;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "millrace-extract-"));
  // What the task leaves behind would show here.
  mkdirSync(join(folder, "tmp"));
  process.env["TMPDIR"] = join(folder, "tmp");
  ledger = embeddedLedger(folder);
  objects = embeddedObjects(folder);
  return () => {
    delete process.env["TMPDIR"];
    ledger.close();
    objects.close();
    rmSync(folder, { recursive: true });
  };
});

async function extractOnly(key: string, mode?: string, run?: string) {
  runs += 1;
  const context = {
    io: { ledger, objects },
    settings: { environment: "dev", buckets, duckdbExtensions: "unused", memoryMb: 4096 },
    run: { id: run ?? `run-${runs}` },
  } as unknown as TaskContext;
  return extractLanded({ bucket: buckets.landing, key, mode }, context);
}

async function land(bytes: Uint8Array, name = "export", deployment = "mitxonline") {
  const key = `sources/course-exports-${deployment}/${name}.tar.gz`;
  await objects.put(buckets.landing, key, bytes);
  return extractOnly(key);
}

async function staged(bytes: Uint8Array, deployment = "mitxonline"): Promise<CourseOutcome> {
  const outcome = await land(bytes, "export", deployment);
  if (outcome.outcome === "ignored") throw new Error(outcome.reason);
  return outcome;
}

const landed = async (key: string) => text(await objects.get({ bucket: buckets.landing, key }));
const lines = async (key: string) =>
  (await landed(key))
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));
const keys = async (bucket: string) => (await objects.list(bucket, "")).objects.map(({ key }) => key);
const planOf = async ({ planKey = "" }: CourseOutcome) =>
  CommitPlan.parse(JSON.parse(await text(await objects.get({ bucket: buckets.artifacts, key: planKey }))));

/** What the steps behind this one write. */
async function commit(outcome: CourseOutcome, snapshotId = "1"): Promise<void> {
  const plan = await planOf(outcome);
  for (const [index, { table }] of plan.tables.entries()) {
    await ledger.write([
      { put: { pk: "commit", sk: `${plan.id}#raw.${table}#${index}`, data: { snapshotId } }, if: { any: true } },
    ]);
  }
}
const announce = ({ asset, partition, dataVersion, codeVersion }: CourseOutcome, snapshotId = "1") =>
  ledger.write([
    {
      put: {
        pk: `materialisation#${asset}`,
        sk: `${partition}#${dataVersion}#${codeVersion}`,
        data: { commits: [{ snapshotId }] },
      },
      if: { any: true },
    },
  ]);
const delivered = ({ deployment, partition, dataVersion }: CourseOutcome) => {
  const identity = { route: CONTENT_FILES_ROUTE, source: deployment, subject: partition, contentDigest: dataVersion };
  const key = deliveryKey(identity);
  const newest = { key, askedAt: new Date().toISOString() };
  return Promise.all([
    writeDelivery(ledger, key, {
      ...{ state: "delivered", source: deployment, subject: partition, url: "", body: "{}", version: dataVersion },
      ...{ attempts: 1, lastCode: "200", reply: "", createdAt: "", deliveredAt: "", secretMark: "" },
    }),
    ledger.write([
      { put: { pk: "delivery-subject", sk: `${deployment}#${partition}`, data: newest }, if: { any: true } },
    ]),
  ]);
};

describe("the demo course", () => {
  it("gives the facts that were computed apart from this code", async () => {
    const facts = JSON.parse(readFileSync(join(FIXTURES, "courses/facts.json"), "utf8"));
    const outcome = await staged(readFileSync(DEMO));
    expect(outcome).toMatchObject({
      outcome: "staged",
      asset: "mitxonline/openedx/raw_data/course_xml",
      partition: facts.course_id,
      counts: facts.reachable_blocks_by_type,
      sha256: facts.tar_gz_sha256,
      bytes: facts.tar_gz_bytes,
      warnings: [],
    });
    const base = "mitxonline/openedx/processed_data";
    const file = `${facts.course_id}/${facts.tar_gz_sha256}.json`;
    expect(await lines(`${base}/course_metadata/${file}`)).toEqual([
      expect.objectContaining({
        course_id: facts.course_id,
        title: facts.display_name,
        course_start: facts.start,
        self_paced: true,
      }),
    ]);
    expect(await lines(`${base}/course_video/${file}`)).toHaveLength(facts.video_blocks);
    const blocks = await lines(`${base}/course_xml_blocks/mitxonline/${file}`);
    const inFolders = Object.entries<number>(facts.xml_files_by_dir).filter(
      ([name]) => ![".", "assets", "course"].includes(name),
    );
    expect(blocks).toHaveLength(inFolders.reduce((sum, [, count]) => sum + count, 0));
    const structure = await lines(`${base}/course_archive_blocks/mitxonline/${file}`);
    expect(structure.map(({ block_index }) => block_index)).toEqual(
      Array.from({ length: facts.reachable_blocks }, (_, n) => n + 1),
    );
    expect(structure.filter(({ is_inline }) => is_inline)).toHaveLength(9);
    const manifest = JSON.parse(
      await landed(`${base}/course_static_assets_manifest/mitxonline/${facts.course_id}/manifest.json`),
    );
    expect(manifest.file_count).toBe(facts.files - facts.xml_files);
    expect(manifest.files.filter(({ path }: { path: string }) => path.startsWith("static/"))).toHaveLength(
      facts.static_files,
    );
    expect(await keys(buckets.landing)).toContain(outcome.contentPath);
    expect(await keys(buckets.landing)).toContain(
      `${base}/course_static_assets/mitxonline/${facts.course_id}/${manifest.data_version}.tar.gz`,
    );
  });

  it("stages the same rows as Parquet, each table with its plan", async () => {
    const plan = await planOf(await staged(readFileSync(DEMO)));
    const rows = Object.fromEntries(
      plan.tables.map(({ table, files }) => [
        table.split("__").at(-1),
        files.reduce((sum, file) => sum + file.rows, 0),
      ]),
    );
    expect(rows).toEqual({
      course_metadata: 1,
      course_video: 11,
      course_xml_blocks: 391,
      course_blocks: 401,
      course_policy: 1,
      course_signatories: 0,
      course_static_assets: 337,
      course_documents: 280,
      course_transcripts: 6,
    });
    const db = await openDuckDb({ memoryMb: 256, threads: 1, tempDir: join(folder, "spill"), extensionsDir: "unused" });
    for (const { table, columns, files, replace } of plan.tables) {
      expect(replace).toEqual([{ column: "course_id", value: "course-v1:OpenedX+DemoX+DemoCourse" }]);
      for (const file of files) {
        const found = await db.rows(`SELECT * FROM read_parquet('${await objects.sqlUri(file)}')`);
        expect(found).toHaveLength(file.rows);
        expect(Object.keys(found[0] ?? {})).toEqual(columns.map(({ name }) => name));
        expect(new Set(found.map(({ course_id }) => course_id)).size).toBe(1);
        if (table.endsWith("course_xml_blocks")) {
          const video = found.find(({ block_id }) => block_id === "078de40d92a54047b951a2e7a8e2a348");
          expect(JSON.parse(String(video?.["xml_attributes"]))).toMatchObject({
            end_time: "00:12:57",
            youtube: "1.00:AOUEsgFrYeg",
          });
          expect(String(video?.["raw_xml"])).toMatch(/^<video youtube=.*<\/video>$/s);
        }
      }
    }
    db.close();
  });

  it("shows the secrets of the course nowhere but in the archive itself", async () => {
    const { contentPath } = await staged(readFileSync(DEMO));
    const places = (await keys(buckets.landing)).filter((key) => key !== contentPath && !key.startsWith("sources/"));
    for (const [bucket, found] of [
      [buckets.landing, places],
      [buckets.lake, await keys(buckets.lake)],
    ] as const) {
      for (const key of found) {
        const bytes = await buffer(await objects.get({ bucket, key }));
        const plain = key.endsWith(".gz") ? gunzipSync(bytes) : bytes;
        expect(plain.includes("lti_passports"), key).toBe(false);
        expect(plain.includes("codeboard_key_1"), key).toBe(false);
      }
    }
  });
});

describe("archives of another installation", () => {
  const { files } = JSON.parse(readFileSync(join(FIXTURES, "learn-etl/facts.json"), "utf8"));
  const archives = Object.entries<Record<string, unknown>>(files).filter(
    ([name]) => name.startsWith("edx-archives/") && name.endsWith(".tar.gz"),
  );

  it("give the facts that were computed apart, and the second of them nothing new", async () => {
    expect(archives).toHaveLength(2);
    for (const [index, [name, fact]] of archives.entries()) {
      const outcome = await staged(readFileSync(join(FIXTURES, "learn-etl", name)));
      expect(outcome).toMatchObject({
        ...{ partition: fact["course_id"], sha256: fact["sha256"], bytes: fact["bytes"], warnings: [] },
        files: Number(fact["files"]) - Number(fact["apple_double_files"]),
        outcome: index === 0 ? "staged" : "unchanged",
      });
      expect(outcome.counts["chapter"] ?? 0).toBe(fact["chapters"]);
      if (index > 0) continue;
      await commit(outcome);
      await announce(outcome);
      await delivered(outcome);
      const key = `mitxonline/openedx/processed_data/course_metadata/${outcome.partition}/${outcome.sha256}.json`;
      const [row] = await lines(key);
      // Studio writes times as JSON texts.
      const time = (value: unknown): number => Date.parse(String(value).replaceAll('"', ""));
      expect([row.title, time(row.course_start), time(row.course_end)]).toEqual([
        ...[fact["display_name"], time(fact["start"]), time(fact["end"])],
      ]);
    }
  });
});

describe("a hostile archive", () => {
  const { files } = JSON.parse(readFileSync(join(FIXTURES, "hostile/expectations.json"), "utf8"));
  const cases = Object.entries<HostileCase>(files).filter(
    ([name]) => name.startsWith("archives/") && name.endsWith(".tar.gz"),
  );

  interface HostileCase {
    readonly class: string;
    readonly allowed?: readonly HostileCase[];
    readonly reason_any_of?: readonly string[];
    readonly course_id?: string;
    readonly videos?: number;
    readonly files?: number;
  }

  it.each(cases)("%s has an outcome that its expectations allow", async (name, expected) => {
    const allowed = expected.allowed ?? [expected];
    const bytes = readFileSync(join(FIXTURES, "hostile", name));
    const result = await staged(bytes).catch((error: unknown) => error as { name: string; code: string });
    if ("outcome" in result) {
      const match = allowed.find((one) => one.class === "accept");
      expect(match?.course_id).toBe(result.partition);
      if (expected.files !== undefined) expect(result.files).toBe(expected.files);
      if (expected.videos !== undefined) expect(result.counts["video"]).toBe(expected.videos);
      if (/malformed|entity/.test(name)) expect(result.warnings[0]).toMatch(/(vid1|p1)\.xml is refused/);
    } else {
      expect(result.name).toBe("Malformed");
      expect(allowed.flatMap((one) => one.reason_any_of ?? [])).toContain(result.code);
      expect(await keys(buckets.landing)).toEqual(["sources/course-exports-mitxonline/export.tar.gz"]);
      expect([...(await keys(buckets.lake)), ...(await keys(buckets.artifacts))]).toEqual([]);
      expect((await ledger.query("quarantine")).items).toEqual([
        expect.objectContaining({
          sk: `sources/course-exports-mitxonline/export.tar.gz#${createHash("sha256").update(bytes).digest("hex")}`,
          data: expect.objectContaining({ wholeFile: result.code, sizeBytes: bytes.length }),
        }),
      ]);
    }
    expect(readdirSync(tmpdir())).toEqual([]);
  });

  it("leaves a broken file in quarantine, byte for byte, and reads the others", async () => {
    const bad = "<html>R&D</html>";
    const outcome = await staged(
      await makeTarGz(courseFiles({ "html/h1.xml": bad, "policies/R/policy.json": "{ no json" })),
    );
    expect(outcome.counts).toEqual({ course: 1, chapter: 1, sequential: 1, vertical: 1, video: 1 });
    expect(outcome.warnings.slice(0, 2)).toEqual([
      expect.stringMatching(/^course\/html\/h1\.xml is refused \(malformed_xml\)/),
      expect.stringMatching(/^course\/policies\/R\/policy\.json is refused \(malformed_policy\)/),
    ]);
    const [item] = (await ledger.query("quarantine")).items;
    expect(item?.data).toMatchObject({ count: 2, reasons: { malformed_xml: 1, malformed_policy: 1 } });
    const bytes = await buffer(
      await objects.get({
        bucket: buckets.quarantine,
        key: (await keys(buckets.quarantine)).find((key) => key.endsWith(".lines")) ?? "",
      }),
    );
    expect(bytes.toString()).toBe(bad);
  });

  it("of odd names, encodings and sizes gives every row that its files are worth", async () => {
    const huge = "x".repeat(17_000_000);
    const outcome = await staged(
      await makeTarGz([
        { name: "README", text: "beside the root" },
        ...courseFiles({
          "video/vid.xml": '<video edx_video_id="e"><wrap><video_asset/></wrap><video_asset duration="9"/></video>',
          "video/bare.xml": '<video url_name=""/>',
          "video/empty.xml": "",
          "problem/big.xml": `<problem url_name="same" markdown="${huge}" __proto__="p"/>`,
          "problem/deep/er/same.xml": '<problem url_name="same" max_attempts="1"/>',
          "static/a b%20#?.txt": "one",
          "static/A.srt": "1\n00:00:00,000 --> 00:00:01,000\nUpper",
          "static/a.srt": "1\n00:00:00,000 --> 00:00:01,000\nlower",
          "static/sub/a.srt": "",
          "static/日本/é.bin": "",
          "assets/x.xml": "<not read",
          "library_content/lc.xml": '<library_content url_name="lc"><problem url_name="not-there"/></library_content>',
          "vertical/v1.xml":
            '<vertical><vertical display_name="Inner"><library_content url_name="lc"/><html url_name="h1"/></vertical></vertical>',
        }),
      ]),
    );
    expect(outcome.counts).toEqual({
      ...{ course: 1, chapter: 1, sequential: 1, vertical: 2, library_content: 1, html: 1 },
    });
    expect(outcome.warnings).toEqual([
      expect.stringMatching(/^course\/assets\/x\.xml is refused/),
      expect.stringMatching(/^course\/video\/empty\.xml is refused/),
      expect.stringMatching(/^README lies outside the folder course/),
      expect.stringMatching(/^1 pointers lead to no file .*problem\/not-there/),
    ]);
    const base = "mitxonline/openedx/processed_data";
    const file = `course-v1:O+C+R/${outcome.sha256}.json`;
    expect(
      (await lines(`${base}/course_video/${file}`)).map(({ video_block_id: id, duration }) => [id, duration]),
    ).toEqual([
      ["", "0.0"],
      [null, null],
    ]);
    const blocks = await lines(`${base}/course_xml_blocks/mitxonline/${file}`);
    const problems = blocks.filter(({ block_type }) => block_type === "problem");
    expect(problems.map(({ block_id, xml_path, max_attempts }) => [block_id, xml_path, max_attempts])).toEqual([
      ["same", "course/problem/big.xml", null],
      ["same", "course/problem/deep/er/same.xml", "1"],
    ]);
    expect(problems[0].markdown).toHaveLength(huge.length);
    expect(Object.keys(problems[0].xml_attributes)).toEqual(["url_name", "markdown", "__proto__"]);
    expect(blocks.find(({ block_type }) => block_type === "video")).toMatchObject({ block_id: "bare" });
    const manifest = JSON.parse(
      await landed(`${base}/course_static_assets_manifest/mitxonline/course-v1:O+C+R/manifest.json`),
    );
    expect(manifest.files.map(({ path, mime_type }: Record<string, string>) => [path, mime_type])).toEqual([
      ["html/h1.html", "text/html"],
      ["static/A.srt", "application/x-subrip"],
      ["static/a b%20#?.txt", "text/plain"],
      ["static/a.srt", "application/x-subrip"],
      ["static/sub/a.srt", "application/x-subrip"],
      ["static/日本/é.bin", "application/octet-stream"],
    ]);
    const tables = (await planOf(outcome)).tables.flatMap(({ table, files }) =>
      files.map(({ rows }) => [table.split("__course_")[1], rows]),
    );
    expect(Object.fromEntries(tables)).toMatchObject({ xml_blocks: 9, video: 2, transcripts: 3, static_assets: 6 });
  });

  it("without policies, or with those that are no objects, is a course all the same", async () => {
    const policies = {
      "policies/R/policy.json": '{"course/R": null, "course/X": {"tabs": null}, "x": 1}',
      ...{ "policies/R/grading_policy.json": "[]", "policies/assets.json": "[1]", "policies/R/empty.json": "" },
    };
    const rows = async (over: Record<string, string>) =>
      Object.fromEntries(
        (await planOf(await staged(await makeTarGz(courseFiles(over))))).tables.map(({ table, files }) => [
          table.split("__course_")[1],
          files.length === 0 ? 0 : files[0]?.rows,
        ]),
      );
    expect(await rows({})).toMatchObject({ policy: 0, signatories: 0, metadata: 1 });
    expect(await rows(policies)).toMatchObject({ policy: 1, signatories: 0, metadata: 1 });
    expect(await rows({ "course/R.xml": "<course self_paced='TRUE'/>" })).toMatchObject({ metadata: 1, blocks: 1 });
  });

  it("stages what JSON can write and UTF-8 cannot", async () => {
    const policy =
      '{"course/R": {"display_coursenumber": "\\ud800 \\u0000", "certificates": {"certificates": [{"signatories": [{"name": "\\udc00"}]}]}}}';
    const plan = await planOf(await staged(await makeTarGz(courseFiles({ "policies/R/policy.json": policy }))));
    const rows = plan.tables.flatMap(({ table, files }) =>
      /policy|signatories/.test(table) ? files.map((file) => file.rows) : [],
    );
    expect(rows).toEqual([1, 1]);
  });

  it.each([
    [{ "course.xml": "<course" }, "malformed_xml"],
    [{ "course.xml": '<!DOCTYPE a><course url_name="R" org="O" course="C"/>' }, "xml_entities"],
    [{ "course.xml": '<course url_name="R" org="../../x" course="C"/>' }, "bad_course_id"],
    [{ "course.xml": '<course url_name="R" org="O" course="C D"/>' }, "bad_course_id"],
    [{ "course.xml": '<course org="O" course="C"/>' }, "bad_course_id"],
    [{ "course.xml": `<course url_name="R" org="${"Ω".repeat(200)}" course="C"/>` }, "bad_course_id"],
    [{ "course/R.xml": undefined }, "no_course_xml"],
    [{ "course/R.xml": "<course" }, "malformed_xml"],
    [{ "vertical/v1.xml": '<vertical><vertical url_name="v1"/></vertical>' }, "course_cycle"],
  ])("is refused for its definition: %j", async (over, code) => {
    await expect(staged(await makeTarGz(courseFiles(over)))).rejects.toMatchObject({ name: "Malformed", code });
  });
});

describe("a course over time", () => {
  it("is unchanged once it was committed, announced and delivered, however it is packed", async () => {
    const first = await staged(await makeTarGz(courseFiles()));
    await commit(first);
    expect(await staged(await makeTarGz(courseFiles()))).toMatchObject({ outcome: "staged", planKey: first.planKey });
    await announce(first);
    expect(await staged(await makeTarGz(courseFiles()))).toMatchObject({ outcome: "staged", planKey: first.planKey });
    await delivered(first);
    const stored = await keys(buckets.landing);
    const again = await staged(await makeTarGz(courseFiles().map((file) => ({ ...file, mtime: new Date(1) }))));
    expect(again).toMatchObject({
      outcome: "unchanged",
      reason: "same_content",
      counts: first.counts,
      contentPath: first.contentPath,
    });
    expect(again.planKey).toBeUndefined();
    expect(await keys(buckets.landing)).toEqual(stored);
  });

  it("asks for no delivery where none is sent", async () => {
    const first = await staged(await makeTarGz(courseFiles()), "mitx");
    await commit(first);
    await announce(first);
    expect(await staged(await makeTarGz(courseFiles()), "mitx")).toMatchObject({ outcome: "unchanged" });
  });

  it("is staged again under the same plan when the commit never came", async () => {
    const first = await staged(await makeTarGz(courseFiles()));
    const second = await staged(await makeTarGz(courseFiles()));
    expect(second).toMatchObject({ outcome: "staged", planKey: first.planKey });
  });

  it.each(["all", "reload"])("is staged once more for a run of mode %s, and once only", async (mode) => {
    const first = await staged(await makeTarGz(courseFiles()));
    await commit(first);
    await announce(first);
    await delivered(first);
    const again = (run: string) => extractOnly("sources/course-exports-mitxonline/export.tar.gz", mode, run);
    const repeated = await again("again");
    expect(repeated).toMatchObject({ outcome: "staged", repeated: true, dataVersion: first.dataVersion });
    const plan = await planOf(repeated as CourseOutcome);
    const staging = (found: CommitPlan) => found.tables.flatMap(({ files }) => files.map(({ key }) => key));
    expect(plan.id).not.toBe((await planOf(first)).id);
    expect(staging(plan).length).toBeGreaterThan(0);
    if (mode === "reload") expect(staging(plan)).toEqual(staging(await planOf(first)));
    else expect(staging(plan).every((key) => key.includes("/again/"))).toBe(true);
    expect(await ledger.get("course#mitxonline", first.partition)).toMatchObject({ data: { planId: plan.id } });
    expect(await again("again")).toMatchObject({ planKey: (repeated as CourseOutcome).planKey });
    await commit(repeated as CourseOutcome);
    expect(await again("again")).toMatchObject({ outcome: "unchanged" });
    expect(await again("another")).toMatchObject({ outcome: "staged", repeated: true });
  });

  it("is extracted again for a reload whose staged rows are gone", async () => {
    const first = await staged(await makeTarGz(courseFiles()));
    await commit(first);
    // As after seven days: the plan names what is no longer there.
    const plan = JSON.stringify(await planOf(first)).replaceAll("staging/", "staging/gone/");
    await objects.put(buckets.artifacts, first.planKey ?? "", plan);
    const repeated = await extractOnly("sources/course-exports-mitxonline/export.tar.gz", "reload", "again");
    const [file] = (await planOf(repeated as CourseOutcome)).tables.flatMap(({ files }) => files);
    expect(file?.key).toContain("/again/");
  });

  it("gets a plan of its own for new content, and for going back to the old", async () => {
    const plans = [];
    for (const title of ["One", "Two", "One"]) {
      const outcome = await staged(
        await makeTarGz(courseFiles({ "chapter/c1.xml": `<chapter display_name="${title}"/>` })),
      );
      await commit(outcome);
      plans.push(outcome.planKey);
    }
    expect(new Set(plans).size).toBe(3);
  });

  it("that came back is announced again, whatever was on record of its first time", async () => {
    const course = (title: string) =>
      makeTarGz(courseFiles({ "chapter/c1.xml": `<chapter display_name="${title}"/>` }));
    const told: CourseOutcome[] = [];
    for (const [n, title] of ["One", "Two", "One"].entries()) {
      const outcome = await staged(await course(title));
      expect(outcome.outcome).toBe("staged");
      await commit(outcome, `snapshot ${n}`);
      // Its materialisation and its delivery are those of the first time until the steps behind have come.
      expect(await staged(await course(title))).toMatchObject({ outcome: "staged", planKey: outcome.planKey });
      await announce(outcome, `snapshot ${n}`);
      expect(await staged(await course(title))).toMatchObject({ outcome: "staged", planKey: outcome.planKey });
      await delivered(outcome);
      expect(await staged(await course(title))).toMatchObject({ outcome: "unchanged" });
      told.push(outcome);
    }
    expect(told[2]?.dataVersion).toBe(told[0]?.dataVersion);
  });

  it("is not overwritten by an older export that comes late", async () => {
    await objects.put(
      buckets.landing,
      "sources/course-exports-xpro/old.tar.gz",
      await makeTarGz(courseFiles({ "html/h1.html": "old" })),
    );
    await new Promise((resolve) => setTimeout(resolve, 5));
    const newer = await staged(await makeTarGz(courseFiles()), "xpro");
    await commit(newer);
    expect(await extractOnly("sources/course-exports-xpro/old.tar.gz")).toMatchObject({
      outcome: "unchanged",
      reason: "superseded",
    });
  });

  it("ignores what is not named like an export", async () => {
    await expect(extractOnly("sources/course-exports-mitx/readme.txt")).resolves.toMatchObject({ outcome: "ignored" });
    await expect(extractOnly("sources/course-exports-edxorg/a.tar.gz")).resolves.toMatchObject({ outcome: "ignored" });
    await expect(extractOnly("sources/course-exports-mitx/none.tar.gz")).rejects.toMatchObject({
      code: "object_missing",
    });
  });
});

describe("documents", () => {
  it("that are damaged are named, and the rest goes on", async () => {
    const relation = '<a><Relationship Id="r" Type="x/officeDocument" Target="d.xml"/></a>';
    const word = makeZip([
      { name: "_rels/.rels", text: relation },
      { name: "d.xml", text: "<a><p><t>Read &amp; understood \u{1f600}</t></p></a>" },
    ]);
    const outcome = await staged(
      await makeTarGz([
        ...courseFiles(),
        ...["good.docx", "Good.PPTX"].map((name) => ({ name: `course/static/${name}`, text: word })),
        { name: "course/static/cut.docx", text: word.subarray(0, 50) },
        { name: "course/static/empty.pptx", text: "" },
      ]),
    );
    expect(outcome.warnings).toEqual(["Words of 2 files cannot be read: their rows say why."]);
    const key = `mitxonline/openedx/processed_data/course_documents/mitxonline/course-v1:O+C+R/${outcome.sha256}.json`;
    expect((await lines(key)).map(({ path, status, text: words, detail }) => [path, status, words, detail])).toEqual([
      ["html/h1.html", "text", "x", null],
      ["static/Good.PPTX", "text", "Read & understood 😀", null],
      ["static/cut.docx", "malformed", null, "it is no zip, or is cut"],
      ["static/empty.pptx", "malformed", null, "it is no zip, or is cut"],
      ["static/good.docx", "text", "Read & understood 😀", null],
    ]);
  });
});

describe("static assets", () => {
  it("are every file that is no XML, in a bundle that is the same for the same files", async () => {
    const extra = {
      "static/a.srt": "hello",
      "assets/x.pdf": "pdf",
      "drafts/html/d.html": "draft",
      "static/data.xml": "<a/>",
      "extra.xml": "<a/>",
    };
    const outcome = await staged(await makeTarGz(courseFiles(extra)));
    expect(outcome.warnings).toEqual([
      expect.stringContaining("course/extra.xml lies beside course.xml"),
      "Words of 2 files cannot be read: their rows say why.",
    ]);
    const bundleKey = (await keys(buckets.landing)).find((key) => key.includes("course_static_assets/")) ?? "";
    const bundle = gunzipSync(await buffer(await objects.get({ bucket: buckets.landing, key: bundleKey })));
    const found: unknown[] = [];
    const reader = extract();
    reader.end(bundle);
    for await (const entry of reader) {
      const { name, mode, uid, mtime } = entry.header;
      found.push({ name, mode, uid, mtime: mtime.getTime() });
      entry.resume();
    }
    expect(found).toEqual(
      ["assets/x.pdf", "html/h1.html", "static/a.srt"].map((name) => ({ name, mode: 0o644, uid: 0, mtime: 0 })),
    );
    const manifest = JSON.parse(
      await landed((await keys(buckets.landing)).find((key) => key.endsWith("manifest.json")) ?? ""),
    );
    expect(manifest.files.map(({ mime_type }: { mime_type: string }) => mime_type)).toEqual([
      "application/pdf",
      "text/html",
      "application/x-subrip",
    ]);
    expect(bundleKey).toContain(manifest.data_version);
  });
});

describe("an archive that was asked for", () => {
  const id = "course-v1:O+C+R";
  const source = (name: string) => `sources/course-exports-mitxonline/${name}.tar.gz`;
  const asked = (key: string, publishedVersion: string, courseId = id) =>
    recordStarted(ledger, "mitxonline", courseId, {
      ...{ run: "export-1", taskId: "t", key, publishedVersion, before: null, startedAt: new Date().toISOString() },
    });

  it("keeps what was published before its export, beside the version and with the object", async () => {
    await asked(source(id), "5f00");
    const outcome = await land(await makeTarGz(courseFiles()), id);
    expect(outcome).toMatchObject({ outcome: "staged", partition: id, publishedVersion: "5f00", warnings: [] });
    const key = "contentPath" in outcome ? outcome.contentPath : "";
    expect(await objects.head({ bucket: buckets.landing, key })).toMatchObject({
      metadata: {
        ...{ course_id: id, object_key: key, courseware_published_version: "5f00" },
        content_digest: (outcome as CourseOutcome).dataVersion,
      },
    });
  });

  it("is known by the id that it was asked for, in the old form, too", async () => {
    await asked(source("O/C/R"), "5f00", "O/C/R");
    expect(await land(await makeTarGz(courseFiles()), "O/C/R")).toMatchObject({
      partition: id,
      publishedVersion: "5f00",
    });
  });

  it("and comes unasked as well says nothing of what was published", async () => {
    expect(await land(await makeTarGz(courseFiles()), id)).not.toHaveProperty("publishedVersion");
  });

  it.each(["course-v1:O+C+R2", "course-v1:O2+C+R", "O/C2/R"])("as %s and holds another is Malformed", async (name) => {
    await expect(land(await makeTarGz(courseFiles()), name)).rejects.toMatchObject({
      ...{ name: "Malformed", code: "other_course" },
    });
    expect(await keys(buckets.landing)).toEqual([source(name)]);
    expect((await ledger.query("quarantine")).items).toHaveLength(1);
  });

  it("and is cut short is Malformed, and nothing of it is stored", async () => {
    const bytes = await makeTarGz(courseFiles());
    await expect(land(bytes.subarray(0, -20), id)).rejects.toMatchObject({ name: "Malformed", code: "gzip_truncated" });
    expect(await keys(buckets.landing)).toEqual([source(id)]);
  });
});
