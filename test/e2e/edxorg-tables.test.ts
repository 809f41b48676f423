import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { embeddedObjects } from "../../core/io/embedded/objects.ts";
import { member } from "../lake/edxorg-home.ts";
import { makeTarGz } from "../standins/make-tar.ts";

/** Two weekly archives against one engine with the real assembly: their tables are rows in the lake. */
const ROOT = join(import.meta.dirname, "..", "..");
const FIRST = "mitx-2026-01-04.tar.gz";
const SECOND = "mitx-2026-01-11.tar.gz";
const A = "MITx-6.00x-1T2020";
const B = "MITx-8.01x-2T2021";
const HEADER = "id\tusername";
const TABLE = "raw.raw__edxorg__s3__tables__auth_user";

let folder: string;
let stateDir: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "millrace-edxorg-tables-e2e-"));
  stateDir = join(folder, "state");
});
afterAll(() => {
  json("down");
  rmSync(folder, { recursive: true, force: true });
});

function json(...args: readonly string[]) {
  const { stdout, stderr } = spawnSync(process.execPath, [join(ROOT, "bin", "millrace.js"), ...args, "--json"], {
    ...{ cwd: folder, encoding: "utf8" },
    env: { ...process.env, MILLRACE_STATE: stateDir },
  });
  expect(stdout.trim().split("\n"), stderr).toHaveLength(1);
  return JSON.parse(stdout);
}

async function loaded(table: string, archives: readonly string[]): Promise<void> {
  const states = () =>
    json("partitions", `edxorg/raw_tables/${table}`).items.map(({ partition, status }: Record<string, string>) => [
      partition,
      status,
    ]);
  const wanted = archives.map((archive) => [archive, "materialised"]);
  for (let look = 0; look < 240 && JSON.stringify(states()) !== JSON.stringify(wanted); look += 1) await pause(500);
  expect(states()).toEqual(wanted);
}

test("archives become rows, a changed course is merged, and every row leads back to its archive", async () => {
  json("up", "--detach");
  const objects = embeddedObjects(stateDir);
  try {
    const land = async (name: string, members: readonly { readonly name: string; readonly text: string }[]) =>
      objects.put("millrace-dev-ol-landing", `sources/edxorg-archives/${name}`, await makeTarGz([...members]));
    const rows = () =>
      json(
        "query",
        `SELECT username, extracted_course_key AS course, _absent_since IS NULL AS live, _source_uri AS uri FROM ${TABLE} ORDER BY ALL`,
      );
    const same = member(B, "auth_user", [HEADER, "1\tann"]);
    await land(FIRST, [member(A, "auth_user", [HEADER, "1\tann", "2\tbob"]), same]);
    await loaded("auth_user", [FIRST]);
    await land(SECOND, [member(A, "auth_user", [HEADER, "2\tbob", "3\tcy"]), same]);
    await loaded("auth_user", [FIRST, SECOND]);

    expect(rows()).toMatchObject([
      { username: "ann", course: A, live: false },
      { username: "ann", course: B, live: true },
      { username: "bob", course: A, live: true },
      { username: "cy", course: A, live: true },
    ]);
    const forward = json("lineage", "archive", SECOND, "--table", "auth_user");
    expect(forward).toMatchObject([
      { archive: SECOND, course: A, state: "loaded" },
      { archive: SECOND, course: B, state: "loaded" },
    ]);
    const bob = rows().find((row: Record<string, string>) => row["username"] === "bob");
    const back = json("lineage", "object", bob.uri);
    expect(back).toEqual({ ...forward[0], member: `mitx/${A}-auth_user-prod.sql` });
    const loads = json("lineage", "load", "auth_user");
    expect(loads).toMatchObject([
      { load: back.load, archive: SECOND, batch: back.batch, rowsRead: 2, inserted: 1, refreshed: 1, absent: 1 },
      { archive: FIRST, objects: 2, rowsRead: 3, inserted: 3, refreshed: 0, absent: 0 },
    ]);
    expect(json("lineage", "load", "auth_user", back.snapshot)).toEqual([back]);
    expect(json("lineage", "load", "auth_user", loads[1].load)).toMatchObject([{ course: A }, { course: B }]);
    // A table that the archive does not have is done all the same.
    await loaded("assessment_assessment", [FIRST, SECOND]);
  } finally {
    objects.close();
  }
}, 300_000);
