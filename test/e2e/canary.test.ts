import { spawn } from "node:child_process";
import {
  appendFileSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { text } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ASSEMBLY_DIR } from "../../bin/cli/paths.ts";
import { domains } from "../../state-machines/index.ts";
import { startLearnReceiver, type LearnReceiver } from "../standins/learn-receiver.ts";
import { holds, newMarker, search } from "./marker.ts";

/**
 * A marker is in every secret while the real assembly does all that it does, the failing ways too; afterwards it is in
 * `secrets.json` and nowhere else.
 */
const ROOT = join(import.meta.dirname, "..", "..");
const FIXTURES = join(ROOT, "..", "shared", "fixtures");
const LOG = join(FIXTURES, "tracking-logs", "student_engagement_acceptance_tracking.log");
const ARCHIVE = join(FIXTURES, "courses", "course-v1:OpenedX+DemoX+DemoCourse.xml.tar.gz");

const marker = newMarker();
/** With characters that JSON, URLs and HTML write differently. */
const token = `${marker}"\\<ü>/+&= `.trim();
const roles = [
  ...new Set(domains.flatMap(({ pipeline }) => Object.values(pipeline.tasks).flatMap(({ secrets = [] }) => secrets))),
];

let folder: string;
let stateDir: string;
let receiver: LearnReceiver;
/** Everything that the command line said. */
const said: string[] = [];

async function millrace(...args: readonly string[]): Promise<string> {
  const child = spawn(process.execPath, [join(ROOT, "bin", "millrace.js"), ...args], {
    cwd: folder,
    env: { ...process.env, MILLRACE_STATE: stateDir, MILLRACE_DEBUG: "1" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  said.push(stdout, stderr);
  return stdout;
}

const keep = (content: string): void => writeFileSync(join(stateDir, "secrets.json"), content, { mode: 0o600 });
const secrets = (fields: Readonly<Record<string, string>>): string =>
  JSON.stringify(
    Object.fromEntries(roles.map((role) => [role, { url: receiver.url, token, note: marker, ...fields }])),
  );

/** A receiver that shows what it was configured with, as pages for developers do. */
const telltale = [
  token,
  JSON.stringify({ token }),
  encodeURIComponent(token),
  Buffer.from(token).toString("base64"),
  Buffer.from(token).toString("hex"),
].join(" | ");

async function land(deployment: string): Promise<{ status: string; error?: { name: string; code: string } }> {
  const out = await millrace("land", ARCHIVE, "--as", "course_archive", "--deployment", deployment, "--wait", "--json");
  return JSON.parse(out).objects[0];
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "millrace-canary-"));
  stateDir = join(folder, "state");
  mkdirSync(stateDir, { mode: 0o700 });
  receiver = await startLearnReceiver(token);
  keep(secrets({}));
});
afterAll(async () => {
  await millrace("down");
  await receiver.close();
  rmSync(folder, { recursive: true, force: true });
});

