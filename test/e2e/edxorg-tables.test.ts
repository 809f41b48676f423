import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { embeddedObjects } from "../../core/io/embedded/objects.ts";
import { executionName } from "../../core/model/items/run-request.ts";
import { member } from "../lake/edxorg-home.ts";
import { makeTarGz } from "../standins/make-tar.ts";
import { e2eHome } from "./home.ts";

/** Two weekly archives against one engine with the real assembly: their tables are rows in the lake. */
const FIRST = "mitx-2026-01-04.tar.gz";
const SECOND = "mitx-2026-01-11.tar.gz";
const A = "MITx-6.00x-1T2020";
const B = "MITx-8.01x-2T2021";
const TEAMS = [member(A, "teams", ["id", "1"]), member(B, "teams", ["id", "1"])];
const HEADER = "id\tusername";
const TABLE = "raw.raw__edxorg__s3__tables__auth_user";

const { folder, stateDir, json, settled, remove } = e2eHome("edxorg-tables");
afterAll(remove);

const loaded = (table: string, archives: readonly string[]) =>
  settled(
    `edxorg/raw_tables/${table}`,
    archives.map((archive) => [archive, "materialised"]),
  );

test("archives become rows, a changed course is merged, and every row leads back to its archive", async () => {
  await json("up", "--detach");
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
    await land(FIRST, [member(A, "auth_user", [HEADER, "1\tann", "2\tbob"]), same, ...TEAMS]);
    await loaded("auth_user", [FIRST]);
    const second = [member(A, "auth_user", [HEADER, "2\tbob", "3\tcy"]), same, member(A, "teams", ["id"])];
    writeFileSync(join(folder, SECOND), await makeTarGz(second));
    const landing = ["--as", "archive", "--deployment", "edxorg", "--wait", "--timeout", "240"];
    expect(await json("land", SECOND, ...landing)).toMatchObject({ objects: [{ status: "succeeded" }] });
    // All its tables have been looked at, though they wait in a lane of four.
    for (const table of ["auth_user", "teams", "wiki_article", "workflow_assessmentworkflowstep"])
      expect((await json("partitions", `edxorg/raw_tables/${table}`)).items).toMatchObject([
        { partition: FIRST, status: "materialised" },
        { partition: SECOND, status: "materialised" },
      ]);

    expect(await rows()).toMatchObject([
      { username: "ann", course: A, live: false },
      { username: "ann", course: B, live: true },
      { username: "bob", course: A, live: true },
      { username: "cy", course: A, live: true },
    ]);
    const forward = await json("lineage", "archive", SECOND, "--table", "auth_user");
    expect(forward).toMatchObject([
      { archive: SECOND, course: A, state: "loaded" },
      { archive: SECOND, course: B, state: "loaded" },
    ]);
    const bob = (await rows()).find((row: Record<string, string>) => row["username"] === "bob");
    const back = await json("lineage", "object", bob.uri);
    expect(back).toEqual({ ...forward[0], member: `mitx/${A}-auth_user-prod.sql` });
    const loads = await json("lineage", "load", "auth_user");
    expect(loads).toMatchObject([
      { load: back.load, archive: SECOND, batch: back.batch, rowsRead: 2, inserted: 1, refreshed: 1, absent: 1 },
      { archive: FIRST, objects: 2, rowsRead: 3, inserted: 3, refreshed: 0, absent: 0 },
    ]);
    expect(await json("lineage", "load", "auth_user", back.snapshot)).toEqual([back]);
    expect(await json("lineage", "load", "auth_user", loads[1].load)).toMatchObject([{ course: A }, { course: B }]);
    // A table that the archive has nothing new of is done all the same, without a container.
    const states = async (asset: string, partition: string): Promise<string[]> =>
      (await json("run", "show", executionName({ asset, partition }, 1))).steps.map(
        (step: { state: string }) => step.state,
      );
    expect(await states("edxorg/raw_tables/teams", FIRST)).toEqual(["FindTableNews", "LoadTable", "Announce"]);
    expect(await states("edxorg/raw_tables/teams", SECOND)).toEqual(["FindTableNews", "Announce"]);
    expect(await json("lineage", "missing", "teams")).toMatchObject([
      { course: A, file: "empty", since: SECOND, lastSeen: SECOND, rows: 1 },
      { course: B, file: "missing", since: SECOND, lastSeen: FIRST, rows: 1 },
    ]);
    expect(await json("lineage", "missing", "auth_user")).toEqual([]);
    const notFound = (of: string) => ({ error: { code: "not_found", message: expect.stringContaining(of) } });
    expect(await json("lineage", "missing", "auth_users")).toMatchObject(notFound("auth_users"));
    expect(await json("lineage", "load", "auth_users")).toMatchObject(notFound("auth_users"));
    expect(await json("lake", "compact", "auth_user")).toMatchObject(notFound("auth_user"));
    const before = await rows();
    expect(await json("lake", "compact", "--share", "0.1")).toContainEqual({
      ...{ table: TABLE, outcome: "compacted", rows: 4, deleted: 2, files: 2 },
    });
    expect(await rows()).toEqual(before);
  } finally {
    objects.close();
  }
}, 420_000);
