import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";

/** What docs/runbooks/operate.md tells an operator to do, against one engine with the real assembly. */
const ROOT = join(import.meta.dirname, "..", "..");
const ASSET = "mitxonline/openedx/raw_data/tracking_logs";
const DAYS = Array.from({ length: 10 }, (_, index) => `2026-01-${String(index + 1).padStart(2, "0")}`);
const BAD = "2026-01-05";
const keyOf = (day: string): string => `logs/${day}/tracking.log-${day}.gz`;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "millrace-operate-"));
});
afterAll(() => {
  json("down");
  rmSync(folder, { recursive: true, force: true });
});

function json(...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(ROOT, "bin", "millrace.js"), ...args, "--json"],
    { cwd: folder, env: { ...process.env, MILLRACE_STATE: join(folder, "state") }, encoding: "utf8" },
  );
  expect(stdout.trim().split("\n"), stderr).toHaveLength(1);
  return { status, value: JSON.parse(stdout) };
}

function land(bad: (bytes: Buffer) => Buffer, days = DAYS): void {
  const files = days.map((day) => {
    const context = { user_id: 1, course_id: "course-v1:A+B+C", org_id: "A", path: "/" };
    const event = { username: "u", event_type: "/x", event_source: "server", name: "/x", event: "{}", context };
    const line = `${JSON.stringify({ ...event, time: `${day}T10:00:00.000000+00:00` })}\n`;
    const file = join(folder, `tracking.log-${day}.gz`);
    const bytes = gzipSync(line.repeat(3));
    writeFileSync(file, day === BAD ? bad(bytes) : bytes);
    return file;
  });
  json("land", ...files, "--as", "tracking_log", "--deployment", "mitxonline");
}

/** Ends of runs are followed up after the runs have ended. */
function until(look: () => unknown, ready: (value: never) => boolean) {
  for (let attempt = 0; attempt < 60; attempt += 1) {
    const value = look();
    if (ready(value as never)) return value;
  }
  throw new Error("It did not come to pass.");
}
const finished = (id: string) =>
  until(
    () => json("backfill", "show", id).value,
    ({ state }: { state: string }) => state === "finished",
  );
const counts = () => json("partitions", ASSET).value.counts;

test("a day that is poisoned is seen, stays the only one that failed in a backfill, and is run again once repaired", () => {
  land((bytes) => bytes.subarray(0, 30));
  until(counts, ({ materialised, failed }: { materialised: number; failed: number }) => materialised + failed === 10);
  expect(json("failures").value).toMatchObject([
    {
      asset: ASSET,
      failedPartitions: 1,
      sample: [{ partition: keyOf(BAD), class: "Malformed", code: "gzip_truncated", run: expect.any(String) }],
      sampleTruncated: false,
    },
  ]);

  json("run", "start", "operations", "--input", JSON.stringify({ job: "check_partitions" }));
  const told = until(
    () => json("alerts").value.filter(({ kind }: { kind: string }) => kind === "checks-failed"),
    (found: readonly unknown[]) => found.length > 0,
  );
  expect(told).toMatchObject([{ event: { checks: [{ asset: ASSET, check: "standing_failures" }] } }]);

  const range = ["--from", "2026-01-01", "--to", "2026-01-30", "--mode", "all"];
  expect(json("backfill", "plan", ASSET, ...range).value).toMatchObject({ total: 10, lane: "openedx" });
  expect(json("backfill", "plan", ASSET).value).toMatchObject({ total: 1, leftOut: { materialised: 9 } });
  const { id } = json("backfill", "start", ASSET, ...range, "--author", "ada").value;
  expect(finished(id)).toMatchObject({
    author: "ada",
    progress: { waiting: 0, queued: 0, running: 0, succeeded: 9, failed: 1, cancelled: 0, skipped: 0 },
    failed: [{ partition: keyOf(BAD), class: "Malformed", code: "gzip_truncated" }],
  });
  const [{ run }] = json("backfill", "show", id).value.failed;
  expect(json("run", "show", run).value.input).toMatchObject({
    ...{ mode: "all", requestedBy: "ada", item: { asset: ASSET, partition: keyOf(BAD) } },
  });

  land((bytes) => bytes, [BAD]);
  until(counts, ({ failed }: { failed: number }) => failed === 0);
  const again = json("backfill", "start", ASSET, "--failed-of", id, "--mode", "all").value;
  expect(finished(again.id)).toMatchObject({ total: 1, progress: { succeeded: 1, failed: 0 } });
  expect(json("failures").value).toEqual([]);
  expect(json("backfill", "list").value.map((one: { id: string }) => one.id)).toEqual([again.id, id]);
}, 300_000);

