import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { embeddedLedger } from "../../core/io/embedded/ledger.ts";
import { embeddedObjects } from "../../core/io/embedded/objects.ts";
import { outputsOf } from "../../core/io/run-outputs.ts";
import type { TaskContext } from "../../core/task.ts";
import { startOpenEdx, type OpenEdxStandIn } from "../../test/standins/open-edx.ts";
import type { ExportPlan } from "../../test/standins/open-edx/courses.ts";
import { courseOf } from "./course-item.ts";
import { exportRecord, publishedVersionOf } from "./course-export/export-record.ts";
import type { ExportUnderWay } from "./course-export/under-way.ts";
import { uploadedKey } from "./course-export/upload-url.ts";
import { pollExport } from "./poll-export.ts";
import { courseExportAsset } from "./sources/course-assets.ts";
import { startExport } from "./start-export.ts";

const ID = "course-v1:Stand+C0001+2026";
const KEY = `sources/course-exports-mitxonline/${ID}.tar.gz`;
let server: OpenEdxStandIn;
let folder: string;
let ledger: ReturnType<typeof embeddedLedger>;
let objects: ReturnType<typeof embeddedObjects>;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "millrace-export-"));
  ledger = embeddedLedger(folder);
  objects = embeddedObjects(folder);
  server = await startOpenEdx({
    store: async (key, bytes) =>
      void (await objects.put("m-landing", `sources/course-exports-mitxonline/${key}`, bytes)),
  });
});
afterEach(async () => {
  await server.close();
  ledger.close();
  objects.close();
  rmSync(folder, { recursive: true });
});

const context = (run: string) =>
  ({
    io: { ledger, objects, secrets: { read: async () => server.secret } },
    settings: { buckets: { landing: "m-landing" } },
    run: { id: run },
  }) as unknown as TaskContext;
const start = (run = "run-1", partition = ID) =>
  startExport({ item: { asset: courseExportAsset("mitxonline"), partition } }, context(run));
const begun = async (run = "run-1"): Promise<ExportUnderWay> => {
  const started = await start(run);
  if (started.outcome !== "exporting") throw new Error("It has not begun.");
  return started;
};
const plan = (ends: ExportPlan["ends"], more: Partial<ExportPlan> = {}): void => {
  const course = server.courses.get(ID);
  if (course !== undefined) course.exports = { ends, ...more };
};
const outcome = async (run = "run-1") => {
  let state = await pollExport(await begun(run), context(run));
  for (let polls = 1; state.outcome === "exporting" && polls < 10; polls += 1)
    state = await pollExport(state, context(run));
  return state;
};
const version = () => server.courses.get(ID)?.version;

describe("an export", () => {
  it("ends when Studio says so and its archive is there, and its record says what was published before", async () => {
    plan("succeed", { states: ["Pending", "Retrying", "In Progress", "No word of ours"] });
    const ended = await outcome();
    const head = await objects.head({ bucket: "m-landing", key: KEY });
    expect(ended).toMatchObject({
      ...{ outcome: "exported", state: "Succeeded", key: KEY, publishedVersion: version() },
      ...{ etag: head?.etag, versionId: head?.versionId },
    });
    expect(await exportRecord(ledger, "mitxonline", ID)).toMatchObject({
      ...{ run: "run-1", publishedVersion: version(), ended: { versionId: head?.versionId } },
    });
    expect(await outputsOf(ledger, "run-1")).toMatchObject([
      { asset: "mitxonline/openedx/raw_data/course_export", partition: ID },
    ]);
  });

  it.each([
    ["fail", "export_failed", /is failed: Studio could not write the archive/],
    ["cancel", "export_canceled", /is canceled: Somebody stopped it/],
  ] as const)("that ends as %s is Rejected with Studio's details", async (ends, code, message) => {
    plan(ends);
    await expect(outcome()).rejects.toMatchObject({ name: "Rejected", code, message: expect.stringMatching(message) });
  });

  it("that Studio refuses is Rejected with its text, and nothing is asked after", async () => {
    plan("refuse", { reason: "Item not found: about.xml of someone@example.edu" });
    await expect(start()).rejects.toMatchObject({
      ...{ name: "Rejected", code: "export_refused" },
      message: expect.stringMatching(/Item not found: about.xml of \[address\]/),
    });
    expect(server.count("task")).toBe(0);
  });

  it("of which Studio says nothing is Rejected with the whole reply", async () => {
    plan("nothing");
    await expect(start()).rejects.toMatchObject({
      ...{ name: "Rejected", code: "export_not_started", message: expect.stringMatching(/"upload_task_ids":\{\}/) },
    });
  });

  it("that is started with status 400 is started", async () => {
    plan("bad-request");
    expect(await outcome()).toMatchObject({ outcome: "exported" });
  });

  it("of a course that has vanished is none", async () => {
    const course = server.courses.get(ID);
    if (course !== undefined) course.vanished = true;
    expect(await start()).toEqual({ outcome: "gone", courseId: ID });
    expect(server.count("export")).toBe(0);
  });

  it("is started once for a run, however often it is tried, and again by another run", async () => {
    expect(await begun("run-1")).toEqual(await begun("run-1"));
    expect(server.count("export")).toBe(1);
    const older = await begun("run-1");
    await begun("run-2");
    expect(server.count("export")).toBe(2);
    await expect(pollExport(older, context("run-1"))).rejects.toMatchObject({ code: "export_replaced" });
  });

  it("ends by what lands, whatever Studio says", async () => {
    plan("hang");
    const under = await begun();
    expect(await pollExport(under, context("run-1"))).toMatchObject({ outcome: "exporting", state: "In Progress" });
    await objects.put("m-landing", KEY, "an archive");
    expect(await pollExport(under, context("run-1"))).toMatchObject({ outcome: "exported" });
  });

  it("waits some minutes for an archive that Studio says is there, and no longer", async () => {
    await objects.put("m-landing", KEY, "the archive of before");
    plan("lose");
    const missing = await pollExport(await begun(), context("run-1"));
    expect(missing).toMatchObject({ outcome: "exporting", state: "Succeeded" });
    const since = new Date(Date.now() - 6 * 60_000).toISOString();
    await expect(
      pollExport({ ...(missing as ExportUnderWay), missingSince: since }, context("run-1")),
    ).rejects.toMatchObject({ name: "Rejected", code: "export_not_there" });
  });

  it("of a course that is published meanwhile keeps the version of before", async () => {
    const before = version();
    plan("succeed", { republish: true });
    expect(await outcome()).toMatchObject({ publishedVersion: before });
    expect(version()).not.toBe(before);
  });

  it("under another bucket's address is Malformed", async () => {
    const text = (url: string) =>
      JSON.stringify({ upload_task_ids: { [ID]: "t" }, upload_urls: { [ID]: url }, failed_uploads: {} });
    server.fault({
      call: "export",
      status: 200,
      text: text("https://elsewhere.s3.amazonaws.com/x.tar.gz?X-Sig=s3cret"),
    });
    await expect(start()).rejects.toMatchObject({ name: "Malformed", code: "export_elsewhere" });
    server.fault({
      call: "export",
      status: 200,
      text: text("https://elsewhere.s3.amazonaws.com/x.tar.gz?X-Sig=s3cret"),
    });
    await expect(start()).rejects.not.toThrow(/s3cret/);
    expect(await exportRecord(ledger, "mitxonline", ID)).toBeUndefined();
  });
});

