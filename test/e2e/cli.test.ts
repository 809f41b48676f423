import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

/** The command line as a person uses it, against one engine with the real assembly and the real dbt. */
const ROOT = join(import.meta.dirname, "..", "..");
const FIXTURES = join(ROOT, "..", "shared", "fixtures");
const LOG = join(FIXTURES, "tracking-logs", "student_engagement_acceptance_tracking.log");
const TABLE = "raw.raw__mitxonline__openedx__tracking_logs";

let folder: string;
let stateDir: string;

function millrace(...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(ROOT, "bin", "millrace.js"), ...args], {
    cwd: folder,
    env: { ...process.env, MILLRACE_STATE: stateDir },
    encoding: "utf8",
    maxBuffer: 64 * 2 ** 20,
  });
  return { status, stdout, stderr };
}

/** Exactly one JSON document on stdout. */
function json(...args: readonly string[]) {
  const { status, stdout, stderr } = millrace(...args, "--json");
  expect(stdout.trim().split("\n"), stderr).toHaveLength(1);
  return { status, value: JSON.parse(stdout) };
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "millrace-e2e-"));
  stateDir = join(folder, "state");
});
afterAll(() => {
  millrace("down");
  rmSync(folder, { recursive: true, force: true });
});

describe("a tracking log", () => {
  test("lands, is accounted for line by line, and reaches the marts", () => {
    const { status, value } = json(
      "land",
      LOG,
      "--as",
      "tracking_log",
      "--deployment",
      "mitxonline",
      "--date",
      "2015-04-14",
      "--wait",
    );
    expect(status).toBe(0);
    expect(value.objects).toMatchObject([
      {
        key: "sources/tracking-mitxonline/logs/2015-04-14/student_engagement_acceptance_tracking.log",
        sha256: createHash("sha256").update(readFileSync(LOG)).digest("hex"),
        bytes: readFileSync(LOG).length,
        ...{ status: "succeeded", lines: 304, rows: 226, quarantined: 22, blank: 56, deduplicated: false },
      },
    ]);
    expect(json("query", `SELECT count(*) AS n FROM ${TABLE}`).value).toEqual([{ n: 226 }]);
    const [{ events }] = json(
      "query",
      "SELECT sum(events) AS events FROM marts.marts__openedx__daily_active_learners",
    ).value;
    expect(Number(events)).toBeGreaterThan(0);
  });

  test("landed again does nothing", () => {
    const { value } = json(
      "land",
      LOG,
      "--as",
      "tracking_log",
      "--deployment",
      "mitxonline",
      "--date",
      "2015-04-14",
      "--wait",
    );
    expect(value.objects).toMatchObject([{ status: "succeeded", rows: 226, deduplicated: true }]);
    expect(json("query", `SELECT count(*) AS n FROM ${TABLE}`).value).toEqual([{ n: 226 }]);
  });

  test("gives back its quarantined bytes exactly", () => {
    const parts = json("quarantine", "list").value;
    expect(parts).toHaveLength(22);
    const bytes = readFileSync(LOG);
    for (const { byteOffset, byteLength, sha256 } of parts) {
      expect(
        createHash("sha256")
          .update(bytes.subarray(byteOffset, byteOffset + byteLength))
          .digest("hex"),
      ).toBe(sha256);
    }
    const out = join(folder, "bad-lines");
    const key = parts[0].sourceKey;
    expect(json("quarantine", "export", key, "--out", out).value).toMatchObject({ sourceKey: key });
    const exported = readFileSync(out);
    expect(exported.length).toBe(
      parts.reduce((sum: number, { byteLength }: { byteLength: number }) => sum + byteLength + 1, 0),
    );
  });

  test("that is damaged fails its run with its reason, and the exit code says so", () => {
    const bad = join(folder, "damaged.log.gz");
    writeFileSync(bad, "this is not gzip");
    const { status, value } = json(
      "land",
      bad,
      "--as",
      "tracking_log",
      "--deployment",
      "xpro",
      "--date",
      "2026-01-01",
      "--wait",
    );
    expect(status).toBe(1);
    expect(value.objects).toMatchObject([{ status: "failed", error: { name: "Malformed", code: "not_gzip" } }]);
    // The alert of it may be a run by now.
    const runs: { id: string; domain: string }[] = json("runs", "--limit", "2").value;
    const run = runs.find(({ domain }) => domain === "openedx");
    expect(run).toMatchObject({
      domain: "openedx",
      job: "tracking_log",
      status: "failed",
      error: { name: "Malformed", code: "not_gzip" },
    });
    const hint = "Land it compressed, or without the .gz.";
    expect(value.objects[0].error.hint).toBe(hint);
    const failed = millrace("run", "show", run?.id ?? "").stdout;
    expect(failed).toContain(`\n  ${hint}\n`);
    expect(millrace("failures").stdout).toMatch(/Malformed +not_gzip .*\nnot_gzip: .+/);
    expect(json("run", "show", run?.id ?? "").value.history.at(-1)).toMatchObject({ type: "ExecutionFailed" });
  });
});

