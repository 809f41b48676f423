import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { temporaryFolder } from "../contract/temporary-folder.ts";
import { missing, PROJECT, startDbtHome, type DbtHome } from "./dbt-home.ts";

const COURSE = "course-v1:MITx+6.00x+1T2020";
const ARCHIVE = "MITx-6.00x-1T2020";
const OTHER = "course-v1:MITx+8.01x+2T2021";
const OTHER_ARCHIVE = "MITx-8.01x-2T2021";
const BLOCK = "block-v1:MITx+6.00x+1T2020+type@sequential+block@s1";

describe.skipIf(missing !== undefined)(`models of edx.org (${missing ?? "run"})`, () => {
  const folder = temporaryFolder();
  let home: DbtHome;
  beforeAll(async () => {
    home = await startDbtHome(folder.path);
  });
  afterAll(async () => {
    await home.stop();
    folder.remove();
  });

  /** Rows as the loader writes them: text, and what every table has besides. */
  const load = async (
    table: string,
    columns: readonly string[],
    rows: readonly (readonly string[])[],
    { archive, day } = { archive: ARCHIVE, day: "2026-01-05" },
  ) => {
    const path = `lake.raw.raw__edxorg__s3__tables__${table}`;
    const own = [...columns, "extracted_course_key", "row_hash"];
    const types = own.map((name) => `"${name}" VARCHAR`).join(", ");
    await home.session.run(
      `CREATE TABLE IF NOT EXISTS ${path} (${types}, _loaded_at TIMESTAMP, _absent_since TIMESTAMP)`,
    );
    for (const [index, row] of rows.entries()) {
      const absent = row.length > columns.length ? "TIMESTAMP '2026-01-12'" : "NULL";
      const values = [...row.slice(0, columns.length), archive, `${table}-${day}-${index}`].map(
        (value) => `'${value}'`,
      );
      await home.session.run(`INSERT INTO ${path} VALUES (${values.join(", ")}, TIMESTAMP '${day}', ${absent})`);
    }
  };

  it("builds on an empty lake", async () => {
    expect(await home.build("empty"), home.lines.join("\n")).toMatchObject({ failed: [], remaining: false });
    await home.release("empty");
    expect(await home.rows("SELECT count(*) AS n FROM lake.marts.marts__edxorg__learner_courses")).toEqual([{ n: 0 }]);
    expect(
      await home.rows(
        `SELECT count(*) AS n FROM duckdb_tables() WHERE database_name = 'lake' AND schema_name = 'staging'
           AND table_name LIKE 'stg\\_\\_edxorg\\_\\_s3\\_\\_tables%' ESCAPE '\\'`,
      ),
    ).toEqual([{ n: 44 }]);
  });

  it("joins enrolments, grades, structure and tracking logs, of rows that are not absent", async () => {
    await load(
      "auth_user",
      ["id", "username", "password"],
      [
        ["7", "ana", "!"],
        ["8", "NULL", "!"],
      ],
    );
    await load(
      "student_courseenrollment",
      ["id", "user_id", "course_id", "created", "is_active", "mode"],
      [
        ["1", "7", COURSE, "2020-01-01 10:00:00", "1", "verified"],
        ["2", "8", COURSE, "2020-01-02 10:00:00", "0", "audit"],
        ["1", "7", COURSE, "2019-12-01 10:00:00", "1", "audit", "absent"],
        ["3", "nobody", COURSE, "", "1", "audit"],
      ],
    );
    await load(
      "grades_persistentcoursegrade",
      ["course_id", "user_id", "percent_grade", "letter_grade", "passed_timestamp"],
      [
        [COURSE, "7", "0.75", "B", "2020-02-01 00:00:00"],
        [COURSE, "8", "0", "", "NULL"],
      ],
    );
    const graded = ["course_id", "user_id", "usage_key", "earned_graded", "possible_graded", "first_attempted"];
    await load("grades_persistentsubsectiongrade", graded, [
      [COURSE, "7", BLOCK, "3", "4", "2020-01-15 00:00:00"],
      [COURSE, "8", BLOCK, "0", "4", "NULL"],
    ]);
    await home.session.run(
      `CREATE TABLE lake.raw.raw__mitx__openedx__api__course_blocks AS SELECT * FROM (VALUES
         ('${COURSE}', 'ch', 'chapter', 'One', 'course', 1), ('${COURSE}', '${BLOCK}', 'sequential', 'First', 'ch', 2)
       ) AS t (course_id, block_id, block_type, block_title, block_parent, block_index)`,
    );
    await home.session.run(
      `CREATE TABLE lake.raw.raw__edxorg__s3__tracking_logs AS SELECT 'ana' AS username, 'page_close' AS event_type, 'browser' AS event_source,
         '{"course_id":"${COURSE}","user_id":7}' AS context, 'object' AS context_kind, 'null' AS event_kind, 'ok' AS time_status,
         n::VARCHAR AS time_raw, TIMESTAMP '2020-01-01' + n * INTERVAL 1 DAY AS event_time, DATE '2020-01-01' AS log_date, 'f' AS source_file, n AS source_line,
         TIMESTAMP '2020-02-01' AS loaded_at FROM (VALUES (1::BIGINT), (2::BIGINT)) AS t (n)`,
    );
    const changed = ["auth_user", "student_courseenrollment", "grades_persistentcoursegrade"];
    const tables = [...changed, "grades_persistentsubsectiongrade"].map((table) => `raw__edxorg__s3__tables__${table}`);
    const others = ["raw__mitx__openedx__api__course_blocks", "raw__edxorg__s3__tracking_logs"];
    expect(await home.build("full", PROJECT, [...tables, ...others]), home.lines.join("\n")).toMatchObject({
      failed: [],
      remaining: false,
    });
    await home.release("full");
    expect(
      await home.rows(
        `SELECT user_id, username, enrollment_mode AS mode, is_enrolled, enrolled_at::VARCHAR AS enrolled, percent_grade AS grade,
           letter_grade AS letter, passed_at::VARCHAR AS passed, events, active_days
         FROM lake.marts.marts__edxorg__learner_courses ORDER BY user_id`,
      ),
    ).toEqual([
      {
        ...{ user_id: 7, username: "ana", mode: "verified", is_enrolled: true, enrolled: "2020-01-01 10:00:00" },
        ...{ grade: 0.75, letter: "B", passed: "2020-02-01 00:00:00", events: 2, active_days: 2 },
      },
      {
        ...{ user_id: 8, username: null, mode: "audit", is_enrolled: false, enrolled: "2020-01-02 10:00:00" },
        ...{ grade: 0, letter: null, passed: null, events: 0, active_days: 0 },
      },
    ]);
    expect(
      await home.rows(
        `SELECT usage_key AS block, subsection_title AS title, chapter_title AS chapter, learners, learners_attempted AS tried,
           average_score AS score FROM lake.marts.marts__edxorg__subsection_grades`,
      ),
    ).toEqual([{ block: BLOCK, title: "First", chapter: "One", learners: 2, tried: 1, score: 0.375 }]);
    expect(await home.rows("DESCRIBE lake.staging.stg__edxorg__s3__tables__auth_user")).not.toContainEqual(
      expect.objectContaining({ column_name: "password" }),
    );
  });

  it("knows a learner of several courses once in each, by the newest name, whichever tables have rows", async () => {
    const [other, late] = [
      { archive: OTHER_ARCHIVE, day: "2026-01-12" },
      { archive: `${OTHER_ARCHIVE}-ccx-5`, day: "2026-01-19" },
    ];
    await load("auth_user", ["id", "username", "password"], [["7", "aab", "!"]], other);
    const enrollment = ["id", "user_id", "course_id", "created", "is_active", "mode"];
    const enrolled = ["9", "7", OTHER, "2021-01-01 10:00:00", "1", "audit"];
    // A CCX brings the rows of its course once more.
    await load("student_courseenrollment", enrollment, [enrolled], other);
    await load("student_courseenrollment", enrollment, [enrolled], late);
    const grade = ["course_id", "user_id", "percent_grade", "letter_grade", "passed_timestamp"];
    await load("grades_persistentcoursegrade", grade, [[OTHER, "8", "0.5", "", "NULL"]], other);
    const certificate = ["course_id", "user_id", "status", "created_date"];
    await load(
      "certificates_generatedcertificate",
      certificate,
      [
        [OTHER, "7", "downloadable", "2021-06-01 00:00:00"],
        [COURSE, "7", "downloadable", "2020-06-01 00:00:00", "absent"],
      ],
      other,
    );
    // There, and without a row that is live.
    await load("grades_persistentsubsectiongrade", ["course_id"], []);
    await home.session.run("DELETE FROM lake.raw.raw__edxorg__s3__tables__grades_persistentsubsectiongrade");
    const changed = ["auth_user", "student_courseenrollment", "grades_persistentcoursegrade"];
    const others = ["grades_persistentsubsectiongrade", "certificates_generatedcertificate"];
    const tables = [...changed, ...others].map((table) => `raw__edxorg__s3__tables__${table}`);
    expect(await home.build("several", PROJECT, tables), home.lines.join("\n")).toMatchObject({
      ...{ failed: [], remaining: false },
    });
    await home.release("several");
    const none = { mode: null, grade: null, certificate: null };
    expect(
      await home.rows(
        `SELECT course_id AS course, user_id, username, enrollment_mode AS mode, percent_grade AS grade, certificate_status AS certificate
         FROM lake.marts.marts__edxorg__learner_courses ORDER BY course_id, user_id`,
      ),
    ).toEqual([
      { ...none, course: COURSE, user_id: 7, username: "aab", mode: "verified", grade: 0.75 },
      { ...none, course: COURSE, user_id: 8, username: null, mode: "audit", grade: 0 },
      { ...none, course: OTHER, user_id: 7, username: "aab", mode: "audit", certificate: "downloadable" },
      { ...none, course: OTHER, user_id: 8, username: null, grade: 0.5 },
    ]);
    expect(await home.rows("SELECT count(*) AS n FROM lake.marts.marts__edxorg__subsection_grades")).toEqual([
      { n: 0 },
    ]);
  });
});
