import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { sampleCourse, SAMPLE_COURSE_ID } from "../../bin/first-contact/sample-course.ts";
import { sampleTrackingLog, SAMPLE_DATE } from "../../bin/first-contact/sample-log.ts";
import { newMarker } from "../e2e/marker.ts";
import { startLearnReceiver, type LearnReceiver } from "../standins/learn-receiver.ts";
import { accountOf, names, type Account } from "./account.ts";
import { cdkOf, type Cdk } from "./cdk.ts";
import { checkOut, ROOT, type Checkout } from "./checkout.ts";
import { startEmulator, type Emulator } from "./emulator.ts";
import { startFargate, type Fargate } from "./fargate.ts";
import { searchAccount } from "./marker.ts";
import { operatorOf } from "./operator.ts";

const ASSET = "mitxonline/openedx/raw_data/tracking_logs";
const LOGS = "raw.raw__mitxonline__openedx__tracking_logs";
const SECRET = newMarker();
const logKey = (shard: string): string => `sources/tracking-mitxonline/logs/${SAMPLE_DATE}/${shard}.log.gz`;
const COURSE = `sources/course-exports-mitxonline/${SAMPLE_COURSE_ID}.tar.gz`;

/** What must come out, counted without any of the code that is judged here. */
const ROWS = gunzipSync(sampleTrackingLog()).toString("utf8").split("\n").filter(isEvent).length;
function isEvent(line: string): boolean {
  try {
    return typeof JSON.parse(line) === "object";
  } catch {
    return false;
  }
}

// Every step is many processes on a machine that runs other tests beside.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

let emulator: Emulator;
let cdk: Cdk;
let account: Account;
let checkout: Checkout;
let fargate: Fargate;
let learn: LearnReceiver;

beforeAll(async () => {
  checkout = checkOut();
  [emulator, learn] = await Promise.all([startEmulator(), startLearnReceiver(SECRET)]);
  cdk = cdkOf(emulator);
  account = accountOf(emulator);
  fargate = startFargate(emulator, checkout.path);
});
afterAll(async () => {
  await fargate?.stop();
  await Promise.all([emulator?.stop(), learn?.close()]);
  checkout?.remove();
});

