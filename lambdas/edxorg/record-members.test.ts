import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { embeddedObjects } from "../../core/io/embedded/objects.ts";
import { openItems } from "../../core/io/items.ts";
import type { Ledger } from "../../core/io/ports.ts";
import { AlertEvent } from "../../core/model/alerts/alert-event.ts";
import { assetsIn } from "../../core/model/assets.ts";
import { lanesIn } from "../../core/model/lanes/declared-lanes.ts";
import type { TaskContext } from "../../core/task.ts";
import { edxorgCourses } from "../../state-machines/edxorg_courses/pipeline.ts";
import { courseFiles, makeTarGz, type TarMember } from "../../test/standins/make-tar.ts";
import { MemoryExecutions } from "../../test/standins/memory-executions.ts";
import { memoryLedger } from "../../test/standins/memory-ledger.ts";
import { mortal } from "../../test/standins/mortal.ts";
import { recordMembers } from "./record-members.ts";
import { COURSE_STRUCTURE, COURSE_XML, RAW_COURSE_STRUCTURE, RAW_COURSE_XML } from "./sources/course-sources.ts";
import { unpackLanded } from "./unpack-archive.ts";

const buckets = { landing: "m-landing", lake: "m-lake", quarantine: "m-quarantine", artifacts: "m-artifacts" };
const settings = {
  ...{ environment: "dev", buckets },
  machineArnPrefix: "arn:aws:states:us-east-1:000000000000:stateMachine:millrace-dev-",
  runs: { lanes: lanesIn("dev", [edxorgCourses]), cap: 50, failedOnceDelayMs: 0, assets: assetsIn([edxorgCourses]) },
};
const [ONE, TWO, THREE] = ["mitx-2026-01-04.tar.gz", "mitx-2026-01-11.tar.gz", "mitx-2026-01-18.tar.gz"] as const;

let root: string;
let ledger: ReturnType<typeof memoryLedger>;
let objects: ReturnType<typeof embeddedObjects>;
let executions: MemoryExecutions;
let clock: number;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "millrace-members-"));
  mkdirSync(join(root, "tmp"));
  process.env["TMPDIR"] = join(root, "tmp");
  ledger = memoryLedger();
  objects = embeddedObjects(root);
  executions = new MemoryExecutions();
  clock = Date.now();
  return () => {
    delete process.env["TMPDIR"];
    objects.close();
    rmSync(root, { recursive: true });
  };
});

const course = (title: string) => makeTarGz(courseFiles({ "course/R.xml": `<course display_name="${title}"/>` }));
const structure = (title: string) => `{"c": {"category": "course", "metadata": {"display_name": "${title}"}}}`;

const context = (archive: string, over: { ledger?: Ledger; executions?: MemoryExecutions } = {}) =>
  ({
    io: { ledger, objects, executions, ...over },
    ...{ settings, log: { warn: () => undefined } },
    run: { id: `archive-${archive}`, domain: "edxorg", startedAt: "2026-01-20T00:00:00.000Z" },
  }) as unknown as TaskContext;

async function land(archive: string, members: readonly TarMember[], cut = 0): Promise<void> {
  const key = `sources/edxorg-archives/${archive}`;
  const bytes = await makeTarGz(members);
  await objects.put(buckets.landing, key, bytes.subarray(0, bytes.length - cut));
  await unpackLanded({ bucket: buckets.landing, key, rowHash: "safe" }, context(archive));
}
const record = (archive: string, over?: Parameters<typeof context>[1]) => {
  clock += 1_000;
  const input = { partition: archive, manifestKey: `edxorg/archives/${archive}/manifest.jsonl` };
  return recordMembers(input, context(archive, over), () => clock);
};
const week = async (archive: string, members: readonly TarMember[]) => {
  await land(archive, members);
  return record(archive);
};
/** Of the runs that were started: their asset and partition. */
const started = () =>
  executions.all
    .filter(({ domain }) => domain === "edxorg_courses")
    .map(({ input }) => {
      const { item } = input as { readonly item: { readonly asset: string; readonly partition: string } };
      return `${item.asset} ${item.partition}`;
    });
const alerts = () =>
  executions.all
    .filter(({ domain }) => domain === "operations")
    .map(({ input }) => AlertEvent.parse((input as { readonly event: unknown }).event));
