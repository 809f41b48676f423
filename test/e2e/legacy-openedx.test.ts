import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { buffer, json as jsonOf, text } from "node:stream/consumers";
import { setTimeout as pause } from "node:timers/promises";
import { gunzipSync } from "node:zlib";
import type { Connection } from "mysql2/promise";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { embeddedLedger } from "../../core/io/embedded/ledger.ts";
import { embeddedObjects } from "../../core/io/embedded/objects.ts";
import { writeSecret } from "../../core/io/embedded/secrets.ts";
import { fileRecord } from "../../lambdas/legacy-openedx/drop/file-record.ts";
import { fillSubmissions, makeEdxapp, makeReader } from "../standins/edxapp.ts";
import { mariadbMissing, startMariadb, type Mariadb } from "../standins/mariadb.ts";
import { courseIds, startOpenEdx, type OpenEdxStandIn } from "../standins/open-edx.ts";
import { e2eHome } from "./home.ts";

/** The nightly drop against one engine with the real assembly, a real MariaDB and an Open edX installation. */
const DEPLOYMENT = "mitxonline";
const SUBMISSIONS = 170_000;
const DATE = "20260115";
const IDS = courseIds(3);
const [A = "", B = "", EMPTY = ""] = IDS;

const { stateDir, json, remove } = e2eHome("drop");
let lms: OpenEdxStandIn;
let server: Mariadb;
let root: Connection;
let objects: ReturnType<typeof embeddedObjects>;
let ledger: ReturnType<typeof embeddedLedger>;
beforeAll(async () => {
  if (mariadbMissing !== undefined) return;
  await json("up", "--detach");
  [objects, ledger] = [embeddedObjects(stateDir), embeddedLedger(stateDir)];
  const store = async (key: string, bytes: Buffer): Promise<void> => {
    await objects.put("millrace-dev-ol-landing", `sources/course-exports-${DEPLOYMENT}/${key}`, bytes);
  };
  [lms, server] = await Promise.all([
    startOpenEdx({ deployment: DEPLOYMENT, courses: IDS, pageSize: 2, store }),
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
  if (mariadbMissing !== undefined) return await remove();
  objects?.close();
  ledger?.close();
  await remove();
  await root?.end();
  await Promise.all([lms?.close(), server?.stop()]);
}, 60_000);

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
  test("waits for the exports that it asked for, says of which Studio failed, and goes on where its export was killed", async () => {
    const failing = lms.courses.get(B);
    if (failing !== undefined) failing.exports = { ends: "fail", reason: "No root block" };
    const run = await started();
    const record = fileRecord(ledger, { deployment: DEPLOYMENT, date: DATE }, run, "studentmodule_query.csv");
    await until(
      async () => (await record.read()).parts.length,
      (count) => count > 0,
    );
    process.kill(exporter() ?? Number.NaN, "SIGKILL");
    const first = await ended(run);
    expect(first).toMatchObject({ status: "failed", error: { name: "Rejected", code: "tarballs_missing" } });
    expect(JSON.stringify(first.history)).not.toContain("s3cr3t-word");
    const attempts = first.steps.filter(({ state }: { state: string }) => state === "ExportTable");
    expect(attempts.some(({ attempt }: { attempt: number }) => attempt > 0)).toBe(true);

    const manifest = (await jsonOf(await delivered("_MANIFEST.json"))) as Manifest;
    expect(manifest).toMatchObject({
      ...{ deployment: DEPLOYMENT, date: DATE, courses: 3, complete: false },
      tarballs: [
        { course: A, status: "ok" },
        { course: B, status: "failed", reason: expect.stringContaining("No root block") },
        { course: EMPTY, status: "ok" },
      ],
    });
    expect(await text(await delivered("_SUCCESS"))).toBe("");
    expect(await text(await delivered("course_ids.csv"))).toBe(`course_id\r\n${IDS.join("\r\n")}\r\n`);
    for (const { name, bytes, sha256 } of manifest.files) expect(await digestOf(name)).toEqual({ bytes, sha256 });
    expect(manifest.files.find(({ name }) => name === "studentmodule_query.csv")?.rows).toBe(SUBMISSIONS);

    if (failing !== undefined) failing.exports = { ends: "succeed" };
    await root.query("UPDATE auth_user SET username = 'bea'");
    const again = await ended(await started());
    expect(again).toMatchObject({ status: "succeeded", output: { complete: true, failed: [] } });
    expect(await text(await delivered("users_query.csv"))).toContain("1,bea,Ann,");
    expect(lms.count("export")).toBe(4);
    const gzip = await buffer(await delivered(`courses/${B}.tar.gz`));
    expect(gunzipSync(gzip).toString("latin1")).toContain("course.xml");
  }, 500_000);
});

interface Manifest {
  readonly files: readonly {
    readonly name: string;
    readonly rows: number;
    readonly bytes: number;
    readonly sha256: string;
  }[];
}

const delivered = (name: string) =>
  objects.get({ bucket: "millrace-dev-ol-drops", key: `irx-drop-${DEPLOYMENT}/${DATE}/${name}` });

async function digestOf(name: string): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const chunk of await delivered(name)) bytes += (hash.update(chunk), (chunk as Buffer).length);
  return { bytes, sha256: hash.digest("hex") };
}
