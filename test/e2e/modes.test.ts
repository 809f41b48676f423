import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";

/** What a mode makes of a run, against one engine with the real assembly. */
const ROOT = join(import.meta.dirname, "..", "..");
const FIXTURES = join(ROOT, "..", "shared", "fixtures");
const COURSE_ID = "course-v1:OpenedX+DemoX+DemoCourse";
const COURSES = "mitxonline/openedx/raw_data/course_xml";
const LOGS = "mitxonline/openedx/raw_data/tracking_logs";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "millrace-modes-"));
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

const land = (file: string, job: string) => json("land", file, "--as", job, "--deployment", "mitxonline", "--wait");
const rows = (sql: string): unknown => json("query", sql).value;

function until(look: () => unknown, ready: (value: never) => boolean): unknown {
  for (let attempt = 0; attempt < 90; attempt += 1) {
    const value = look();
    if (ready(value as never)) return value;
  }
  throw new Error("It did not come to pass.");
}

/** Runs the partition again and gives the name of the run, which has succeeded and which its item has heard of. */
function rerun(asset: string, partition: string, ...mode: readonly string[]): string {
  const { run } = json("rerun", asset, partition, ...mode, "--author", "ada").value;
  until(
    () => json("run", "show", run).value.status,
    (status: string) => status !== "running",
  );
  expect(json("run", "show", run).value).toMatchObject({ status: "succeeded", error: null });
  until(
    () => json("partitions", asset).value.counts,
    (counts: { in_progress: number }) => counts.in_progress === 0,
  );
  return run;
}

test("a course is sent again without being made, loaded again without being sent, and made again", () => {
  land(join(FIXTURES, "courses", `${COURSE_ID}.xml.tar.gz`), "course_archive");
  const attempts = () => json("deliveries").value.map((one: { attempts: number }) => one.attempts);
  const loadedBy = () => rows("select run_id from raw.raw__mitxonline__openedx__xml__course_metadata");
  const [first] = loadedBy() as unknown[];
  expect(attempts()).toEqual([1]);
  const [{ partition }] = until(
    () => json("partitions", COURSES, "--status", "materialised").value.items,
    (items: unknown[]) => items.length === 1,
  ) as [{ partition: string }];

  const sent = rerun(COURSES, partition, "--mode", "redeliver");
  expect([attempts(), loadedBy()]).toEqual([[2], [first]]);
  const steps = json("run", "show", sent).value.steps.map(({ state }: { state: string }) => state);
  expect(steps).toEqual(["NotifyLearn"]);

  const loaded = rerun(COURSES, partition, "--mode", "reload");
  expect([attempts(), loadedBy()]).toEqual([[2], [first]]);
  const reloaded = json("run", "show", loaded).value.steps.map(({ state }: { state: string }) => state);
  expect(reloaded).toEqual(["ExtractCourse", "CommitRows", "Announce"]);

  const made = rerun(COURSES, partition);
  expect(attempts()).toEqual([2]);
  expect(JSON.stringify(loadedBy())).toContain(made);
  expect(loadedBy()).toHaveLength(1);
}, 300_000);

test("a log is made again with its rows once; modes and redrives that mean nothing are refused before they start", () => {
  const line = `${JSON.stringify({ username: "u", name: "/x", time: "2026-01-15T10:00:00+00:00" })}\n`;
  const file = join(folder, "tracking.log-2026-01-15.gz");
  writeFileSync(file, gzipSync(line.repeat(3)));
  land(file, "tracking_log");
  const key = "logs/2026-01-15/tracking.log-2026-01-15.gz";
  const loadedBy = () =>
    rows("select run_id, count(*) as n from raw.raw__mitxonline__openedx__tracking_logs group by 1");
  const made = rerun(LOGS, key);
  const byRun = loadedBy();
  expect(byRun).toHaveLength(1);
  expect(JSON.stringify(byRun)).toMatch(new RegExp(`${made}.*3`));
  rerun(LOGS, key, "--mode", "reload");
  expect(loadedBy()).toEqual(byRun);
  rerun(LOGS, key, "--mode", "missing-only");
  expect(loadedBy()).toEqual(byRun);

  writeFileSync(file, gzipSync(line.repeat(4)).subarray(0, 30));
  land(file, "tracking_log");
  until(
    () => json("failures").value,
    (failures: unknown[]) => failures.length === 1,
  );
  for (const [args, code, exit] of [
    [["rerun", LOGS, key, "--mode", "redeliver"], "mode_not_taken", 1],
    [["backfill", "plan", LOGS, "--mode", "redeliver"], "mode_not_taken", 1],
    [["backfill", "start", LOGS, "--mode", "redeliver"], "mode_not_taken", 1],
    [["rerun", LOGS, key, "--mode", "everything"], "unknown_mode", 2],
    [["rerun", "--from-failure", LOGS, key], "not_redrivable", 1],
    [["rerun", "--from-failure", LOGS], "bad_input", 2],
    [["rerun", "--from-failure", LOGS, key, "--mode", "all"], "bad_input", 2],
  ] as const) {
    expect([args, json(...args)]).toMatchObject([args, { status: exit, value: { error: { code } } }]);
  }
}, 300_000);
