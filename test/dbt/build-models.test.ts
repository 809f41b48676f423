import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as z from "zod";
import { temporaryFolder } from "../contract/temporary-folder.ts";
import { LOGS, PROJECT, missing, startDbtHome, type DbtHome, type LoggedRow } from "./dbt-home.ts";

const Manifest = z.object({
  nodes: z.record(
    z.string(),
    z.object({
      resource_type: z.string(),
      name: z.string(),
      schema: z.string(),
      description: z.string().default(""),
      columns: z.record(z.string(), z.object({ description: z.string() })).default({}),
    }),
  ),
});

const COURSE = "course-v1:MITx+1+A";
const VIDEO = '{"id":"abc","currentTime":12.5,"code":"html5"}';
const check = (line: number, username: string, success: string): LoggedRow => ({
  line,
  username,
  source: "server",
  type: "problem_check",
  event: `{"problem_id":"block-v1:MITx+1+A+type@problem+block@p1","success":"${success}","attempts":1,"grade":1,"max_grade":2}`,
});

/** Six good events, one of them sent twice; five are of logged-in people. */
const GOOD: LoggedRow[] = [
  { line: 1, type: "play_video", event: VIDEO },
  { line: 2, type: "play_video", event: VIDEO, username: "ben" },
  check(3, "ana", "correct"),
  check(4, "ben", "incorrect"),
  { line: 5, username: "", type: "/courses/course-v1:MITx+1+A/", context: "{}", time: "2024-03-02 00:00:00.000000" },
  {
    line: 6,
    source: "server",
    type: "edx.course.enrollment.activated",
    event: `{"course_id":"${COURSE}","user_id":9,"mode":"audit"}`,
  },
  { line: 1, type: "play_video", event: VIDEO, file: "again.log.gz" },
];

/** Texts that stood in logs, or could: none may stop a build. Their rows stay. */
const GARBAGE = [
  '{"id":',
  "[1,2",
  '"text"',
  "null",
  "NaN",
  "",
  "\u0000",
  '{"id":"a\u0000b"}',
  String.raw`{"id":"a\u0000b","currentTime":"x"}`,
  String.raw`{"id":"\ud800"}`,
  '{"id":{"deep":[1]},"currentTime":1e999,"duration":"NaN","user_id":99999999999999999999999}',
  '{"problem_id":["x"],"grade":"Infinity","max_grade":"-Infinity","attempts":"1.5e400","success":{}}',
  `${"[".repeat(5_000)}${"]".repeat(5_000)}`,
  '{"id":"x"} {"id":"y"}',
  "input_i4x-edX-problem_2_1=%00&x=",
];

