import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { LakeSession } from "../../core/io/lake.ts";
import type { ColumnPlan, CommitPlan, TablePlan } from "../../core/model/commit-plan.ts";
import { commitPlan } from "../../lambdas/lake/commit-plan.ts";
import { temporaryFolder } from "../contract/temporary-folder.ts";
import { committer, missingExtensions, startLake, type TemporaryLake } from "./temporary-lake.ts";

const OLD: readonly ColumnPlan[] = [
  { name: "source_file", type: "string" },
  { name: "n", type: "long" },
];
const NEW: readonly ColumnPlan[] = [...OLD, { name: "event_id", type: "string" }];

const folder = temporaryFolder();
let lake: TemporaryLake;
let session: LakeSession;
let deps: ReturnType<typeof committer>;

/** A plan that replaces a file's rows by one row, as a release with these columns would write it. */
async function plan(file: string, columns: readonly ColumnPlan[], values: string): Promise<CommitPlan> {
  const key = join(folder.path, "staged", `${file}.parquet`);
  const names = columns.map(({ name }) => name).join(", ");
  await session.run(`COPY (SELECT * FROM (VALUES (${values})) v(${names})) TO '${key}'`);
  const table: TablePlan = {
    namespace: "raw",
    table: "events",
    columns: [...columns],
    partitionBy: [],
    replace: [{ column: "source_file", value: file }],
    files: [{ bucket: "lake", key, rows: 1 }],
    sortBy: [],
  };
  return { version: 1, id: `plan-${file}`, tables: [table] };
}

const rows = () => session.rows("SELECT * FROM lake.raw.events ORDER BY source_file");

describe.skipIf(missingExtensions !== undefined)(`a raw table (${missingExtensions ?? "runs"})`, () => {
  beforeAll(async () => {
    lake = await startLake(folder.path);
    mkdirSync(join(folder.path, "staged"));
    session = await lake.open();
    deps = committer(lake, "test");
    await commitPlan(await plan("a", OLD, "'a', 1::BIGINT"), deps);
  });
  afterAll(async () => {
    session.close();
    await deps.close();
    await lake.stop();
    folder.remove();
  });

  test("of an older release takes rows with a column more, which its old rows lack", async () => {
    await commitPlan(await plan("b", NEW, "'b', 2::BIGINT, 'e-2'"), deps);
    expect(await rows()).toEqual([
      { source_file: "a", n: 1, event_id: null },
      { source_file: "b", n: 2, event_id: "e-2" },
    ]);
  });

  test("of a newer release takes rows of an older one, that was still under way or is back", async () => {
    await commitPlan(await plan("c", OLD, "'c', 3::BIGINT"), deps);
    await commitPlan(await plan("a", OLD, "'a', 10::BIGINT"), deps);
    expect(await rows()).toContainEqual({ source_file: "c", n: 3, event_id: null });
  });

  test("refuses another type for a column, with what to do, and keeps its rows", async () => {
    const wider: ColumnPlan[] = [
      { name: "source_file", type: "string" },
      { name: "n", type: "string" },
    ];
    const before = await rows();
    await expect(commitPlan(await plan("d", wider, "'d', 'four'"), deps)).rejects.toMatchObject({
      name: "Misconfigured",
      code: "column_type_changed",
    });
    expect(await rows()).toEqual(before);
  });
});
