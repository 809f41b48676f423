import { createHash } from "node:crypto";
import { buffer } from "node:stream/consumers";
import type { Connection } from "mysql2/promise";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { embeddedLedger } from "../../core/io/embedded/ledger.ts";
import { embeddedObjects } from "../../core/io/embedded/objects.ts";
import { tablePath } from "../../core/io/lake.ts";
import { exportFile, type ExportOptions } from "../../lambdas/legacy-openedx/drop/export-file.ts";
import { fileRecord } from "../../lambdas/legacy-openedx/drop/file-record.ts";
import type { RowSource } from "../../lambdas/legacy-openedx/drop/row-source.ts";
import { mysqlSource } from "../../lambdas/legacy-openedx/mysql/mysql-source.ts";
import { dropFiles, type DropFile } from "../../lambdas/legacy-openedx/queries.ts";
import { warehouseSource, warehouseTable } from "../../lambdas/legacy-openedx/warehouse/warehouse-source.ts";
import { temporaryFolder } from "../contract/temporary-folder.ts";
import { makeEdxapp, makeReader } from "../standins/edxapp.ts";
import { mariadbMissing, startMariadb, type Mariadb } from "../standins/mariadb.ts";
import { missingExtensions, startLake, type TemporaryLake } from "./temporary-lake.ts";

const missing = mariadbMissing ?? missingExtensions;
const [A, B, NONE] = ["course-v1:A+B+C", "course-v1:Ünï+Ö+1T", "course-v1:None+Of+It"] as const;
const LIST = [B, NONE, A];

/** Types of the warehouse for what the columns of the files are. */
const TYPES: Readonly<Record<string, string>> = {
  ...{ id: "BIGINT", user_id: "BIGINT", student_id: "BIGINT", grade: "DOUBLE", max_grade: "DOUBLE" },
  ...{ is_staff: "BOOLEAN", is_active: "BOOLEAN", is_superuser: "BOOLEAN" },
  ...{ created: "TIMESTAMP", modified: "TIMESTAMP", last_login: "TIMESTAMP", date_joined: "TIMESTAMP" },
};