// One account's life in order: each step stands on the one before.
describe("environment `emulated` in an account", () => {
  it("is deployed by the CDK's own command line", async () => {
    const [assembly, bootstrapped] = await Promise.all([checkout.synthesise(), cdk.bootstrap()]);
    expect(bootstrapped).toMatchObject({ status: 0 });
    expect(await cdk.deploy(assembly)).toMatchObject({ status: 0 });
    expect(new Set(Object.values(await account.stacks()))).toEqual(new Set(["CREATE_COMPLETE"]));
  });

  it("takes a landed tracking log to the table bucket, records it, and tells the other domain", async () => {
    await account.land(logKey("a"), sampleTrackingLog());
    expect(await account.settled("openedx", 1)).toMatchObject([
      { status: "SUCCEEDED", input: { job: "tracking_log", key: logKey("a") } },
    ]);
    expect(await account.tables()).toMatchObject({ [LOGS]: ROWS });
    expect(await account.ledger(`materialisation#${ASSET}`)).toMatchObject([
      {
        rev: 1,
        data: { asset: ASSET, partition: SAMPLE_DATE, tables: [LOGS], commits: [{ table: LOGS, rows: ROWS }] },
      },
    ]);
    expect(await account.runs("lakehouse")).toMatchObject([{ input: { job: "build", event: { asset: ASSET } } }]);
  });

  it("builds what is made of it, with dbt in its container over the table bucket", async () => {
    const [run] = await account.settled("lakehouse", 1);
    expect(run, JSON.stringify(fargate.ran)).toMatchObject({ status: "SUCCEEDED" });
    expect(fargate.ran).toMatchObject([{ container: "BuildModels", code: 0 }]);
    expect(await account.tables()).toMatchObject({
      "staging.stg__mitxonline__openedx__tracking_logs": ROWS,
      "marts.marts__openedx__daily_active_learners": 1,
      "marts.marts__openedx__course_structure": 0,
    });
  });

  it("does nothing twice when the same log lands again", async () => {
    const [tables, before] = [await account.tables(), await account.ledger(`materialisation#${ASSET}`)];
    await account.land(logKey("a"), sampleTrackingLog());
    expect(await account.settled("openedx", 2)).toMatchObject([{ status: "SUCCEEDED" }, { status: "SUCCEEDED" }]);
    expect(await account.tables()).toEqual(tables);
    expect(await account.ledger(`materialisation#${ASSET}`)).toEqual(before);
    expect(await account.runs("lakehouse")).toHaveLength(1);
  });

  it("runs a course archive's container, and says by its role which secret is missing", async () => {
    await account.land(COURSE, sampleCourse());
    const run = (await account.settled("openedx", 3))[2];
    expect(fargate.ran.at(1)).toMatchObject({ container: "ExtractCourse", code: 0 });
    expect(await account.tables()).toMatchObject({
      "raw.raw__mitxonline__openedx__xml__course_metadata": 1,
      "raw.raw__mitxonline__openedx__xml__course_video": 6,
      "raw.raw__mitxonline__openedx__xml__course_static_assets": 16,
    });
    expect(run).toMatchObject({ status: "FAILED", error: "Misconfigured" });
    // The emulator calls every error of a function Runtime.HandlerError; the name is ours again because the machine
    // fails with what RecordFailure made of the cause.
    expect(JSON.parse(run?.cause ?? "")).toMatchObject({
      code: "secret_missing",
      message: expect.stringContaining('The secret "learn/webhook" is missing'),
    });
    expect(await account.ledger("failure")).toMatchObject([{ data: { name: "Misconfigured" } }]);
    expect(learn.received).toEqual([]);
    // Its end has reached the coordinator, which keeps the item and has people told.
    expect(await account.settled("operations", 1)).toMatchObject([{ status: "SUCCEEDED", input: { job: "alert" } }]);
    expect(await account.ledger("alert")).toMatchObject([
      { data: { event: { kind: "run-failed", class: "Misconfigured", item: { partition: SAMPLE_COURSE_ID } } } },
    ]);
    expect(await account.ledger("item-counts#mitxonline/openedx/raw_data/course_xml")).toMatchObject([
      { data: { failed: 1 } },
    ]);
  });

  it("is repaired by setting the secret and landing the archive again", async () => {
    await account.setSecret("learn/webhook", { url: learn.url, token: SECRET });
    await account.land(COURSE, sampleCourse());
    expect((await account.settled("openedx", 4))[3]).toMatchObject({ status: "SUCCEEDED" });
    expect(learn.received).toMatchObject([{ status: 200 }]);
    expect((await account.settled("lakehouse", 2)).map(({ status }) => status)).toEqual(["SUCCEEDED", "SUCCEEDED"]);
    expect(await account.tables()).toMatchObject({
      "raw.raw__mitxonline__openedx__xml__course_video": 6,
      // The rows that dbt changes in a table that is there, over the emulator's catalogue.
      "staging.stg__openedx__xml__course_videos": 6,
      "marts.marts__openedx__course_content": 8,
    });
  });

  it("is changed in place: new code and texts run, data and ledger stay", async () => {
    const [tables, ledger] = [await account.tables(), await account.ledger(`materialisation#${ASSET}`)];
    checkout.edit(
      ["lambdas/ledger/announce.ts", "const record = {", 'const record = { release: "second",'],
      ["state-machines/openedx/openedx.asl.json", /"Comment": "Record the materialisation/, '"Comment": "Changed'],
      ["bin/environments.ts", /(emulated: {[^}]*logRetentionDays: )7/, "$130"],
      ["state-machines/lakehouse/pipeline.ts", '["dev", "qa", "production"]', '["emulated"]'],
    );
    expect(await cdk.deploy(await checkout.synthesise())).toMatchObject({ status: 0 });
    expect(new Set(Object.values(await account.stacks()))).toEqual(new Set(["UPDATE_COMPLETE"]));
    expect(await account.machine("openedx")).toContain('"Comment": "Changed');
    expect(await account.tables()).toEqual(tables);
    expect(await account.ledger(`materialisation#${ASSET}`)).toEqual(ledger);

    const longer = Buffer.concat([sampleTrackingLog(), sampleTrackingLog()]);
    await account.land(logKey("b"), longer);
    expect((await account.settled("openedx", 5))[4]).toMatchObject({ status: "SUCCEEDED" });
    expect((await account.settled("lakehouse", 3))[2]).toMatchObject({ status: "SUCCEEDED" });
    expect(await account.tables()).toMatchObject({
      [LOGS]: 3 * ROWS,
      // The same events once more are the same events.
      "staging.stg__mitxonline__openedx__tracking_logs": ROWS,
    });
    const materialisations = await account.ledger(`materialisation#${ASSET}`);
    expect(materialisations).toHaveLength(2);
    expect(materialisations).toContainEqual(
      expect.objectContaining({ data: expect.objectContaining({ release: "second", runId: expect.any(String) }) }),
    );
  });

  it("has the receiver's secret in Secrets Manager and nowhere else, also when the receiver repeats it", async () => {
    learn.answerNext({ status: 405, text: `Not with ${SECRET}` });
    await account.land(COURSE.replace("mitxonline", "xpro"), sampleCourse());
    expect((await account.settled("openedx", 6))[5]).toMatchObject({ status: "FAILED", error: "Rejected" });
    await account.settled("lakehouse", 4);
    const placesOf = await searchAccount(emulator, fargate.ran);
    expect(placesOf(SECRET)).toEqual([`secret ${names.secretPrefix}/learn/webhook`]);
    // It looks at what it says it looks at.
    const known = [...placesOf("openedx"), ...placesOf(SAMPLE_COURSE_ID)].map((place) => place.split(" ")[0]);
    for (const kind of ["template", "execution", "container", "item", "object", "row", "queue", "log", "file"])
      expect(known).toContain(kind);
  });

  it("is operated from the command line of its release, with nothing but credentials", async () => {
    const { run, hasStartedEngine } = operatorOf(emulator, checkout.path);
    const ask = async (...args: readonly string[]) => {
      const { status, value, notes } = await run(...args);
      expect({ status, notes }).toEqual({ status: 0, notes: "emulated: account 000000000000, us-east-1.\n" });
      return value;
    };

    const { counts, items } = await ask("partitions", ASSET);
    expect(counts).toMatchObject({ materialised: 2, failed: 0 });
    const [{ partition }] = items;
    const [failing] = await ask("failures");
    expect(failing).toMatchObject({ asset: expect.stringContaining("course_xml"), byClass: { Rejected: 1 } });
    expect(failing.recovery).toContain("npx millrace --env emulated rerun --failed");
    expect(await ask("alerts", "--limit", "1")).toMatchObject([{ kind: "run-failed", class: "Rejected" }]);

    const override = ["--until", "1h", "--reason", "a test", "--author", "ada"];
    expect(await ask("schedules", "on", "sweep", ...override)).toMatchObject({ declared: "off", state: "on" });
    expect(await ask("schedules", "off", "sweep", ...override)).toMatchObject({
      state: "off",
      override: { author: "ada" },
    });
    const [sweep] = await ask("schedules");
    const schedule = { id: "sweep", domain: "lakehouse", job: "build", expression: sweep.expression, timeZone: "UTC" };
    const scheduledTime = sweep.next.scheduledTime.replace(/^\d+/, "2026");
    await account.start("coordinator", {
      ...{ job: "tick", trigger: "sweep", scheduledTime },
      schedule: { ...schedule, misfire: "run-once", enabled: true },
    });
    await vi.waitFor(async () => expect((await ask("schedules", "ticks", "sweep")).ticks).toHaveLength(1), 20_000);
    expect((await ask("schedules", "ticks", "sweep")).ticks).toMatchObject([{ outcome: "skipped: off" }]);

    await ask("lanes", "close", "openedx", "--reason", "a test");
    const asked = await ask("rerun", ASSET, partition);
    expect(asked).toMatchObject({ partition, run: expect.any(String) });
    expect((await ask("lanes"))[0]).toMatchObject({ id: "openedx", waiting: { count: 1 } });
    expect(await ask("cancel", asked.run)).toEqual({ run: asked.run, cancelled: "withdrawn" });
    await ask("lanes", "open", "openedx");

    const before = (await account.runs("openedx")).length;
    const chosen = ["--prefix", partition, "--mode", "all"];
    expect(await ask("backfill", "plan", ASSET, ...chosen)).toMatchObject({ total: 1, lane: "openedx" });
    const { id } = await ask("backfill", "start", ASSET, ...chosen);
    await account.settled("openedx", before + 1);
    await vi.waitFor(
      async () =>
        expect(await ask("backfill", "show", id)).toMatchObject({ state: "finished", progress: { succeeded: 1 } }),
      20_000,
    );
    expect(hasStartedEngine()).toBe(false);
  });

  it("is not taken for another one", async () => {
    const { run } = operatorOf(emulator, checkout.path);
    expect(await run("failures", "--env", "qa")).toMatchObject({
      status: 1,
      value: { error: { code: "not_deployed", message: expect.stringContaining("qa is not deployed in account 0") } },
    });
    expect(await run("reset")).toMatchObject({ status: 2, value: { error: { code: "embedded_only" } } });
    // The sources that the test began with: without the schedule.
    expect((await operatorOf(emulator, ROOT).run("lanes")).notes).toContain("other lanes, schedules or assets");
  });

  it("is destroyed whole where data need not be kept", async () => {
    const assembly = await checkout.synthesise();
    expect(await cdk.destroy(assembly)).toMatchObject({ status: 0 });
    expect(await account.stacks()).toEqual({});
    await expect(account.landed()).rejects.toThrow("bucket does not exist");
  });
});
