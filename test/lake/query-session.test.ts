import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openQuerySession, type QuerySession } from "../../core/io/query-session.ts";
import { isFailure } from "../../core/model/failures.ts";
import { temporaryFolder } from "../contract/temporary-folder.ts";
import { missingExtensions, startLake, type TemporaryLake } from "./temporary-lake.ts";

const folder = temporaryFolder();
let lake: TemporaryLake;
let query: QuerySession;

describe.skipIf(missingExtensions !== undefined)(`the read-only session (${missingExtensions ?? "runs"})`, () => {
  beforeAll(async () => {
    lake = await startLake(folder.path);
    const empty = await openQuerySession(lake.target, lake.options);
    expect(await empty.rows("SELECT 1 AS one")).toEqual([{ one: 1 }]);
    empty.close();
    const session = await lake.open();
    await session.run("CREATE SCHEMA lake.raw; CREATE SCHEMA lake.marts");
    await session.run("CREATE TABLE lake.raw.t AS SELECT i AS a FROM range(5000) r(i)");
    await session.run("CREATE TABLE lake.marts.m AS SELECT 1 AS b");
    session.close();
    query = await openQuerySession(lake.target, lake.options);
  });
  afterAll(async () => {
    query.close();
    await lake.stop();
    folder.remove();
  });

  test.each([
    ["SELECT count(*) AS n FROM raw.t", [{ n: 5000 }]],
    ["FROM marts.m", [{ b: 1 }]],
    ["WITH x AS (SELECT max(a) AS a FROM lake.raw.t) SELECT a, b FROM x, marts.m", [{ a: 4999, b: 1 }]],
    ["VALUES (1)", [{ col0: 1 }]],
    ["SELECT 'it''s; DROP TABLE raw.t' AS s -- and a comment;", [{ s: "it's; DROP TABLE raw.t" }]],
  ])("runs %s", async (sql, rows) => {
    expect(await query.rows(sql)).toEqual(rows);
  });

  test("describes, summarises, explains and streams", async () => {
    expect(await query.rows("DESCRIBE raw.t")).toMatchObject([{ column_name: "a", column_type: "BIGINT" }]);
    expect(await query.rows("SHOW ALL TABLES")).toHaveLength(2);
    expect(await query.rows("SUMMARIZE raw.t")).toMatchObject([{ count: 5000 }]);
    expect(await query.rows("EXPLAIN SELECT * FROM raw.t")).toHaveLength(1);
    let rows = 0;
    for await (const batch of query.stream("SELECT * FROM raw.t")) rows += batch.length;
    expect(rows).toBe(5000);
  });

  const evil = join(folder.path, "warehouse", "evil");
  test.each([
    "INSERT INTO raw.t VALUES (1)",
    "DELETE FROM raw.t",
    "UPDATE raw.t SET a = 1",
    "DROP TABLE raw.t",
    "CREATE TABLE raw.z (a INT)",
    "CREATE TEMP TABLE z AS SELECT 1",
    "ALTER TABLE raw.t ADD COLUMN z INT",
    "EXPLAIN ANALYZE INSERT INTO raw.t VALUES (1)",
    "SELECT * FROM set_iceberg_table_properties(lake.raw.t, {'a': 'b'})",
    "SELECT 1; SELECT 2",
    "",
    "-- nothing",
    `COPY (SELECT 1) TO '${evil}'`,
    "COPY raw.t FROM '/etc/passwd'",
    "EXPORT DATABASE '/tmp/evil'",
    "SELECT * FROM read_csv('/etc/passwd')",
    "SELECT * FROM read_text('/etc/passwd')",
    `SELECT * FROM read_text('${join(folder.path, "warehouse")}/../catalogue.db')`,
    "SELECT * FROM glob('/etc/*')",
    "SELECT * FROM read_csv('http://127.0.0.1:1/x')",
    "SELECT * FROM iceberg_scan('/etc')",
    "ATTACH '/tmp/x.db'",
    "DETACH lake",
    "INSTALL httpfs",
    "LOAD httpfs",
    "SET enable_external_access = true",
    "RESET lock_configuration",
    "PRAGMA threads = 4",
    "CALL pragma_version()",
    "SELECT * FROM enable_logging(storage = 'file', storage_path = '/tmp/evil')",
    "BEGIN",
    "PREPARE p AS SELECT 1",
    "VACUUM",
    "USE memory",
  ])("refuses %s", async (sql) => {
    await expect(query.rows(sql)).rejects.toSatisfy(
      (error) => isFailure(error) && error.name === "Rejected" && error.code === "read_only",
    );
    expect(existsSync(evil)).toBe(false);
    expect(await query.rows("SELECT count(*) AS n FROM raw.t")).toEqual([{ n: 5000 }]);
  });

  test.each(["SELEC 1", "SELECT * FROM raw.nope", "SELECT nope FROM raw.t", "SELECT CAST('x' AS INT)"])(
    "tells of the mistake in %s",
    async (sql) => {
      await expect(query.rows(sql)).rejects.toSatisfy(
        (error) => isFailure(error) && error.name === "Rejected" && error.code === "bad_query",
      );
    },
  );
});