test("a closed lane keeps what comes, says why, and lets it go when it is opened", () => {
  expect(json("lanes", "close", "openedx")).toMatchObject({ status: 2 });
  json("lanes", "close", "openedx", "--reason", "the source is down", "--author", "ada");
  const { id } = json("backfill", "start", ASSET, "--mode", "all").value;
  const key = keyOf("2026-01-02");
  expect(json("rerun", ASSET, key).value).toMatchObject({ run: expect.any(String), waits: false });
  const waiting = () => json("lanes").value.find((lane: { id: string }) => lane.id === "openedx");
  expect(waiting()).toMatchObject({ waiting: { count: 10 }, closed: { reason: "ada: the source is down" } });
  // What the backfill had asked for is the person's now.
  expect(waiting().queue[0]).toMatchObject({ priority: "manual", partition: key, reason: { why: "lane-closed" } });
  expect(waiting().queue[1]).toMatchObject({ group: id, reason: { why: "lane-closed" } });
  expect(json("backfill", "cancel", id).value).toMatchObject({ state: "cancelled" });
  const [run] = waiting().queue;
  expect(run).toMatchObject({ priority: "manual", partition: key });
  expect(waiting().queue).toHaveLength(1);
  expect(json("cancel", run.name).value).toEqual({ run: run.name, cancelled: "withdrawn" });
  const asked = json("rerun", ASSET, key).value.run;
  expect(json("lanes", "open", "openedx").value).toMatchObject({ started: [asked] });
  until(counts, ({ in_progress: running }: { in_progress: number }) => running === 0);
  expect(json("run", "show", asked).value).toMatchObject({ status: "succeeded" });
}, 300_000);

test("partitions are added, retired and returned by a person, whose name and reason are kept", () => {
  const key = "logs/2027-02-01/late";
  const why = (reason: string) => ["--author", "ada", "--reason", reason];
  const outcome = (...args: string[]) => json("partitions", ...args).value.results;
  const row = () => json("partitions", ASSET, "--prefix", key).value.items;
  expect(outcome("add", ASSET, key, key, ...why("not shipped yet"))).toEqual([{ partition: key, outcome: "added" }]);
  expect(row()).toMatchObject([{ status: "missing", order: { author: "ada", reason: "not shipped yet" } }]);
  expect(json("lanes").value.map(({ waiting }: { waiting: { count: number } }) => waiting.count)).not.toContain(1);
  expect(outcome("retire", ASSET, key, ...why("a copy"))).toMatchObject([{ outcome: "retired" }]);
  expect(outcome("retire", ASSET, key, ...why("again"))).toMatchObject([{ outcome: "there" }]);
  expect(row()).toMatchObject([{ status: "retired", order: { reason: "a copy" } }]);
  expect(outcome("add", ASSET, key, ...why("it is none"))).toMatchObject([{ outcome: "returned" }]);
  expect(row()).toMatchObject([{ status: "missing", order: { reason: "it is none" } }]);
  outcome("retire", ASSET, key, ...why("done"));
  expect(json("partitions", "confirm", ASSET, "--removals", "7", ...why("a term was deleted")).value).toMatchObject({
    confirmation: { removals: 7, author: "ada", reason: "a term was deleted" },
  });
}, 300_000);

test.each([
  [["partitions", "add", ASSET, "x"], "bad_input", 2],
  [["partitions", "add", ASSET, "a//b", "--reason", "r"], "partition_invalid", 2],
  [["partitions", "retire", ASSET, "nothing", "--reason", "r"], "partition_unknown", 2],
  [["partitions", "confirm", ASSET, "--reason", "r"], "bad_input", 2],
  [["partitions", "nowhere"], "unknown_asset", 2],
  [["backfill", "plan", ASSET, "--from", "yesterday"], "selection_invalid", 2],
  [["backfill", "start", ASSET, "--prefix", "nothing/"], "nothing_selected", 1],
  [["rerun", ASSET], "bad_input", 2],
] as const)("%j is refused as %s", (args, code, exit) => {
  const { status, value } = json(...args);
  expect(value).toMatchObject({ error: { code, hint: expect.any(String) } });
  expect(status).toBe(exit);
});
