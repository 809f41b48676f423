import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { LakeSession } from "../../core/io/lake.ts";
import { isFailure } from "../../core/model/failures.ts";
import type { CommitPlan } from "../../core/model/commit-plan.ts";
import { commitPlan } from "../../lambdas/lake/commit-plan.ts";
import { temporaryFolder } from "../contract/temporary-folder.ts";
import { committer, logsPlan, missingExtensions, stageSql, startLake, type TemporaryLake } from "./temporary-lake.ts";

const folder = temporaryFolder();
let lake: TemporaryLake;
let session: LakeSession;
let deps: ReturnType<typeof committer>;

async function stage(id: string, file: string, rows: number, version = "v1"): Promise<CommitPlan> {
  const key = join(folder.path, "staged", `${id}.parquet`);
  await session.run(stageSql(file, key, rows, version));
  return { version: 1, id, tables: [logsPlan(file, { key, rows })] };
}

const rowsByFile = () =>
  session.rows(
    `SELECT source_file AS file, count(*) AS n, count(DISTINCT source_line) AS lines, min(name) AS first
     FROM lake.raw.logs GROUP BY 1 ORDER BY 1`,
  );

describe.skipIf(missingExtensions !== undefined)(`commitPlan (${missingExtensions ?? "runs"})`, () => {
  beforeAll(async () => {
    lake = await startLake(folder.path);
    mkdirSync(join(folder.path, "staged"));
    session = await lake.open();
    deps = committer(lake, "test");
  });
  afterAll(async () => {
    session.close();
    await deps.close();
    await lake.stop();
    folder.remove();
  });

  test("makes the table, writes the rows and returns the snapshot that the catalogue states", async () => {
    const plan = await stage("first", "a.log.gz", 10);
    const commits = await commitPlan(plan, deps);
    const snapshot = await lake.target.currentSnapshot("raw", "logs");
    expect(commits).toEqual([{ table: "raw.logs", snapshotId: snapshot?.snapshotId, rows: 10 }]);
    expect(await rowsByFile()).toEqual([{ file: "a.log.gz", n: 10, lines: 10, first: "v1-0" }]);
  });

  test("does nothing for a plan that is recorded and whose snapshot is in the history", async () => {
    const again = await commitPlan(await stage("first", "a.log.gz", 10), deps);
    const snapshot = await lake.target.currentSnapshot("raw", "logs");
    expect(again[0]?.snapshotId).toBe(snapshot?.snapshotId);
    expect(snapshot?.history).toHaveLength(1);
  });

  test("replaces the rows of that file and of no other", async () => {
    await commitPlan(await stage("second", "b.log.gz", 5), deps);
    await commitPlan(await stage("first-corrected", "a.log.gz", 7, "v2"), deps);
    expect(await rowsByFile()).toEqual([
      { file: "a.log.gz", n: 7, lines: 7, first: "v2-0" },
      { file: "b.log.gz", n: 5, lines: 5, first: "v1-0" },
    ]);
    // The older plan is done for good: running it again must not bring the old rows back.
    await commitPlan(await stage("first", "a.log.gz", 10), deps);
    expect(await rowsByFile()).toMatchObject([{ n: 7 }, { n: 5 }]);
  });

  test("leaves the rows once when the record of a commit was lost", async () => {
    const plan = await stage("unrecorded", "c.log.gz", 6);
    await commitPlan(plan, deps);
    const [record] = (await lake.ledger.query("commit", { prefix: "unrecorded" })).items;
    await lake.ledger.write([{ delete: { pk: "commit", sk: record?.sk ?? "" }, if: { any: true } }]);
    await commitPlan(plan, deps);
    expect(await rowsByFile()).toContainEqual({ file: "c.log.gz", n: 6, lines: 6, first: "v1-0" });
  });

  test("a plan without rows deletes, and does nothing where nothing is", async () => {
    const empty = (id: string): CommitPlan => ({
      version: 1,
      id,
      tables: [logsPlan("c.log.gz", { key: "", rows: 0 })],
    });
    expect(await commitPlan(empty("gone"), deps)).toMatchObject([{ rows: 0 }]);
    const before = await lake.target.currentSnapshot("raw", "logs");
    expect(await commitPlan(empty("gone-again"), deps)).toEqual([
      { table: "raw.logs", snapshotId: before?.snapshotId, rows: 0 },
    ]);
    expect((await rowsByFile()).map((row) => row["file"])).toEqual(["a.log.gz", "b.log.gz"]);
  });

  test("commits nothing when the staged files hold other counts than planned", async () => {
    const plan = await stage("wrong", "a.log.gz", 3);
    const table = plan.tables[0];
    if (table === undefined) throw new Error("no table");
    const files = table.files.map((file) => ({ ...file, rows: 4 }));
    await expect(commitPlan({ ...plan, tables: [{ ...table, files }] }, deps)).rejects.toSatisfy(
      (error) => isFailure(error) && error.name === "Malformed" && error.code === "staged_rows_mismatch",
    );
    expect(await rowsByFile()).toMatchObject([
      { file: "a.log.gz", n: 7 },
      { file: "b.log.gz", n: 5 },
    ]);
  });

  test("eight writers at once lose nothing, with leases", async () => {
    const plans: CommitPlan[] = [];
    for (let index = 0; index < 24; index += 1) plans.push(await stage(`burst-${index}`, `burst-${index}`, 4));
    const writers = Array.from({ length: 8 }, (_, writer) => committer(lake, `writer-${writer}`));
    await Promise.all(
      writers.map(async (writer, at) => {
        for (const plan of plans.filter((_, index) => index % 8 === at)) await commitPlan(plan, writer);
        await writer.close();
      }),
    );
    const burst = (await rowsByFile()).filter((row) => String(row["file"]).startsWith("burst"));
    expect(burst).toHaveLength(24);
    expect(new Set(burst.map((row) => `${row["n"]}/${row["lines"]}`))).toEqual(new Set(["4/4"]));
  });

  test("writers that hold no common lease lose nothing either: conflicts are read again and retried", async () => {
    const plans: CommitPlan[] = [];
    // Fewer than libuv's four threads: a statement holds one while it waits for the catalogue of this same process.
    for (let index = 0; index < 3; index += 1) plans.push(await stage(`free-${index}`, `free-${index}`, 3));
    // A ledger of its own for each writer, so that none sees another's lease.
    const ledgers = plans.map(() => new Map<string, { rev: number; data: unknown }>());
    const writers = ledgers.map((items, index) =>
      committer({ ...lake, ledger: privateLedger(items) }, `free-${index}`),
    );
    await Promise.all(
      writers.map((writer, index) => commitPlan(plans[index] ?? { version: 1, id: "", tables: [] }, writer)),
    );
    await Promise.all(writers.map((writer) => writer.close()));
    const free = (await rowsByFile()).filter((row) => String(row["file"]).startsWith("free"));
    expect(free.map((row) => row["n"])).toEqual([3, 3, 3]);
  });

  test("leaves a plan alone when a newer one for the same rows is on record, in whatever order they come", async () => {
    const newest = { pk: "file", sk: "race.log.gz" };
    const older = { ...(await stage("race-older", "race.log.gz", 3, "v1")), newest };
    const newer = { ...(await stage("race-newer", "race.log.gz", 4, "v2")), newest };
    await lake.ledger.write([{ put: { ...newest, data: { planId: "race-newer" } }, if: { any: true } }]);
    await commitPlan(newer, deps);
    expect(await commitPlan(older, deps)).toEqual([{ table: "raw.logs", snapshotId: "superseded", rows: 0 }]);
    expect(await rowsByFile()).toContainEqual({ file: "race.log.gz", n: 4, lines: 4, first: "v2-0" });
  });
});

function privateLedger(items: Map<string, { rev: number; data: unknown }>): TemporaryLake["ledger"] {
  return {
    async get(pk, sk) {
      const item = items.get(`${pk}/${sk}`);
      return item === undefined ? undefined : { pk, sk, ...item };
    },
    async write(writes) {
      for (const write of writes) {
        if (!("put" in write)) throw new Error("not needed here");
        const key = `${write.put.pk}/${write.put.sk}`;
        items.set(key, { rev: (items.get(key)?.rev ?? 0) + 1, data: write.put.data });
      }
    },
    query: async () => ({ items: [] }),
  };
}