describe.skipIf(missing !== undefined)(`the dbt project (${missing ?? "runs"})`, () => {
  const folder = temporaryFolder();
  let home: DbtHome;

  beforeAll(async () => {
    home = await startDbtHome(folder.path);
    await home.createLogs();
  });
  afterAll(async () => {
    await home.stop();
    folder.remove();
  });

  const one = async (sql: string) => (await home.rows(sql))[0];

  it("builds everything from one source among garbage, with empty tables for what has not landed", async () => {
    await home.log(GOOD);
    await home.log(
      GARBAGE.flatMap((text, n): LoggedRow[] => [
        { line: 100 + n, type: "pause_video", event: text, file: "garbage.log" },
        { line: 200 + n, type: "problem_check", source: "server", event: text, file: "garbage.log" },
        { line: 300 + n, type: null, username: null, context: text, event: text, time: null, file: "garbage.log" },
      ]),
    );
    await home.session.run(
      `CREATE TABLE lake.raw.raw__mitx__openedx__api__course_blocks AS SELECT * FROM (VALUES
         ('${COURSE}', 'unit', 'vertical', '', '2026-01-01T00:00:00Z', 'seq', 3),
         ('${COURSE}', 'lost', 'html', 'Lost', 'soon', NULL, 0),
         ('${COURSE}', 'seq', 'chapter', 'One', NULL, 'course', 2),
         ('${COURSE}', 'course', 'course', 'All', NULL, NULL, 1)
       ) AS t (course_id, block_id, block_type, block_title, block_start, block_parent, block_index)`,
    );
    await home.session.run(
      `CREATE TABLE lake.raw.raw__edxorg__s3__xml__course_metadata AS SELECT * FROM (VALUES
         ('MITx-1-A', 'prod', '${COURSE}', 'Exported', '2026-01-01T00:00:00Z'),
         ('MITx-1-A', 'edge', '${COURSE}', 'Draft', 'soon'),
         ('MITx-2-A', 'prod', 'course-v1:MITx+2+A', '', NULL)
       ) AS t (edxorg_course_id, source_system, course_id, title, course_start)`,
    );
    await home.session.run(
      `CREATE TABLE lake.raw.raw__edxorg__discovery__api__course_run_metadata AS SELECT * FROM (VALUES
         ('MITx+1', '${COURSE}', 'Listed', NULL, '8', true, '2026-01-01T00:00:00Z'),
         ('MITx+1b', '${COURSE}', 'Listed before', NULL, 'many', true, '2025-01-01T00:00:00Z'),
         ('MITx+3', 'course-v1:MITx+3+A', 'Not exported', '2026-02-01', NULL, false, NULL)
       ) AS t (course_key, run_key, title, start_on, weeks_to_complete, is_enrollable, modified)`,
    );
    await home.session.run(
      `CREATE TABLE lake.raw.raw__edxorg__s3__course_blocks AS SELECT * FROM (VALUES
         ('MITx-1-A', 'prod', 'course', 'course', 'All', 1),
         ('MITx-1-A', 'prod', 'seq', 'chapter', 'One', 2),
         ('MITx-1-A', 'prod', 'unit', 'vertical', '', 3),
         ('MITx-1-A', 'edge', 'unit', 'vertical', '', 0)
       ) AS t (course_id, source_system, block_id, block_type, block_title, block_index)`,
    );
    const answer = await home.build("first");
    expect(answer, home.lines.join("\n")).toMatchObject({ failed: [], remaining: false });
    expect(answer.built).toBeGreaterThan(20);
    expect(await home.release("first")).toEqual({ again: false });

    expect(await one(`SELECT count(*) AS rows, sum(copies)::INT AS raw FROM lake.staging.stg__${SOURCE}`)).toEqual({
      rows: 6 + 3 * GARBAGE.length,
      raw: 7 + 3 * GARBAGE.length,
    });
    expect(await one("SELECT count(*) AS rows FROM lake.staging.stg__xpro__openedx__tracking_logs")).toEqual({
      rows: 0,
    });
    expect(await one("SELECT count(*) AS rows FROM lake.marts.marts__openedx__course_structure")).toEqual({ rows: 0 });
  });

  it("places published blocks in their chapters, and what nothing leads to in none", async () => {
    expect(
      await home.rows(
        `SELECT usage_key AS key, chapter_title AS chapter, title, is_reachable AS reachable, starts_at IS NOT NULL AS starts
         FROM lake.intermediate.int__openedx__published_blocks ORDER BY block_index`,
      ),
    ).toEqual([
      { key: "lost", chapter: null, title: "Lost", reachable: false, starts: false },
      { key: "course", chapter: null, title: "All", reachable: true, starts: false },
      { key: "seq", chapter: "One", title: "One", reachable: true, starts: false },
      { key: "unit", chapter: "One", title: null, reachable: true, starts: true },
    ]);
  });

  it("joins what edx.org lists with what its archives hold, and tells prod from edge", async () => {
    expect(
      await home.rows(
        `SELECT course_id AS id, edxorg_course_id AS archive, title, is_listed AS listed, has_export AS exported,
           strftime(starts_at, '%Y-%m-%d') AS starts
         FROM lake.intermediate.int__edxorg__course_runs ORDER BY course_id`,
      ),
    ).toEqual([
      { id: COURSE, archive: "MITx-1-A", title: "Listed", listed: true, exported: true, starts: "2026-01-01" },
      { id: "course-v1:MITx+2+A", archive: "MITx-2-A", title: null, listed: false, exported: true, starts: null },
      {
        ...{ id: "course-v1:MITx+3+A", archive: null, title: "Not exported", listed: true, exported: false },
        starts: "2026-02-01",
      },
    ]);
    expect(
      await home.rows(
        `SELECT archive_source AS source, usage_key AS key, chapter_title AS chapter, is_reachable AS reachable
         FROM lake.intermediate.int__edxorg__course_blocks WHERE block_type = 'vertical' ORDER BY 1`,
      ),
    ).toEqual([
      { source: "edge", key: "unit", chapter: null, reachable: false },
      { source: "prod", key: "unit", chapter: "One", reachable: true },
    ]);
  });

  it("counts learners, videos, attempts and enrolments", async () => {
    const garbage = 2 * GARBAGE.length;
    expect(await home.rows("FROM lake.marts.marts__openedx__daily_active_learners")).toEqual([
      {
        deployment: "mitxonline",
        course_id: COURSE,
        activity_date: "2024-03-01",
        active_learners: 2,
        events: 5 + garbage,
      },
    ]);
    expect(
      await one(
        `SELECT learners, plays, pauses, furthest_position_seconds AS furthest
         FROM lake.marts.marts__openedx__video_engagement WHERE video_block_id = 'abc'`,
      ),
    ).toEqual({ learners: 2, plays: 2, pauses: 0, furthest: 12.5 });
    expect(
      await one(
        `SELECT learners, learners_correct, attempts, correct_attempts, incorrect_attempts, average_score AS score
         FROM lake.marts.marts__openedx__problem_attempts WHERE problem_block_id = 'p1'`,
      ),
    ).toEqual({
      learners: 2,
      learners_correct: 1,
      attempts: 2,
      correct_attempts: 1,
      incorrect_attempts: 1,
      score: 0.5,
    });
    expect(
      await home.rows("SELECT course_id, user_id, change, mode FROM lake.marts.marts__openedx__enrollment_events"),
    ).toEqual([{ course_id: COURSE, user_id: 9, change: "activated", mode: "audit" }]);
    expect(
      await one("SELECT course_id FROM lake.intermediate.int__openedx__events WHERE event_type LIKE '/courses/%'"),
    ).toEqual({ course_id: COURSE });
  });

  it("describes every model and every column that exists, and no other", async () => {
    const manifest = Manifest.parse(
      JSON.parse(readFileSync(join(folder.path, "dbt", "target", "manifest.json"), "utf8")),
    );
    const models = Object.values(manifest.nodes).filter(({ resource_type: type }) => type === "model");
    expect(models.length).toBeGreaterThan(20);
    for (const { name, schema, description, columns } of models) {
      const found = await home.rows(`DESCRIBE lake.${schema}.${name}`);
      expect(description, name).not.toBe("");
      expect(Object.keys(columns), name).toEqual(found.map((column) => column["column_name"]));
      expect(Object.values(columns).filter((column) => column.description === "")).toEqual([]);
    }
  });

  it("puts the run on record, node by node, and announces what is served", async () => {
    const { items } = await home.io.ledger.query("dbt", { prefix: "run#first#", limit: 200 });
    const mart = items.find(({ sk }) => sk.endsWith("model.millrace.marts__openedx__problem_attempts"));
    expect(mart?.data).toMatchObject({
      outcome: "succeeded",
      relation: "marts.marts__openedx__problem_attempts",
      snapshotId: await home.snapshot("marts", "marts__openedx__problem_attempts"),
    });
    expect(items.filter(({ sk }) => sk.includes("#test.")).length).toBeGreaterThan(40);
    const key = "openmetadata/dbt-artifacts/runs/first/run_results.json";
    expect(await home.io.objects.head({ bucket: "artifacts", key })).toMatchObject({ key });
    const served = home.announced();
    expect(served).toContain("marts__openedx__daily_active_learners");
    expect(served.filter((model) => !/^(marts|reporting)__/.test(model))).toEqual([]);
  });

  it("adds what has landed and nothing twice, while readers see every table whole", async () => {
    const untouched = await home.snapshot("staging", "stg__xpro__openedx__tracking_logs");
    await home.log([{ line: 20, username: "cy", type: "play_video", event: VIDEO, file: "b.log.gz" }]);
    const seen = new Set<unknown>();
    let building = true;
    const reader = (async () => {
      const other = await home.openReader();
      while (building) {
        const [row] = await other.rows(
          "SELECT sum(plays)::INT AS plays FROM lake.marts.marts__openedx__video_engagement",
        );
        seen.add(row?.["plays"]);
      }
      other.close();
    })();
    const answer = await home.build("second");
    building = false;
    await reader;
    expect(answer).toMatchObject({ failed: [] });
    await home.release("second");

    expect([...seen].filter((plays) => plays !== 2 && plays !== 3)).toEqual([]);
    expect(seen).toContain(2);
    expect(
      await one(
        "SELECT sum(plays)::INT AS plays, max(learners) AS learners FROM lake.marts.marts__openedx__video_engagement",
      ),
    ).toEqual({ plays: 3, learners: 3 });
    expect(await one(`SELECT count(*) AS rows FROM lake.staging.stg__${SOURCE}`)).toEqual({
      rows: 7 + 3 * GARBAGE.length,
    });
    // Only what depends on the changed table was built, and only new rows were written to it.
    expect(await home.snapshot("staging", "stg__xpro__openedx__tracking_logs")).toBe(untouched);
    expect(
      await one(
        `SELECT count(*) AS deletes FROM iceberg_metadata(lake.staging.stg__${SOURCE}) WHERE manifest_content = 'DELETE'`,
      ),
    ).toEqual({ deletes: 0 });
  });

  it("swaps a table whose columns changed, commits nothing where no row changed, and keeps the marks of what failed", async () => {
    const project = join(folder.path, "project");
    cpSync(PROJECT, project, { recursive: true, filter: (path) => !/\/(target|logs)(\/|$)/.test(path) });
    const edit = (file: string, from: string, to: string): void => {
      const path = join(project, "models", file);
      const before = readFileSync(path, "utf8");
      expect(before).toContain(from);
      writeFileSync(path, before.replace(from, to));
    };
    edit(
      "marts/marts__openedx__daily_active_learners.sql",
      "count(*) as events",
      "count(*) as events, 1 as extra_column",
    );
    edit("marts/marts__openedx__problem_attempts.sql", "from attempts", "from attempts where no_such_column = 1");
    const before = await home.snapshot("marts", "marts__openedx__video_engagement");
    const announced = home.announced().length;

    const answer = await home.build("third", project);
    expect(answer).toMatchObject({
      failed: [{ key: "marts__openedx__problem_attempts", name: "Malformed", code: "dbt_error" }],
      remaining: true,
    });
    await expect(home.release("third")).rejects.toMatchObject({
      name: "Malformed",
      message: expect.stringContaining("no_such_column"),
    });

    expect(
      await one("SELECT max(extra_column) AS extra FROM lake.marts.marts__openedx__daily_active_learners"),
    ).toEqual({ extra: 1 });
    const tables = await home.rows(
      "SELECT table_name AS name FROM duckdb_tables() WHERE database_name = 'lake' AND table_name LIKE '%\\_\\_old' ESCAPE '\\' OR table_name LIKE '%\\_\\_new' ESCAPE '\\'",
    );
    expect(tables).toEqual([]);
    expect(await home.snapshot("marts", "marts__openedx__video_engagement")).toBe(before);
    expect(home.announced().slice(announced)).toEqual(["marts__openedx__daily_active_learners"]);
    // The table of the broken model is the last good one.
    expect(
      await one(
        "SELECT sum(attempts)::INT AS attempts FROM lake.marts.marts__openedx__problem_attempts WHERE problem_block_id = 'p1'",
      ),
    ).toEqual({ attempts: 2 });

    const repaired = await home.build("fourth");
    expect(repaired).toMatchObject({ failed: [], remaining: false });
    await home.release("fourth");
  });
});

const SOURCE = LOGS.replace("raw__", "");