describe("a course archive", () => {
  const archive = join(FIXTURES, "courses", "course-v1:OpenedX+DemoX+DemoCourse.xml.tar.gz");

  test("gives its blocks by type and one signed webhook, however often it lands", () => {
    const land = () => json("land", archive, "--as", "course_archive", "--deployment", "mitxonline", "--wait");
    const first = land();
    expect(first.status).toBe(0);
    expect(first.value.objects[0].counts).toMatchObject({
      chapter: 6,
      sequential: 17,
      vertical: 58,
      html: 266,
      problem: 29,
      video: 11,
    });
    expect(land().status).toBe(0);
    expect(json("deliveries").value).toMatchObject([
      {
        signatureValid: true,
        attempts: 1,
        state: "delivered",
        body: { course_id: "course-v1:OpenedX+DemoX+DemoCourse", source: "mitxonline" },
      },
    ]);
  });
});

describe("the other verbs", () => {
  test("tell where the lake is and which assets there are", () => {
    const { catalogUri, warehouse, properties } = json("lake").value;
    expect(catalogUri).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/catalog$/);
    expect(existsSync(warehouse)).toBe(true);
    expect(properties).toMatchObject({ type: "rest", uri: catalogUri });
    const assets = json("assets").value.map(({ asset }: { asset: string }) => asset);
    expect(assets).toContain("mitxonline/openedx/raw_data/tracking_logs");
    expect(assets).toContain("mitxonline/openedx/raw_data/course_xml");
  });

  test("refuse to write through a query", () => {
    const { status, stderr } = millrace("query", `DELETE FROM ${TABLE}`);
    expect(status).toBe(2);
    expect(stderr).toMatch(/only one reading statement/);
    expect(stderr).not.toMatch(/ at .*\.ts:/);
  });

  test.each([
    [["land", "nowhere.log", "--as", "tracking_log", "--deployment", "mitx"], /There is no file nowhere\.log/],
    [["land", ".", "--as", "tracking_log", "--deployment", "mitx"], /is not a file/],
    [["land", LOG, "--as", "tracking_log", "--deployment", "mars"], /no deployment "mars"/],
    [["land", LOG, "--as", "videos", "--deployment", "mitx"], /no kind of input/],
    [["land", LOG, "--deployment", "mitx"], /--as is missing/],
    [["land", LOG, "--as", "tracking_log", "--deployment", "mitx", "--date", "2026-02-30"], /is no date/],
    [["frobnicate"], /unknown command/],
    [["up", "--port", "banana"], /port/],
  ])("%j is refused with exit code 2", (args, message) => {
    const { status, stderr } = millrace(...args);
    expect(status).toBe(2);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/ at .*\.ts:/);
  });

  test("a run that does not exist is one clear sentence", () => {
    const { status, value } = json("run", "show", "nothing");
    expect(status).toBe(1);
    expect(value).toMatchObject({ error: { code: "run_missing" } });
  });

  test.each([
    ["bin/first-contact/main.ts", "Usage: npm start --", "--port"],
    ["bench/demo.ts", "Usage: npm run demo -- NAME", "--courses"],
    ["bench/index.ts", "Usage: npm run bench -- NAME", "--kills"],
  ])("%s has help, and refuses what it does not know with 2", (script, usage, option) => {
    const node = join(ROOT, "node_modules", ".bin", "node");
    const run = (...args: readonly string[]) => spawnSync(node, [join(ROOT, script), ...args], { encoding: "utf8" });
    const help = run("--help");
    expect([help.status, help.stdout]).toEqual([0, expect.stringContaining(usage)]);
    expect(help.stdout).toContain(option);
    const name = { "bench/demo.ts": ["openedx"], "bench/index.ts": ["sweep"] }[script] ?? [];
    const { status, stderr } = run(...name, "--cuorses", "3");
    expect([status, stderr]).toEqual([2, expect.stringMatching(/unknown option '--cuorses'/i)]);
    expect(stderr).not.toContain("bug in Millrace");
  });

  test("run and check a state machine alone", () => {
    const machine = join(ROOT, "state-machines", "lakehouse", "lakehouse.asl.json");
    const mocks = join(folder, "mocks.json");
    writeFileSync(mocks, JSON.stringify({ MarkStale: [{ result: { Payload: { build: false } } }] }));
    expect(json("asl", "run", machine, "--mocks", mocks).value).toMatchObject({
      status: "SUCCEEDED",
      output: { build: false },
    });
    expect(millrace("asl", "check", machine).status).toBe(0);
  });

  test("every verb explains itself with an example", () => {
    for (const verb of [
      ["up"],
      ["land"],
      ["query"],
      ["run", "show"],
      ["quarantine", "export"],
      ["asl", "run"],
      ["doctor"],
    ]) {
      const { status, stdout } = millrace(...verb, "--help");
      expect(status, verb.join(" ")).toBe(0);
      expect(stdout).toContain("Examples:");
    }
  });
});