const statuses = async (asset: string) =>
  (await openItems(ledger).page(asset)).items.map(({ partition, status }) => [partition, status]);

/** As the coordinator does when a run has ended. */
async function endAll(): Promise<void> {
  for (const { name, input } of executions.running()) {
    const { item } = input as { readonly item?: { readonly asset: string; readonly partition: string } };
    executions.end("edxorg_courses", name, { status: "SUCCEEDED" });
    if (item === undefined) continue;
    const outcome = { status: "succeeded" as const, dataVersion: name };
    await openItems(ledger).apply(item, { type: "run-ended", run: name, at: clock, outcome }, { now: clock });
  }
  executions.all.length = 0;
}

const members = async (xml = "1", json = "1"): Promise<TarMember[]> => [
  { name: "MITx-6.00x-1T2020-auth_user-prod.sql", text: "id\n1\n" },
  { name: "MITx-6.00x-1T2020-course-prod.sql", text: "id\n1\n" },
  { name: "MITx-6.00x-1T2020-course_structure-prod.json", text: structure(json) },
  { name: "MITx-6.00x-1T2020-course-prod.json", text: "{}" },
  { name: "MITx-6.00x-1T2020-prod.xml.tar.gz", text: await course(xml) },
  { name: "MITx-6.00x-1T2020-course-edge.xml.tar.gz", text: await course("edge") },
  { name: "MITx-6.00x-1T2020.mongo", text: "bson" },
];

describe("a complete archive", () => {
  it("adds partitions of its four categories, records each object, and requests what is made of courses", async () => {
    const done = await week(ONE, await members());
    expect(done).toEqual({
      ...{ archive: ONE, materialised: 7, requested: 3, checks: [] },
      added: {
        ...{ "edxorg/raw_data/db_table": 1, "edxorg/raw_data/forum_mongo": 1 },
        ...{ [RAW_COURSE_STRUCTURE]: 1, [RAW_COURSE_XML]: 2 },
      },
    });
    expect(await statuses(RAW_COURSE_XML)).toEqual([
      ["MITx-6.00x-1T2020|edge", "materialised"],
      ["MITx-6.00x-1T2020|prod", "materialised"],
    ]);
    expect(started().toSorted((a, b) => a.localeCompare(b))).toEqual([
      `${COURSE_STRUCTURE} MITx-6.00x-1T2020|prod`,
      `${COURSE_XML} MITx-6.00x-1T2020|edge`,
      `${COURSE_XML} MITx-6.00x-1T2020|prod`,
    ]);
    const { items } = await ledger.query(`materialisation#${RAW_COURSE_XML}`, { prefix: "MITx-6.00x-1T2020|edge#" });
    const key = expect.stringMatching(
      /^edxorg\/raw_data\/course_xml\/edge\/MITx-6.00x-1T2020\/[0-9a-f]{64}.xml.tar.gz$/,
    );
    expect(items.map(({ data }) => data)).toEqual([
      expect.objectContaining({
        ...{ asset: RAW_COURSE_XML, partition: "MITx-6.00x-1T2020|edge", runId: `archive-${ONE}` },
        metadata: {
          ...{ uri: expect.stringMatching(/^s3:\/\/m-landing\/edxorg/), object_key: key, archive: ONE, source: "edge" },
          ...{ course_id: "MITx-6.00x-1T2020", archive_version: expect.any(String) },
          member: "MITx-6.00x-1T2020-course-edge.xml.tar.gz",
        },
      }),
    ]);
    const tables = await ledger.query("materialisation#edxorg/raw_data/db_table/auth_user");
    expect(tables.items).toMatchObject([{ data: { counts: { rows: 1 } } }]);
  });

  it("that is recorded again changes nothing, and one with the same members requests nothing", async () => {
    await week(ONE, await members());
    await endAll();
    const before = ledger.items().map(({ pk, sk, rev }) => [pk, sk, rev]);
    expect(await record(ONE)).toMatchObject({ materialised: 0, requested: 0 });
    expect(ledger.items().map(({ pk, sk, rev }) => [pk, sk, rev])).toEqual(before);
    expect(await week(TWO, await members())).toMatchObject({ materialised: 0, requested: 0 });
    expect(started()).toEqual([]);
    const [member] = (await ledger.query(`edxorg-member#${RAW_COURSE_XML}`)).items;
    expect(member?.data).toMatchObject({ archive: ONE, lastSeenArchive: TWO });
  });

  it("requests only what has changed, and content that came back once more", async () => {
    await week(ONE, await members("A"));
    for (const [archive, xml] of [
      [TWO, "B"],
      [THREE, "A"],
    ] as const) {
      await endAll();
      expect(await week(archive, await members(xml))).toMatchObject({ requested: 1 });
      expect(started()).toEqual([`${COURSE_XML} MITx-6.00x-1T2020|prod`]);
    }
  });

  it("that comes late says nothing of what a newer one has", async () => {
    await week(TWO, await members("B"));
    await endAll();
    const late = [...(await members("A")), { name: "MITx-6.00x-1T2019-prod.xml.tar.gz", text: await course("old") }];
    expect(await week(ONE, late)).toMatchObject({ materialised: 1, requested: 1 });
    expect(started()).toEqual([`${COURSE_XML} MITx-6.00x-1T2019|prod`]);
  });

  it("requests what a cut one before it has stored", async () => {
    const all = await members();
    await expect(land(ONE, all, 300)).rejects.toMatchObject({ name: "Malformed" });
    await expect(record(ONE)).rejects.toMatchObject({ name: "Malformed", code: "archive_incomplete" });
    expect(started()).toEqual([]);
    expect(await week(ONE, all)).toMatchObject({ materialised: 7, requested: 3 });
  });
});

