import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isFailure } from "../model/failures.ts";
import { openDuckDb, type DuckDb, type Row } from "./duckdb.ts";

const options = { memoryMb: 256, threads: 1, tempDir: join(tmpdir(), "duckdb-test"), extensionsDir: "/nowhere" };

describe("DuckDB session", () => {
  let db: DuckDb;
  beforeAll(async () => {
    db = await openDuckDb(options);
  });
  afterAll(() => db.close());

  test("gives rows that are plain JSON, with large integers and decimals exact", async () => {
    const rows = await db.rows(
      `SELECT 42::BIGINT AS small, 9007199254740993::BIGINT AS large, count(*) AS n, 1.10::DECIMAL(9,2) AS d,
              TIMESTAMP '2024-01-31 10:11:12.123456' AS ts, DATE '2024-01-31' AS day, [1::BIGINT, NULL] AS list,
              {'a': 5::BIGINT} AS struct, 'x' AS s, NULL AS nothing, 0.5 :: DOUBLE AS f`,
    );
    expect(JSON.parse(JSON.stringify(rows))).toEqual([
      {
        small: 42,
        large: "9007199254740993",
        n: 1,
        d: "1.10",
        ts: "2024-01-31 10:11:12.123456",
        day: "2024-01-31",
        list: [1, null],
        struct: { a: 5 },
        s: "x",
        nothing: null,
        f: 0.5,
      },
    ]);
  });

  test("binds parameters by position and by name", async () => {
    expect(await db.rows("SELECT $1 AS a, $2::INT AS b", ["it's", 7])).toEqual([{ a: "it's", b: 7 }]);
    expect(await db.rows("SELECT $name AS a", { name: null })).toEqual([{ a: null }]);
  });

  test("streams a large result in small batches and can be left early", async () => {
    const batches: Row[][] = [];
    for await (const batch of db.stream("SELECT i FROM range(1000000000) r(i)")) {
      batches.push(batch);
      if (batches.length === 3) break;
    }
    expect(batches.flat().map((row) => row["i"])).toEqual(batches.flat().map((_row, at) => at));
    expect(Math.max(...batches.map((batch) => batch.length))).toBeLessThanOrEqual(2_048);
    expect(await db.rows("SELECT 1 AS one")).toEqual([{ one: 1 }]);
  });

  test("names the type of each statement without running it", async () => {
    expect(await db.statementTypes("SELECT 1; CREATE TABLE never (a INT); COPY (SELECT 1) TO '/tmp/never'")).toEqual([
      "SELECT",
      "CREATE",
      "COPY",
    ]);
    await expect(db.rows("SELECT * FROM never")).rejects.toThrow("does not exist");
  });

  test("counts changed rows", async () => {
    await db.run("CREATE TABLE t AS SELECT 1 AS a");
    expect(await db.run("INSERT INTO t VALUES (2), (3)")).toBe(2);
    expect(await db.run("DELETE FROM t WHERE a > 1")).toBe(2);
  });
});

test("a missing extension is Misconfigured and names itself", async () => {
  const opened = openDuckDb({ ...options, extensions: ["iceberg"] });
  await expect(opened).rejects.toSatisfy(
    (error) => isFailure(error) && error.name === "Misconfigured" && error.code === "extension_missing",
  );
});