describe("a marker in every secret", { timeout: 300_000 }, () => {
  it("is used, while logs and courses go through and deliveries fail in every way", async () => {
    expect(roles).toContain("learn/webhook");
    const log = [
      "land",
      LOG,
      "--as",
      "tracking_log",
      "--deployment",
      "mitxonline",
      "--date",
      "2015-04-14",
      "--wait",
      "--json",
    ];
    expect(JSON.parse(await millrace(...log)).objects).toMatchObject([{ status: "succeeded" }]);
    const damaged = join(folder, "damaged.log.gz");
    writeFileSync(damaged, "this is not gzip");
    await millrace(
      "land",
      damaged,
      "--as",
      "tracking_log",
      "--deployment",
      "xpro",
      "--date",
      "2026-01-01",
      "--wait",
      "--json",
    );

    keep(`{"learn/webhook": {"token": "${marker}`);
    expect(await land("mitxonline")).toMatchObject({ error: { code: "secret_malformed" } });
    keep(secrets({ url: `https://user:${marker}@127.0.0.1:1` }));
    expect(await land("mitxonline")).toMatchObject({ error: { code: "learn_url_invalid" } });
    keep(secrets({}));
    receiver.answerNext({ status: 500, text: telltale }, { status: 0 }, { status: 405, text: telltale });
    expect(await land("mitxonline")).toMatchObject({ error: { name: "Rejected", code: "learn_refused" } });
    expect(await land("xpro")).toMatchObject({ status: "succeeded" });
    expect(receiver.received.map(({ status }) => status)).toEqual([500, 0, 405, 200]);
  });

  it("is in nothing that the command line says", async () => {
    const runs: readonly { id: string; domain: string; status: string }[] = JSON.parse(
      await millrace("runs", "--limit", "100", "--json"),
    );
    const failed = runs.filter(({ status }) => status === "failed");
    expect(failed.filter(({ domain }) => domain === "openedx")).toHaveLength(4);
    for (const { id } of failed) for (const json of [[], ["--json"]]) await millrace("run", "show", id, ...json);
    for (const verb of ["deliveries", "assets", "doctor", "alerts", "failures", "lanes"])
      await millrace(verb, "--json");
    await millrace("quarantine", "list", "--json");
    expect(said.join("").length).toBeGreaterThan(50_000);
    expect(said.filter((output) => holds(Buffer.from(output), marker))).toEqual([]);
  });

  it("is in no row of any table", async () => {
    const query = async (sql: string): Promise<readonly Record<string, string>[]> =>
      JSON.parse(await millrace("query", sql, "--json"));
    const tables = await query(
      "SELECT table_schema AS s, table_name AS t FROM information_schema.tables WHERE table_schema <> 'main'",
    );
    expect(tables.length).toBeGreaterThan(20);
    const rows = tables.map(({ s, t }) => `SELECT '${s}.${t}' AS t, to_json(r)::VARCHAR AS row FROM ${s}."${t}" AS r`);
    const found = await query(
      `SELECT t, count(*) AS n, count(*) FILTER (contains(row, 'OpenedX')) AS known,
        count(*) FILTER (contains(row, '${marker.slice(6)}')) AS marked FROM (${rows.join(" UNION ALL ")}) GROUP BY t`,
    );
    expect(found.some(({ known }) => Number(known) > 0)).toBe(true);
    expect(found.filter(({ marked }) => Number(marked) > 0)).toEqual([]);
  });

  it("is in no file of the state folder but secrets.json: objects, logs, ledger, events, histories, lake", () => {
    const { found, looked } = search(stateDir, marker);
    expect(found).toEqual(["secrets.json"]);
    expect(looked).toBeGreaterThan(100);
  });

  it("is in nothing of the assembly", () => {
    const files = globSync(join(ASSEMBLY_DIR, "**", "*.{json,js,mjs,sql,yml,out}"));
    expect(files.length).toBeGreaterThan(20);
    expect(files.filter((path) => holds(readFileSync(path), marker))).toEqual([]);
  });

  it("would be found wherever it were left", async () => {
    await millrace("down");
    const left = (name: string, change: (path: string) => void): void => {
      change(join(stateDir, name));
      expect(search(stateDir, marker).found).toContain(name);
    };
    left("logs/left.log", (path) => {
      mkdirSync(join(stateDir, "logs"), { recursive: true });
      appendFileSync(path, `{"message":"${marker}"}\n`);
    });
    for (const encoding of ["hex", "base64", "base64url"] as const)
      for (const lead of ["", "a", "ab", "abc"])
        left(`${encoding}${lead}`, (path) => writeFileSync(path, Buffer.from(`${lead}${token}`).toString(encoding)));
    left("url", (path) => writeFileSync(path, encodeURIComponent(token)));
    left("left.gz", (path) => writeFileSync(path, gzipSync(`secret ${token}`)));
    left("utf16", (path) => writeFileSync(path, Buffer.from(token, "utf16le")));
    const ledger = join(stateDir, "left.db");
    const db = new DatabaseSync(ledger);
    db.exec("PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; CREATE TABLE t (data TEXT)");
    db.prepare("INSERT INTO t VALUES (?)").run(token);
    expect(existsSync(`${ledger}-wal`)).toBe(true);
    expect(search(stateDir, marker).found).toContain("left.db-wal");
    db.close();
    expect(search(stateDir, marker).found).toContain("left.db");
  });
});
