import { createHash } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { embeddedObjects } from "../../core/io/embedded/objects.ts";
import { openItems } from "../../core/io/items.ts";
import { assetsIn } from "../../core/model/assets.ts";
import type { ItemEvent } from "../../core/model/items/item-event.ts";
import { lanesIn } from "../../core/model/lanes/declared-lanes.ts";
import { openedxCourses } from "../../state-machines/openedx_courses/pipeline.ts";
import type { TaskContext } from "../../core/task.ts";
import { temporaryFolder } from "../../test/contract/temporary-folder.ts";
import { MemoryExecutions } from "../../test/standins/memory-executions.ts";
import { memoryLedger } from "../../test/standins/memory-ledger.ts";
import { COURSEWARE } from "../openedx/sources/course-assets.ts";
import { copyTarballs } from "./archives/copy-tarballs.ts";
import { stagedKey, writeDrop } from "./drop/drop-record.ts";
import { lookAtArchives } from "./look-at-archives.ts";
import { requestArchives } from "./request-archives.ts";
import { deploymentOf } from "./drop/drop-inputs.ts";

const drop = { deployment: "mitx", date: "20260115", dropId: "one" };
const mitx = deploymentOf("mitx");
const [A, B, C] = ["course-v1:A+B+C", "course-v1:D+E+F", "course-v1:G+H+I"];
const NOW = Date.parse("2026-01-15T00:00:00Z");
const buckets = { landing: "landing", lake: "lake", quarantine: "quarantine", artifacts: "artifacts", drops: "drops" };

let folder: ReturnType<typeof temporaryFolder>;
let ledger: ReturnType<typeof memoryLedger>;
let objects: ReturnType<typeof embeddedObjects>;
let executions: MemoryExecutions;
let context: TaskContext;
beforeEach(async () => {
  folder = temporaryFolder();
  [ledger, objects, executions] = [memoryLedger(), embeddedObjects(folder.path), new MemoryExecutions()];
  const runs = { lanes: [...lanesIn("dev", [openedxCourses])], assets: assetsIn([openedxCourses]) };
  context = {
    io: { ledger, objects, executions },
    settings: {
      ...{ environment: "dev", buckets, runs: { ...runs, cap: 50, failedOnceDelayMs: 0 } },
      machineArnPrefix: "arn:aws:states:us-east-1:000000000000:stateMachine:millrace-dev-",
    },
  } as unknown as TaskContext;
  const coursesKey = stagedKey(drop, drop.dropId, "courses.json");
  await objects.put("artifacts", coursesKey, JSON.stringify([A, B, C]));
  const record = { dropId: "one", state: "open" as const, startedAt: "", courses: 3, coursesKey, coursesSha256: "" };
  await writeDrop(ledger, drop, record, undefined);
});

afterEach(() => {
  objects.close();
  folder.remove();
});

const land = async (course: string, bytes: string, metadata: Readonly<Record<string, string>> = {}): Promise<void> => {
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  await objects.put("landing", `${mitx.archived}/${course}/${sha256}.xml.tar.gz`, bytes, { metadata });
};
const tell = (asset: string, partition: string, event: ItemEvent) =>
  openItems(ledger).apply({ asset, partition }, event, { now: NOW, automatic: [], failedOnceDelayMs: 0, create: true });
const publish = (course: string, version: string) =>
  tell(mitx.exports, course, { type: "observed", upstream: COURSEWARE, version, at: NOW });
/** Ends what the request has started. */
const end = async (asset: string, course: string, at: number, failed?: string) => {
  const state = await openItems(ledger).read({ asset, partition: course });
  const outcome =
    failed === undefined
      ? ({ status: "succeeded" } as const)
      : ({ status: "failed", class: "Rejected", code: "export_failed", message: failed } as const);
  await tell(asset, course, { type: "run-ended", run: state?.runs[0]?.name ?? "other", at, outcome });
};
const look = (now: number) => lookAtArchives(drop, context, () => now);
const copied = () =>
  copyTarballs({ items: openItems(ledger), objects, landing: "landing", deployment: mitx }, [A, B, C], {
    ...{ bucket: "drops", folder: "courses/", now: Date.now() + 5_000 },
  });

describe("course archives of a drop", () => {
  it("are asked for where there is none or an old one, in their lane, and once", async () => {
    await land(A, "a", { courseware_published_version: "v1" });
    await land(B, "b", { courseware_published_version: "v1" });
    await publish(A, "v1");
    await publish(B, "v2");
    expect(await requestArchives(drop, context, () => NOW)).toEqual({ asked: 2, awaited: 2 });
    const asked = executions.all.map(({ domain, input }) => [
      domain,
      (input as { item: { partition: string } }).item.partition,
    ]);
    expect(asked).toHaveLength(2);
    expect(asked).toEqual(
      expect.arrayContaining([
        ["openedx_courses", B],
        ["openedx_courses", C],
      ]),
    );
    // Another attempt finds them under way.
    expect(await requestArchives(drop, context, () => NOW)).toEqual({ asked: 0, awaited: 2 });
    expect(executions.all).toHaveLength(2);
  });

  it("are waited for until they have landed and were unpacked, or failed", async () => {
    await requestArchives(drop, context, () => NOW);
    expect(await look(NOW)).toEqual({ awaited: 3 });
    await end(mitx.exports, A, NOW + 1_000);
    await end(mitx.exports, B, NOW + 1_000, "No root block");
    // Of A the landing is on its way.
    expect(await look(NOW + 2_000)).toEqual({ awaited: 2 });
    await tell(mitx.archived, A, { type: "run-started", run: "unpack", at: NOW + 3_000 });
    expect(await look(NOW + 200_000)).toEqual({ awaited: 2 });
    await tell(mitx.archived, A, {
      type: "run-ended",
      run: "unpack",
      at: NOW + 201_000,
      outcome: { status: "succeeded" },
    });
    expect(await look(NOW + 202_000)).toEqual({ awaited: 1 });
    await end(mitx.exports, C, NOW + 203_000);
    expect(await look(NOW + 204_000)).toEqual({ awaited: 1 });
    // Nothing comes of it: the course is gone.
    expect(await look(NOW + 400_000)).toEqual({ awaited: 0 });
  });

  it("are delivered with what is known of each: failed with Studio's reason, stale with version and age", async () => {
    await land(A, "a", { courseware_published_version: "v1", content_digest: "1" });
    await land(B, "b", { courseware_published_version: "v1" });
    for (const course of [A, B]) await publish(course, course === A ? "v1" : "v2");
    await requestArchives(drop, context, () => NOW);
    await end(mitx.exports, C, NOW + 1_000, "No root block");
    expect(await copied()).toEqual([
      { course: A, status: "ok", bytes: 1, sha256: expect.any(String) },
      {
        ...{ course: B, status: "stale", bytes: 1, sha256: expect.any(String), version: "v1", age_seconds: 5 },
        reason: "its export has not ended in time",
      },
      { course: C, status: "failed", reason: "No root block" },
    ]);
  });

  it("are those of the content that counts, also when a course has gone back to it", async () => {
    await land(A, "first", { content_digest: "1" });
    await land(A, "second", { content_digest: "2" });
    const back = { status: "succeeded", dataVersion: "1" } as const;
    await tell(mitx.archived, A, { type: "run-ended", run: "third", at: NOW, outcome: back });
    const [entry] = await copied();
    expect(entry).toMatchObject({ sha256: createHash("sha256").update("first").digest("hex") });
  });
});
