import { createHash, randomUUID } from "node:crypto";
import { text } from "node:stream/consumers";
import { gunzipSync, gzipSync } from "node:zlib";
import { Logger } from "@aws-lambda-powertools/logger";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { embeddedObjects } from "../../core/io/embedded/objects.ts";
import type { LakeSession } from "../../core/io/lake.ts";
import { exportQuarantine, listQuarantine } from "../../core/io/quarantine.ts";
import { isFailure } from "../../core/model/failures.ts";
import { CommitPlan } from "../../core/model/commit-plan.ts";
import type { TaskContext } from "../../core/task.ts";
import { commitPlan } from "../../lambdas/lake/commit-plan.ts";
import { inspectLanded } from "../../lambdas/openedx/inspect-log.ts";
import { normaliseLanded } from "../../lambdas/openedx/normalise-log.ts";
import type { NormaliseOutput } from "../../lambdas/openedx/tracking-log/output.ts";
import { temporaryFolder } from "../contract/temporary-folder.ts";
import { committer, EXTENSIONS, missingExtensions, startLake, type TemporaryLake } from "./temporary-lake.ts";

/** From a landed object to rows in the table, without the engine: each step as the machine calls it. */

const folder = temporaryFolder();
const buckets = {
  landing: "test-landing",
  lake: "test-lake",
  quarantine: "test-quarantine",
  artifacts: "test-artifacts",
  drops: "test-drops",
};
let lake: TemporaryLake;
let session: LakeSession;
let objects: ReturnType<typeof embeddedObjects>;
let deps: ReturnType<typeof committer>;
let context: TaskContext;

const keyOf = (name: string): string => `sources/tracking-mitx/logs/2026-01-15/${name}`;
const events = (prefix: string, count: number): string =>
  Array.from({ length: count }, (_, index) => `{"name":"${prefix}${index}","time":"2026-01-15T00:00:00Z"}\n`).join("");
const land = (name: string, bytes: string | Uint8Array) => objects.put(buckets.landing, keyOf(name), bytes);

const normalise = (name: string): Promise<NormaliseOutput> =>
  normaliseLanded({ object: { bucket: buckets.landing, key: keyOf(name) } }, context);

const asked = (name: string, mode: string, run: string): Promise<NormaliseOutput> =>
  normaliseLanded(
    { object: { bucket: buckets.landing, key: keyOf(name) }, mode },
    { ...context, run: { ...context.run, id: run } },
  );

async function commit(output: NormaliseOutput): Promise<void> {
  if (output.planKey === undefined) return;
  const body = await text(await objects.get({ bucket: buckets.artifacts, key: output.planKey }));
  await commitPlan(CommitPlan.parse(JSON.parse(body)), deps);
  // What Announce leaves.
  const { asset, partition, dataVersion, codeVersion } = output;
  const sk = `${partition}#${dataVersion}#${codeVersion}`;
  await lake.ledger.write([{ put: { pk: `materialisation#${asset}`, sk, data: {} }, if: { any: true } }]);
}

async function landed(name: string, bytes: string | Uint8Array): Promise<NormaliseOutput> {
  await land(name, bytes);
  const output = await normalise(name);
  await commit(output);
  return output;
}

/** Which run's bytes the rows of a file were read by; one entry a row. */
async function runsOf(name: string): Promise<unknown[]> {
  const rows = await session.rows(
    `SELECT run_id FROM lake.raw.raw__mitx__openedx__tracking_logs WHERE source_file = $1`,
    [`s3://${buckets.landing}/${keyOf(name)}`],
  );
  return rows.map((row) => row["run_id"]);
}

