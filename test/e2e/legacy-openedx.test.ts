import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { json as jsonOf, text } from "node:stream/consumers";
import { setTimeout as pause } from "node:timers/promises";
import type { Connection } from "mysql2/promise";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { embeddedLedger } from "../../core/io/embedded/ledger.ts";
import { embeddedObjects } from "../../core/io/embedded/objects.ts";
import { writeSecret } from "../../core/io/embedded/secrets.ts";
import { fileRecord } from "../../lambdas/legacy-openedx/drop/file-record.ts";
import { fillSubmissions, makeEdxapp, makeReader } from "../standins/edxapp.ts";
import { mariadbMissing, startMariadb, type Mariadb } from "../standins/mariadb.ts";
import { courseIds, startOpenEdx, type OpenEdxStandIn } from "../standins/open-edx.ts";

/** The nightly drop against one engine with the real assembly, a real MariaDB and an Open edX installation. */
const ROOT = join(import.meta.dirname, "..", "..");
const DEPLOYMENT = "mitxonline";
const SUBMISSIONS = 170_000;
const DATE = "20260115";
const IDS = courseIds(3);
const [A = "", B = "", EMPTY = ""] = IDS;

let folder: string;
let stateDir: string;
let lms: OpenEdxStandIn;
let server: Mariadb;
let root: Connection;
beforeAll(async () => {
  if (mariadbMissing !== undefined) return;
  folder = mkdtempSync(join(tmpdir(), "millrace-drop-"));
  stateDir = join(folder, "state");
  mkdirSync(stateDir);
  [lms, server] = await Promise.all([
    startOpenEdx({ deployment: DEPLOYMENT, courses: IDS, pageSize: 2 }),
    startMariadb(),
  ]);
  root = await makeEdxapp(server);
  await makeReader(root, "reader", "s3cr3t-word");
  await root.query("INSERT INTO auth_user VALUES (1, 'ann', 'Ann', 'O\"Neil, Jr', '', 0, 1, 0, NULL, '2020-01-02')");
  await root.query("INSERT INTO student_courseaccessrole VALUES (1, '', ?, 'staff', 1)", [A]);
  await root.query("INSERT INTO student_courseenrollment SELECT seq, ?, NULL, 1, 'audit', 1 FROM seq_1_to_10", [B]);
  await fillSubmissions(root, B, SUBMISSIONS);
  await writeSecret(stateDir, `openedx/${DEPLOYMENT}`, lms.secret);
  await writeSecret(stateDir, `mysql/${DEPLOYMENT}`, {
    ...{ host: "localhost", port: String(server.port), ca: server.ca },
    ...{ username: "reader", password: "s3cr3t-word" },
  });
}, 120_000);
afterAll(async () => {
  if (mariadbMissing !== undefined) return;
  await json("down");
  await root?.end();
  await Promise.all([lms?.close(), server?.stop()]);
  rmSync(folder, { recursive: true, force: true });
}, 60_000);

/** Not one process after the other: the stand-in answers in this one. */
async function json(...args: readonly string[]) {
  const options = {
    ...{ cwd: folder, env: { ...process.env, MILLRACE_STATE: stateDir }, maxBuffer: 64 * 2 ** 20 },
    encoding: "utf8",
  } as const;
  const answer = await new Promise<string>((done) => {
    execFile(process.execPath, [join(ROOT, "bin", "millrace.js"), ...args, "--json"], options, (_, stdout) =>
      done(stdout),
    );
  });
  return JSON.parse(answer);
}