describe.skipIf(missing !== undefined)(
  `files of the drop from the replica and from the warehouse (${missing ?? "run"})`,
  () => {
    let server: Mariadb;
    let root: Connection;
    let lake: TemporaryLake;
    let folder: ReturnType<typeof temporaryFolder>;
    beforeAll(async () => {
      folder = temporaryFolder();
      [server, lake] = await Promise.all([startMariadb(), startLake(folder.path)]);
      root = await makeEdxapp(server);
      await makeReader(root, "reader", "one");
      await root.query(
        `INSERT INTO auth_user VALUES (1, 'ann', 'Ann', 'O"Neil, Jr', 'a@example.edu', 0, 1, 0, NULL, '2020-01-02 03:04:05'),
       (2, 'b😀', '', 'two\r\nlines', '', 1, 0, 1, '2020-01-02 03:04:05.000100', '1999-12-31 23:59:59.5')`,
      );
      await root.query(
        `INSERT INTO student_courseenrollment VALUES (9007199254740993, ?, NULL, 1, 'audit', 2), (2, ?, '2021-01-01', 0, 'verified', 1),
       (1, ?, '2021-01-01 00:00:00.000001', 1, 'honor', 1), (3, 'course-v1:Not+In+List', NULL, 1, 'audit', 1)`,
        [B, B, A],
      );
      await root.query(
        `INSERT INTO courseware_studentmodule SELECT seq, 'problem', CONCAT('b', seq), IF(seq % 3 = 0, ?, ?), CONCAT('{"a": "é,\\\\r\\\\n', seq, '"}'),
       IF(seq % 5 = 0, NULL, seq / 7), IF(seq % 2 = 0, 1e16, 0.00001 * seq), 'na', '2020-01-02 03:04:05' + INTERVAL seq * 1000 MICROSECOND,
       '2020-01-02 03:04:05', seq FROM seq_1_to_500`,
        [A, B],
      );
      await root.query("INSERT INTO student_courseaccessrole VALUES (1, '', ?, 'staff', 7)", [A]);
      await root.query("INSERT INTO organizations_organization VALUES (1, 'Zed'), (2, 'Alpha')");
      await root.query("INSERT INTO organizations_organizationcourse VALUES (1, ?, 1), (2, ?, 2), (3, ?, 1)", [
        A,
        A,
        B,
      ]);
      await root.query("INSERT INTO django_comment_client_role VALUES (1, 'Student', ?), (2, 'Moderator', ?)", [A, B]);
      await root.query("INSERT INTO django_comment_client_role_users VALUES (5, 1, 7), (4, 2, 8), (3, 1, 9)");
      for (const file of dropFiles) await load(file);
    }, 120_000);
    afterAll(async () => {
      await root?.end();
      await Promise.all([server?.stop(), lake?.stop()]);
      folder?.remove();
    });

    /** The file's rows as a model of the warehouse would have them, in no order. */
    async function load(file: DropFile): Promise<void> {
      const names = Object.keys(file.columns);
      const [rows] = await root.query({
        sql: `SELECT ${file.select.map((one, index) => `CAST(${one} AS CHAR) AS ${names[index]}`).join(", ")} FROM edxapp.${file.from.replaceAll("JOIN ", "JOIN edxapp.")}`,
        rowsAsArray: true,
      });
      const session = await lake.open();
      try {
        await session.run("CREATE SCHEMA IF NOT EXISTS lake.irx");
        const table = tablePath(warehouseTable("mitx", file));
        await session.run(
          `CREATE TABLE ${table} (${names.map((name) => `${name} ${TYPES[name] ?? "VARCHAR"}`).join(", ")})`,
        );
        const text = (value: string | null): string => (value === null ? "NULL" : `'${value.replaceAll("'", "''")}'`);
        const values = (rows as (string | null)[][]).toReversed().map((row) => `(${row.map(text).join(", ")})`);
        await session.run(`INSERT INTO ${table} VALUES ${values.join(", ")}`);
      } finally {
        session.close();
      }
    }

    async function written(file: DropFile, source: RowSource, more: Partial<ExportOptions> = {}) {
      const apart = temporaryFolder();
      const [ledger, objects] = [embeddedLedger(apart.path), embeddedObjects(apart.path)];
      const staged = { bucket: "artifacts", key: file.name };
      try {
        const export_ = () =>
          exportFile({
            ...{ io: { objects }, file, source, staged, courses: LIST, coursesSha256: "list" },
            record: fileRecord(ledger, { deployment: "mitx", date: "20260115" }, "one", file.name),
            quarantine: { bucket: "quarantine", prefix: "q/" },
            check: async () => undefined,
            ...more,
          });
        const done = await export_().catch(() => export_());
        const bytes = await buffer(await objects.get(staged));
        expect(done).toMatchObject({ bytes: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") });
        return { rows: done.rows, text: bytes.toString() };
      } finally {
        ledger.close();
        objects.close();
        apart.remove();
      }
    }
    const replica = () =>
      mysqlSource(async () => ({
        ...{
          host: "localhost",
          port: String(server.port),
          ca: server.ca,
          username: "reader",
          password: "one",
          database: "edxapp",
        },
      }));
    const warehouse = () => warehouseSource("mitx", lake.target, lake.options);

    test.each(dropFiles.map((file) => [file.name, file] as const))(
      "%s has the same bytes from both",
      async (_, file) => {
        const expected = await written(file, replica());
        expect(expected.rows).toBeGreaterThan(0);
        expect(await written(file, warehouse())).toEqual(expected);
      },
    );

    test("another attempt goes on behind the last part", async () => {
      const file = dropFiles[0] as DropFile;
      let parts = 0;
      const check = async (): Promise<void> => {
        parts += 1;
        if (parts === 4) throw new Error("the process died");
      };
      const expected = await written(file, replica());
      expect(await written(file, warehouse(), { partBytes: 5_000, check })).toEqual(expected);
      expect(parts).toBeGreaterThan(8);
    });

    test("a table that nobody has built is told by its name", async () => {
      const source = warehouseSource("xpro", lake.target, lake.options);
      await expect(written(dropFiles[0] as DropFile, source)).rejects.toMatchObject({
        ...{
          name: "Misconfigured",
          code: "warehouse_table",
          message: expect.stringContaining("irx__xpro__studentmodule_query"),
        },
      });
    });
  },
);