describe("the key in Studio's address", () => {
  const bucket = "course-exports-mitx";
  it.each([
    ["https://course-exports-mitx.s3.amazonaws.com/course-v1%3AMITx%2B6.00x+1T2024.tar.gz"],
    ["https://course-exports-mitx.s3.us-east-1.amazonaws.com/course-v1:MITx+6.00x%2B1T2024.tar.gz?X-Amz-Date=x"],
    ["https://s3.amazonaws.com/course-exports-mitx/course-v1:MITx+6.00x+1T2024.tar.gz"],
    ["https://s3.us-east-1.amazonaws.com/course-exports-mitx/course-v1%3AMITx+6.00x+1T2024.tar.gz"],
    ["http://127.0.0.1:9000/course-exports-mitx/course-v1:MITx+6.00x+1T2024.tar.gz"],
  ])("of %s is decoded, and a plus stays a plus", (url) => {
    expect(uploadedKey(url, bucket)).toBe("course-v1:MITx+6.00x+1T2024.tar.gz");
  });

  it("may have levels", () => {
    expect(uploadedKey("https://course-exports-mitx.s3.amazonaws.com/MITx/8.01/2013.tar.gz", bucket)).toBe(
      "MITx/8.01/2013.tar.gz",
    );
  });

  it.each([
    ["https://other.s3.amazonaws.com/course-exports-mitx/x.tar.gz", "export_elsewhere"],
    ["https://s3.amazonaws.com/other/x.tar.gz", "export_elsewhere"],
    ["https://course-exports-mitx-qa.s3.amazonaws.com/x.tar.gz", "export_elsewhere"],
    ["https://course-exports-mitx.s3.amazonaws.com/", "export_url_invalid"],
    ["https://s3.amazonaws.com/course-exports-mitx", "export_url_invalid"],
    ["https://course-exports-mitx.s3.amazonaws.com/%E0%A4%A", "export_url_invalid"],
    ["/course-exports-mitx/x.tar.gz", "export_url_invalid"],
  ])("of %s is none: %s", (url, code) => {
    expect(() => uploadedKey(url, bucket)).toThrow(expect.objectContaining({ name: "Malformed", code }));
  });
});

describe("what an archive was published as", () => {
  const record = {
    run: "r",
    taskId: "t",
    key: "k",
    before: "1",
    publishedVersion: "v",
    startedAt: "2026-01-15T10:00:00Z",
  };
  const head = (versionId: string, at: string, key = "k") =>
    ({ bucket: "b", key, versionId, etag: "e", sizeBytes: 1, metadata: {}, lastModified: new Date(at) }) as const;
  const ended = { etag: "e", versionId: "2", sizeBytes: 1, at: "2026-01-15T10:05:00Z" };

  it.each([
    ["in flight", record, head("2", "2026-01-15T10:04:00Z"), "v"],
    ["ended", { ...record, ended }, head("2", "2026-01-15T10:04:00Z"), "v"],
    ["that was there before", record, head("1", "2026-01-14T10:00:00Z"), undefined],
    ["that came after the end", { ...record, ended }, head("3", "2026-01-15T10:06:00Z"), undefined],
    ["long after a failed one", record, head("2", "2026-01-16T10:00:00Z"), undefined],
    ["under another key", record, head("2", "2026-01-15T10:04:00Z", "other"), undefined],
    ["nobody asked for", undefined, head("2", "2026-01-15T10:04:00Z"), undefined],
  ] as const)("%s", (_what, known, archive, expected) => {
    expect(publishedVersionOf(known, archive)).toBe(expected);
  });
});

it("refuses an item of an asset that is not exported", () => {
  expect(() => courseOf({ asset: "edxorg/openedx/raw_data/course_export", partition: ID }, courseExportAsset)).toThrow(
    expect.objectContaining({ name: "Misconfigured", code: "wrong_item" }),
  );
});