/** As the schedule's tick starts it. */
const started = async (input: object = {}): Promise<string> => {
  const tick = { trigger: `research_drop_${DEPLOYMENT}`, scheduledTime: "2026-01-15T00:00:00Z" };
  return (
    await json(
      "run",
      "start",
      "legacy_openedx",
      "--input",
      JSON.stringify({ job: `drop_${DEPLOYMENT}`, ...tick, ...input }),
    )
  ).id;
};
async function until<T>(look: () => T | Promise<T>, ready: (value: T) => boolean, everyMs = 300): Promise<T> {
  for (let attempt = 0; attempt < 600; attempt += 1) {
    const value = await look();
    if (ready(value)) return value;
    await pause(everyMs);
  }
  throw new Error("It did not come to pass.");
}
const ended = (run: string) =>
  until(
    () => json("run", "show", run),
    ({ status }) => status !== "running" && status !== "queued",
    1_000,
  );

/** The process that exports the largest file, as the kernel lists it. */
function exporter(): number | undefined {
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const environment = readFileSync(`/proc/${pid}/environ`, "utf8");
      const command = readFileSync(`/proc/${pid}/cmdline`, "utf8");
      const isOurs = environment.includes(stateDir) && environment.includes('"file":"studentmodule_query.csv"');
      if (isOurs && !command.includes("container-host")) return Number(pid);
    } catch {
      continue;
    }
  }
  return undefined;
}

describe.skipIf(mariadbMissing !== undefined)(`the research drop${mariadbMissing ? `: ${mariadbMissing}` : ""}`, () => {
  test("is whole after its export was killed in the middle, and the same when its day is made again", async () => {
    await json("up", "--detach");
    const [objects, ledger] = [embeddedObjects(stateDir), embeddedLedger(stateDir)];
    try {
      for (const course of IDS) {
        const sha256 = createHash("sha256").update(course).digest("hex");
        const key = `${DEPLOYMENT}/openedx/raw_data/course_xml/${course}/${sha256}.xml.tar.gz`;
        await objects.put("millrace-dev-ol-landing", key, course);
      }
      const run = await started();
      const parts = async (): Promise<number> => {
        return (await fileRecord(ledger, { deployment: DEPLOYMENT, date: DATE }, run, "studentmodule_query.csv").read())
          .parts.length;
      };
      await until(parts, (count) => count > 0);
      process.kill(exporter() ?? Number.NaN, "SIGKILL");
      const first = await ended(run);
      expect(first).toMatchObject({ status: "succeeded", output: { complete: true, failed: [] } });
      expect(JSON.stringify(first.history)).not.toContain("s3cr3t-word");
      const attempts = first.steps.filter(({ state }: { state: string }) => state === "ExportTable");
      expect(attempts.some(({ attempt }: { attempt: number }) => attempt > 0)).toBe(true);

      const read = (name: string) =>
        objects.get({ bucket: "millrace-dev-ol-drops", key: `irx-drop-${DEPLOYMENT}/${DATE}/${name}` });
      const manifest = (await jsonOf(await read("_MANIFEST.json"))) as {
        files: { name: string; rows: number; bytes: number; sha256: string }[];
      };
      expect(manifest).toMatchObject({ deployment: DEPLOYMENT, date: DATE, courses: 3, complete: true });
      expect(await text(await read("_SUCCESS"))).toBe("");
      expect(await text(await read("course_ids.csv"))).toBe(`course_id\r\n${[A, B, EMPTY].join("\r\n")}\r\n`);
      for (const { name, bytes, sha256 } of manifest.files) {
        const hash = createHash("sha256");
        let length = 0;
        for await (const chunk of await read(name)) length += (hash.update(chunk), (chunk as Buffer).length);
        expect([name, length, hash.digest("hex")]).toEqual([name, bytes, sha256]);
      }
      expect(manifest.files.find(({ name }) => name === "studentmodule_query.csv")?.rows).toBe(SUBMISSIONS);

      await root.query("UPDATE auth_user SET username = 'bea'");
      const again = await ended(await started());
      expect(again).toMatchObject({ status: "succeeded" });
      expect(await text(await read("users_query.csv"))).toContain("1,bea,Ann,");
    } finally {
      objects.close();
      ledger.close();
    }
  }, 400_000);
});