describe("schedules", () => {
  test("are listed as deployed, previewed, and switched only by somebody, for a reason and for a while", () => {
    const listed = () => json("schedules").value.filter(({ id }: { id: string }) => id === "sweep");
    expect(listed()).toMatchObject([{ id: "sweep", declared: "on", state: "on" }]);
    const refused = json("schedules", "off", "sweep", "--until", "12h");
    expect(refused).toMatchObject({ status: 2, value: { error: { code: "bad_override" } } });
    const order = ["--until", "1d", "--reason", "the source is being moved", "--author", "mk"];
    expect(json("schedules", "off", "sweep", ...order).value).toMatchObject({
      state: "off",
      override: { author: "mk" },
    });
    expect(listed()).toMatchObject([{ id: "sweep", declared: "on", state: "off" }]);
    // Every four hours: six of them within the day.
    const ahead = json("schedules", "preview", "sweep", "--count", "7").value;
    expect(ahead[5]).toMatchObject({ outcome: "skipped: off" });
    expect(ahead[6]).toMatchObject({ outcome: "started", start: { domain: "lakehouse", input: { job: "build" } } });
    expect(json("schedules", "clear", "sweep").value).toMatchObject({ state: "on", override: null });
    expect(json("schedules", "ticks", "sweep").value).toEqual({ ticks: [], next: null });
    expect(json("schedules", "ticks", "nightly")).toMatchObject({
      status: 1,
      value: { error: { code: "schedule_missing" } },
    });
  });
});

describe("the state folder", () => {
  test("doctor finds nothing missing", () => {
    const { status, value } = json("doctor");
    expect(value.filter(({ ok }: { ok: boolean }) => !ok)).toEqual([]);
    expect(status).toBe(0);
  });

  test("survives down and up, and is deleted only when it is ours", () => {
    expect(json("down").value).toMatchObject({ stopped: true });
    expect(json("down").value).toMatchObject({ stopped: false });
    expect(json("up", "--detach").status).toBe(0);
    expect(json("query", `SELECT count(*) AS n FROM ${TABLE}`).value).toEqual([{ n: 226 }]);
    const foreign = mkdtempSync(join(folder, "foreign-"));
    writeFileSync(join(foreign, "precious"), "x");
    expect(millrace("reset", "--yes", "--state", foreign).status).toBe(2);
    expect(existsSync(join(foreign, "precious"))).toBe(true);
    expect(json("reset", "--yes").value).toMatchObject({ deleted: true });
    expect(existsSync(stateDir)).toBe(false);
  });
});
