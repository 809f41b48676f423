import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { LakeSession } from "../../core/io/lake.ts";
import { ensureTable } from "../../core/io/lake-table.ts";
import { isFailure } from "../../core/model/failures.ts";
import { temporaryFolder } from "../contract/temporary-folder.ts";
import { logsPlan, missingExtensions, missingPython, PYTHON, startLake, type TemporaryLake } from "./temporary-lake.ts";

const folder = temporaryFolder();
let lake: TemporaryLake;
let session: LakeSession;

describe.skipIf(missingExtensions !== undefined)(`DuckDB on the catalogue (${missingExtensions ?? "runs"})`, () => {
  beforeAll(async () => {
    lake = await startLake(folder.path);
    session = await lake.open();
  });
  afterAll(async () => {
    session.close();
    await lake.stop();
    folder.remove();
  });

  test("creates, inserts, deletes, updates, merges, evolves, renames and drops", async () => {
    await session.run("CREATE SCHEMA lake.raw");
    await session.run("CREATE TABLE lake.raw.t (a INTEGER, s VARCHAR, log_date DATE) PARTITIONED BY (log_date)");
    await session.run(
      "INSERT INTO lake.raw.t SELECT i, 's' || i, DATE '2024-01-01' + (i % 3)::INT FROM range(10) r(i)",
    );
    await session.run("DELETE FROM lake.raw.t WHERE a = 3");
    await session.run("UPDATE lake.raw.t SET s = 'changed' WHERE a = 1");
    await session.run(
      `MERGE INTO lake.raw.t USING (VALUES (5), (50)) u (a) ON t.a = u.a
       WHEN MATCHED THEN UPDATE SET s = 'merged'
       WHEN NOT MATCHED THEN INSERT (a, s, log_date) VALUES (u.a, 'new', '2024-02-01')`,
    );
    await session.run("ALTER TABLE lake.raw.t ADD COLUMN extra BIGINT");
    expect(await session.rows("SELECT a, s, extra FROM lake.raw.t WHERE a IN (1, 3, 5, 50) ORDER BY a")).toEqual([
      { a: 1, s: "changed", extra: null },
      { a: 5, s: "merged", extra: null },
      { a: 50, s: "new", extra: null },
    ]);
    await session.run("CREATE TABLE lake.raw.copy AS SELECT * FROM lake.raw.t");
    await session.run("ALTER TABLE lake.raw.copy RENAME TO other");
    expect(await session.rows("SELECT count(*) AS n FROM lake.raw.other")).toEqual([{ n: 10 }]);
    await session.run("DROP TABLE lake.raw.other");
    expect(lake.catalogue.listTables().map((table) => table.name)).toEqual(["t"]);
  });

  test("a delete and an insert in one transaction are one commit that readers see whole or not at all", async () => {
    const before = lake.catalogue.listTables()[0]?.metadataLocation;
    const reader = await lake.open();
    await session.run("BEGIN");
    await session.run("DELETE FROM lake.raw.t WHERE a = 50");
    await session.run("INSERT INTO lake.raw.t (a, s) VALUES (50, 'again')");
    expect(await reader.rows("SELECT s FROM lake.raw.t WHERE a = 50")).toEqual([{ s: "new" }]);
    expect(lake.catalogue.listTables()[0]?.metadataLocation).toBe(before);
    await session.run("COMMIT");
    expect(await reader.rows("SELECT s FROM lake.raw.t WHERE a = 50")).toEqual([{ s: "again" }]);
    reader.close();
  });

  test("two transactions on one table: the second is refused by the catalogue and changes nothing", async () => {
    const other = await lake.open();
    await session.run("BEGIN");
    await other.run("BEGIN");
    await session.run("INSERT INTO lake.raw.t (a) VALUES (1001)");
    await other.run("INSERT INTO lake.raw.t (a) VALUES (1002)");
    await session.run("COMMIT");
    await expect(other.run("COMMIT")).rejects.toThrow("CommitFailedException");
    other.close();
    expect(await session.rows("SELECT a FROM lake.raw.t WHERE a > 1000")).toEqual([{ a: 1001 }]);
  });

  test("the port reads the snapshot that the writer made, with its history", async () => {
    const before = await lake.target.currentSnapshot("raw", "t");
    await session.run("INSERT INTO lake.raw.t (a) VALUES (2000)");
    const after = await lake.target.currentSnapshot("raw", "t");
    expect(after).toMatchObject({ parentSnapshotId: before?.snapshotId, summary: { "added-records": "1" } });
    expect(after?.history).toEqual([after?.snapshotId, ...(before?.history ?? [])]);
    expect(await lake.target.currentSnapshot("raw", "nope")).toBeUndefined();
  });

  test("ensureTable makes a table, adds missing columns, and refuses another type", async () => {
    const plan = logsPlan("f", { key: "", rows: 0 });
    await ensureTable(session, { ...plan, namespace: "made" });
    const wider = {
      ...plan,
      namespace: "made",
      columns: [...plan.columns, { name: "flag", type: "boolean" as const }],
    };
    await ensureTable(session, wider);
    await ensureTable(session, { ...plan, namespace: "made" });
    expect(await session.rows("SELECT name, type FROM pragma_table_info('lake.made.logs')")).toEqual([
      { name: "name", type: "VARCHAR" },
      { name: "event_time", type: "TIMESTAMP" },
      { name: "log_date", type: "DATE" },
      { name: "source_file", type: "VARCHAR" },
      { name: "source_line", type: "BIGINT" },
      { name: "flag", type: "BOOLEAN" },
    ]);
    const changed = { ...wider, columns: [{ name: "flag", type: "long" as const }] };
    await expect(ensureTable(session, changed)).rejects.toSatisfy(
      (error) => isFailure(error) && error.name === "Misconfigured" && error.code === "column_type_changed",
    );
  });

  test.skipIf(missingPython !== undefined)(`pyiceberg reads the same rows (${missingPython ?? "runs"})`, async () => {
    const script = `
import json, sys
from pyiceberg.catalog import load_catalog
table = load_catalog("lake", type="rest", uri=sys.argv[1]).load_table("raw.t")
rows = table.scan().to_arrow().to_pylist()
print(json.dumps([{**row, "log_date": row["log_date"] and str(row["log_date"])} for row in rows]))
print(json.dumps([str(snapshot.snapshot_id) for snapshot in table.snapshots()]))
print(json.dumps([field.transform.__str__() for field in table.spec().fields]))
`;
    // Not the synchronous form: this process serves the catalogue.
    const { stdout } = await promisify(execFile)(PYTHON, ["-c", script, lake.catalogUri]);
    const [rows, snapshots, transforms] = stdout
      .trim()
      .split("\n")
      .map((line): unknown => JSON.parse(line));
    const mine = await session.rows("SELECT * FROM lake.raw.t");
    const sorted = (list: unknown[]) => list.map((row) => JSON.stringify(row)).toSorted();
    expect(sorted(rows as unknown[])).toEqual(sorted(mine));
    expect(mine.length).toBeGreaterThan(10);
    expect(snapshots).toContain((await lake.target.currentSnapshot("raw", "t"))?.snapshotId);
    expect(transforms).toEqual(["identity"]);
  });
});