async function namesOf(name: string): Promise<unknown[]> {
  const rows = await session.rows(
    `SELECT name FROM lake.raw.raw__mitx__openedx__tracking_logs WHERE source_file = $1 ORDER BY source_line`,
    [`s3://${buckets.landing}/${keyOf(name)}`],
  );
  return rows.map((row) => row["name"]);
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

const quarantined = (name: string) => all(listQuarantine(context.io, { sourceKey: keyOf(name) }));

describe.skipIf(missingExtensions !== undefined)(`a tracking log (${missingExtensions ?? "runs"})`, () => {
  beforeAll(async () => {
    lake = await startLake(folder.path);
    session = await lake.open();
    objects = embeddedObjects(folder.path);
    deps = { ...committer(lake, "test"), objects };
    const none = (): never => {
      throw new Error("not for this task");
    };
    context = {
      io: {
        objects,
        ledger: lake.ledger,
        lake: lake.target,
        bus: { publish: none },
        secrets: { read: none },
        tokens: { succeed: none, fail: none, heartbeat: none },
        executions: { start: none, describe: none, redrive: none, stop: none },
      },
      measure: () => undefined,
      settings: {
        environment: "dev",
        buckets,
        ledgerTable: "",
        busName: "",
        lakeCatalog: "",
        machineArnPrefix: "",
        secretPrefix: "",
        duckdbExtensions: EXTENSIONS,
        memoryMb: 2_048,
      },
      run: {
        id: "run-1",
        domain: "openedx",
        job: "tracking_log",
        trigger: "t",
        startedAt: "now",
        state: "s",
        attempt: 0,
      },
      log: new Logger({ logLevel: "SILENT" }),
    };
  });
  afterAll(async () => {
    session.close();
    await deps.close();
    objects.close();
    await lake.stop();
    folder.remove();
  });

  test("becomes rows, a normalised file and an accounting record", async () => {
    const bytes = gzipSync(`${events("a", 3)}\n{bad\n`);
    const output = await landed("a.log.gz", bytes);
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    expect(output).toMatchObject({
      ...{ outcome: "staged", asset: "mitx/openedx/raw_data/tracking_logs", partition: "2026-01-15" },
      counts: { lines: 5, rows: 3, quarantined: 1, blank: 1 },
      tables: ["raw.raw__mitx__openedx__tracking_logs"],
    });
    expect(await namesOf("a.log.gz")).toEqual(["a0", "a1", "a2"]);
    const key = `mitx/openedx/raw_data/tracking_logs/2026-01-15/${sha256}.log.gz`;
    const normalised = await all(await objects.get({ bucket: buckets.landing, key }));
    expect(gunzipSync(Buffer.concat(normalised)).toString().split("\n")).toHaveLength(4);
    const accounting = await text(await objects.get({ bucket: buckets.artifacts, key: output.accountingKey }));
    expect(JSON.parse(accounting)).toMatchObject({
      ...{ inputLines: 5, rows: 3, reasons: { invalid_json: 1 }, container: { members: 1, compressedSha256: sha256 } },
    });
    expect(await quarantined("a.log.gz")).toMatchObject([
      {
        sourceKey: keyOf("a.log.gz"),
        line: 5,
        byteOffset: events("a", 3).length + 1,
        byteLength: 4,
        reason: "invalid_json",
      },
    ]);
    expect(await text(await exportQuarantine(context.io, context.settings, keyOf("a.log.gz")))).toBe("{bad\n");
  });

  test("landed again does nothing, also when the event comes twice", async () => {
    const before = await lake.target.currentSnapshot("raw", "raw__mitx__openedx__tracking_logs");
    const output = await landed("a.log.gz", gzipSync(`${events("a", 3)}\n{bad\n`));
    expect([output.outcome, output.planKey, output.counts.rows]).toEqual(["unchanged", undefined, 3]);
    const after = await lake.target.currentSnapshot("raw", "raw__mitx__openedx__tracking_logs");
    expect(after?.snapshotId).toBe(before?.snapshotId);
  });

  test("that was staged and not committed is committed by running again", async () => {
    await land("crash.log", events("c", 2));
    const first = await normalise("crash.log");
    const again = await normalise("crash.log");
    expect([again.outcome, again.planKey]).toEqual(["staged", first.planKey]);
    await commit(again);
    expect((await normalise("crash.log")).outcome).toBe("unchanged");
    expect(await namesOf("crash.log")).toEqual(["c0", "c1"]);
  });

  test("that was committed and not announced goes that way again", async () => {
    await land("silent.log", events("s", 1));
    const { planKey = "" } = await normalise("silent.log");
    const body = await text(await objects.get({ bucket: buckets.artifacts, key: planKey }));
    await commitPlan(CommitPlan.parse(JSON.parse(body)), deps);
    expect(await normalise("silent.log")).toMatchObject({ outcome: "staged", planKey });
    await commit(await normalise("silent.log"));
    expect([(await normalise("silent.log")).outcome, await namesOf("silent.log")]).toEqual(["unchanged", ["s0"]]);
  });

  test("with corrected bytes replaces its own rows only, and its quarantine becomes history", async () => {
    const output = await landed("a.log.gz", gzipSync(events("b", 2)));
    expect(output.outcome).toBe("staged");
    expect([await namesOf("a.log.gz"), await namesOf("crash.log")]).toEqual([
      ["b0", "b1"],
      ["c0", "c1"],
    ]);
    expect(await quarantined("a.log.gz")).toEqual([]);
    await landed("a.log.gz", gzipSync(`${events("a", 3)}\n{bad\n`));
    expect(await namesOf("a.log.gz")).toEqual(["a0", "a1", "a2"]);
    expect(await quarantined("a.log.gz")).toHaveLength(1);
  });

  test("with the text of another is recorded as its duplicate and not loaded", async () => {
    await landed("one.log", events("d", 2));
    const output = await landed("two.log.gz", gzipSync(events("d", 2)));
    expect(output).toMatchObject({ outcome: "duplicate", duplicateOf: `s3://${buckets.landing}/${keyOf("one.log")}` });
    expect(await namesOf("two.log.gz")).toEqual([]);
    await landed("one.log", events("e", 1));
    expect((await landed("two.log.gz", gzipSync(events("d", 2)))).outcome).toBe("staged");
    expect(await namesOf("two.log.gz")).toEqual(["d0", "d1"]);
  });

  test("read by two at once ends with its rows once", async () => {
    await land("race.log", events("r", 4));
    const outputs = await Promise.all([normalise("race.log"), normalise("race.log"), normalise("race.log")]);
    expect(new Set(outputs.map(({ planKey }) => planKey)).size).toBe(1);
    for (const output of outputs) await commit(output);
    expect(await namesOf("race.log")).toEqual(["r0", "r1", "r2", "r3"]);
  });

  test("is made again when a person asks for all, and its rows are in the table once", async () => {
    const first = await landed("again.log", events("g", 2));
    const again = await asked("again.log", "all", "run-all");
    expect(again).toMatchObject({ outcome: "staged", repeated: true, dataVersion: first.dataVersion });
    expect(again.planKey).not.toBe(first.planKey);
    // A later attempt of the same run goes on from there.
    expect((await asked("again.log", "all", "run-all")).planKey).toBe(again.planKey);
    await commit(again);
    expect([await namesOf("again.log"), await runsOf("again.log")]).toEqual([
      ["g0", "g1"],
      ["run-all", "run-all"],
    ]);
    expect((await asked("again.log", "all", "run-all")).outcome).toBe("unchanged");
    expect((await normalise("again.log")).outcome).toBe("unchanged");
    // Two people at once: each has it made, and whoever is later has the last word.
    const both = await Promise.all(["run-a", "run-b"].map((run) => asked("again.log", "all", run)));
    expect(new Set(both.map(({ planKey }) => planKey)).size).toBe(2);
    for (const output of both) await commit(output);
    expect(await namesOf("again.log")).toEqual(["g0", "g1"]);
  });

  test("is loaded again from the rows that were made, or is normalised where they are gone", async () => {
    const first = await landed("reload.log", events("h", 2));
    await session.run(
      `DELETE FROM lake.raw.raw__mitx__openedx__tracking_logs WHERE source_file LIKE '%/reload.log' AND name = 'h1'`,
    );
    expect(await namesOf("reload.log")).toEqual(["h0"]);
    const again = await asked("reload.log", "reload", "run-reload");
    expect(again).toMatchObject({ outcome: "staged", repeated: true, dataVersion: first.dataVersion });
    await commit(again);
    expect([await namesOf("reload.log"), await runsOf("reload.log")]).toEqual([
      ["h0", "h1"],
      ["run-1", "run-1"],
    ]);
    await landed("reload-copy.log", events("h", 2));
    expect(await asked("reload-copy.log", "reload", "run-copy")).toMatchObject({ outcome: "unchanged" });

    // As after seven days: the plan names what is no longer there.
    const plan = await text(await objects.get({ bucket: buckets.artifacts, key: again.planKey ?? "" }));
    await objects.put(buckets.artifacts, again.planKey ?? "", plan.replaceAll("staging/", "staging/gone/"));
    const made = await asked("reload.log", "reload", "run-made");
    await commit(made);
    expect(await runsOf("reload.log")).toEqual(["run-made", "run-made"]);
  });

  test("has no mode of sending out, which it says before anything happens", async () => {
    const where = { bucket: buckets.landing, key: keyOf("never.log"), mode: "redeliver" };
    const refused = {
      name: "Rejected",
      code: "mode_not_taken",
      message: expect.stringContaining("missing-only, all, reload"),
    };
    await expect(inspectLanded(where, context)).rejects.toMatchObject(refused);
    await expect(asked("again.log", "redeliver", "run-x")).rejects.toMatchObject(refused);
    expect(await inspectLanded({ ...where, key: keyOf("a.log.gz"), mode: "all" }, context)).toMatchObject({
      mode: "all",
    });
  });

  test("without lines is a success without a commit", async () => {
    const output = await landed("empty.log", "");
    expect([output.outcome, output.planKey, output.counts]).toMatchObject(["staged", undefined, { lines: 0, rows: 0 }]);
    expect((await landed("empty-again.log.gz", gzipSync(""))).outcome).toBe("staged");
    const emptied = await landed("one.log", "");
    expect([emptied.planKey !== undefined, await namesOf("one.log")]).toEqual([true, []]);
  });

  test.each([
    ["truncated.log.gz", gzipSync(events("t", 9)).subarray(0, 60), "gzip_truncated"],
    ["plain.log.gz", events("p", 1), "not_gzip"],
    ["garbage.log", "no event\n".repeat(11), "mostly_quarantined"],
  ])("that is damaged publishes nothing and is quarantined where it lies: %s", async (name, bytes, code) => {
    await land(name, bytes);
    const error: unknown = await normalise(name).catch((thrown: unknown) => thrown);
    expect(isFailure(error) && [error.name, error.code]).toEqual(["Malformed", code]);
    const content = Buffer.from(bytes);
    const sha256 = createHash("sha256").update(content).digest("hex");
    expect(await quarantined(name)).toEqual([
      { sourceKey: keyOf(name), line: 0, byteOffset: 0, byteLength: content.length, reason: code, sha256 },
    ]);
    const exported = await all(await exportQuarantine(context.io, context.settings, keyOf(name)));
    expect(Buffer.concat(exported).equals(content)).toBe(true);
    await landed(name, name.endsWith(".gz") ? gzipSync(events(name, 1)) : events(name, 1));
    expect([await quarantined(name), await namesOf(name)]).toEqual([[], [`${name}0`]]);
  });

  test("that was cut gives its complete lines to whoever asks for them, and says so; all of it takes their place", async () => {
    const name = "cut.log.gz";
    const whole = Array.from({ length: 400 }, () => `{"name":"${randomUUID()}","time":"2026-01-15T00:00:00Z"}\n`).join(
      "",
    );
    const bytes = gzipSync(whole).subarray(0, -3_000);
    await land(name, bytes);
    // Nobody but a person has it so: not a run without a mode, and not one that makes everything again.
    for (const mode of ["missing-only", "all"]) {
      await expect(asked(name, mode, `auto-${mode}`)).rejects.toMatchObject({ code: "gzip_truncated" });
    }
    const output = await asked(name, "salvage", "by-hand");
    expect(output).toMatchObject({ outcome: "staged", truncated: true, counts: { quarantined: 0 } });
    await commit(output);
    const found = await namesOf(name);
    const names = [...whole.matchAll(/"name":"([^"]+)"/g)].map(([, id]) => id);
    expect(found.length).toBeGreaterThan(100);
    expect(found).toEqual(names.slice(0, found.length));
    expect(output.counts.rows).toBe(found.length);
    const key = output.accountingKey;
    const accounting = JSON.parse(await text(await objects.get({ bucket: buckets.artifacts, key })));
    expect(accounting).toMatchObject({ truncated: true, container: { cut: { lostBytes: expect.any(Number) } } });
    // The same bytes again are known, and are not read as if they were whole.
    expect(await normalise(name)).toMatchObject({ outcome: "unchanged", truncated: true });
    const full = await landed(name, gzipSync(whole));
    expect(full).not.toHaveProperty("truncated");
    expect(await namesOf(name)).toEqual(names);
  });

  test("that is damaged in another way is not salvaged", async () => {
    const bytes = gzipSync(events("d", 50));
    bytes.writeUInt32LE(7, bytes.length - 8);
    await land("crc.log.gz", bytes);
    await expect(asked("crc.log.gz", "salvage", "by-hand")).rejects.toMatchObject({ code: "gzip_crc" });
  });

  test("is inspected by its key and its own head", async () => {
    const inspect = (key: string) => inspectLanded({ bucket: buckets.landing, key }, context);
    expect(await inspect(keyOf("a.log.gz"))).toMatchObject({
      ...{ outcome: "new", size: "lambda", source: "mitx", logDate: "2026-01-15", object: { key: keyOf("a.log.gz") } },
    });
    expect(await inspect("sources/tracking-mitx/readme.txt")).toMatchObject({ outcome: "ignored" });
    expect(await inspect("sources/tracking-mitx/logs/2026-01-15/")).toMatchObject({ outcome: "ignored" });
    await expect(inspect(keyOf("never.log"))).rejects.toMatchObject({ code: "object_missing" });
    const undated = "sources/edxorg-gcs-archives/COLD/mitx-edx-events.log.gz";
    await objects.put(buckets.landing, undated, "x");
    await expect(inspect(undated)).rejects.toMatchObject({ name: "Malformed", code: "no_date" });
    const kept = await all(listQuarantine(context.io, { sourceKey: undated }));
    expect(kept).toMatchObject([{ line: 0, byteLength: 1, reason: "no_date" }]);
  });
});
