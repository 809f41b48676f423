import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { compactTables, type CompactHome } from "../../bin/cli/compact-tables.ts";
import { temporaryFolder } from "../contract/temporary-folder.ts";
import { missingExtensions, startLake, type TemporaryLake } from "./temporary-lake.ts";

const TABLE = "lake.raw.t";

describe.skipIf(missingExtensions !== undefined)(`compaction (${missingExtensions ?? "run"})`, () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let lake: TemporaryLake;
  let home: CompactHome;
  beforeEach(async () => {
    folder = temporaryFolder();
    lake = await startLake(folder.path);
    const { catalogUri, target, ledger, options } = lake;
    home = { catalogUri, target, ledger, options, holder: "test" };
    await sql("CREATE SCHEMA lake.raw");
    await sql(
      `CREATE TABLE ${TABLE} (id INTEGER, name VARCHAR) PARTITIONED BY (name) WITH ('write.parquet.compression-codec' = 'zstd')`,
    );
    for (const name of ["a", "b", "c"]) await sql(`INSERT INTO ${TABLE} SELECT n, '${name}' FROM range(10) AS r(n)`);
    await sql(`DELETE FROM ${TABLE} WHERE id >= 4`);
  });
  afterEach(async () => {
    await lake.stop();
    folder.remove();
  });

  /** Each in a session of its own. */
  async function sql(statement: string): Promise<void> {
    const session = await lake.open();
    await session.run(statement).finally(() => session.close());
  }
  async function rows(statement: string) {
    const session = await lake.open();
    return await session.rows(statement).finally(() => session.close());
  }
  const names = () => lake.catalogue.listTables().map(({ name }) => name);

  test("a table with many deleted rows is written anew, as it was, and one with few is left alone", async () => {
    await sql("CREATE TABLE lake.raw.few AS SELECT * FROM range(10) AS r(n)");
    await sql("DELETE FROM lake.raw.few WHERE n = 1");
    await sql("CREATE TABLE lake.raw.t__compacted_0badcafe (left_over INTEGER)");
    const before = await rows(`SELECT * FROM ${TABLE} ORDER BY ALL`);
    expect(await compactTables(home, 0.5)).toEqual([
      { table: "raw.t", outcome: "compacted", rows: 12, deleted: 18, files: 3 },
    ]);
    expect(await rows(`SELECT * FROM ${TABLE} ORDER BY ALL`)).toEqual(before);
    expect(names().toSorted()).toEqual(["few", "t"]);
    const snapshot = await lake.target.currentSnapshot("raw", "t");
    expect(snapshot?.summary).toMatchObject({ "total-records": "12", "total-position-deletes": "0" });
    expect(await compactTables(home, 0.5)).toEqual([]);
    // Who writes next finds what it knows.
    await sql(`INSERT INTO ${TABLE} VALUES (77, 'a')`);
    expect(await rows(`SELECT count(*) AS n FROM ${TABLE} WHERE name = 'a'`)).toEqual([{ n: 5 }]);
    expect(await compactTables(home, 0.01, "raw.few")).toMatchObject([{ table: "raw.few", outcome: "compacted" }]);
  });

  test("a commit that comes meanwhile is kept, and one that began before is refused", async () => {
    const late = await lake.open();
    await late.run("BEGIN");
    await late.run(`INSERT INTO ${TABLE} VALUES (88, 'late')`);
    const target: typeof home.target = home.target;
    // The session that writes it anew is opened after the table was looked at.
    const meanwhile = { ...target, attachSql: [...target.attachSql, `INSERT INTO ${TABLE} VALUES (99, 'new')`] };
    expect(await compactTables({ ...home, target: meanwhile }, 0.5)).toMatchObject([{ outcome: "changed" }]);
    expect(names()).toEqual(["t"]);
    expect(await compactTables(home, 0.5)).toMatchObject([{ outcome: "compacted", rows: 13 }]);
    await expect(late.run("COMMIT")).rejects.toThrow(/409|CommitFailed|requirement/i);
    late.close();
    expect(await rows(`SELECT id FROM ${TABLE} WHERE id > 50`)).toEqual([{ id: 99 }]);
  });
});