describe("an archive's checks", () => {
  it("tell of unknown tables, of members that cannot be read and of what is missing, once", async () => {
    await week(ONE, await members());
    await endAll();
    const wrong = [
      { name: "MITx-6.00x-1T2020-odd_table-prod.sql", text: "a\n1\n" },
      { name: "MITx-6.00x-1T2020-prod.xml.tar.gz", text: "no gzip" },
      { name: "MITx-6.00x-1T2020-course_structure-prod.json", text: "{" },
      { name: "MITx-6.00x-1T2020.mongo", text: "bson" },
    ];
    expect(await week(TWO, wrong)).toMatchObject({
      requested: 0,
      checks: ["unknown_table", "malformed_members", "missing_since"],
    });
    await record(TWO);
    expect(alerts()).toMatchObject([
      {
        ...{ kind: "checks-failed", pipeline: "edxorg" },
        checks: [
          {
            asset: "edxorg/raw_data/archive",
            check: "unknown_table",
            metadata: [
              ["archive", TWO],
              ["members", 1],
            ],
          },
          {
            check: "malformed_members",
            metadata: [
              ["archive", TWO],
              ["members", 2],
            ],
          },
          {
            check: "missing_since",
            metadata: [
              ["archive", TWO],
              ["members", 4],
              ["sample", expect.any(String)],
            ],
          },
        ],
      },
    ]);
  });
});

it("is recorded whole when the task is killed at any of its calls", async () => {
  await land(ONE, await members());
  const kept = ledger;
  const start = ledger.items();
  for (const effect of [false, true]) {
    for (let at = 0; ; at += 7) {
      ledger = memoryLedger();
      executions = new MemoryExecutions();
      for (const { pk, sk, data } of start) await ledger.write([{ put: { pk, sk, data }, if: { any: true } }]);
      const killed = mortal(at, effect);
      const over = { ledger: killed.wrap(ledger), executions: killed.wrap(executions) };
      const ended = (await killed.live(() => record(ONE, over))) !== "killed";
      await record(ONE);
      expect(await statuses(RAW_COURSE_XML)).toHaveLength(2);
      expect((await ledger.query(`materialisation#${RAW_COURSE_XML}`)).items).toHaveLength(2);
      // A slot that was granted before the death is started by the clock.
      expect([...(await statuses(COURSE_XML)), ...(await statuses(COURSE_STRUCTURE))], `killed at ${at}`).toEqual([
        ["MITx-6.00x-1T2020|edge", "in_progress"],
        ["MITx-6.00x-1T2020|prod", "in_progress"],
        ["MITx-6.00x-1T2020|prod", "in_progress"],
      ]);
      expect(new Set(started()).size).toBe(started().length);
      if (ended) break;
    }
  }
  ledger = kept;
});
