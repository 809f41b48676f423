import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ensureTable } from "../../core/io/lake-table.ts";
import { openLake, type LakeOptions, type LakeSession } from "../../core/io/lake.ts";
import type { LakeTarget, Ledger } from "../../core/io/ports.ts";
import type { CommitPlan } from "../../core/model/commit-plan.ts";
import { commitPlan } from "../../lambdas/lake/commit-plan.ts";
import { committer, logsPlan, stageSql } from "../lake/temporary-lake.ts";
import { titleOf, type Home, type Opened } from "./opened.ts";

export interface OpenedLake extends Opened<LakeTarget> {
  readonly options: LakeOptions;
  readonly ledger: Ledger;
  /** Where a session writes a staged file and a committer reads it. */
  stagedAt(id: string): string;
}

export interface LakeHome extends Home<OpenedLake> {
  /** Why its catalogue does neither; absent = it does. */
  readonly noRenameOrDrop?: string;
}

export function lakeContract(home: LakeHome): void {
  describe.skipIf(home.skip !== undefined)(titleOf("lake", home), () => {
    let opened: OpenedLake;
    let target: LakeTarget;
    let session: LakeSession;
    let deps: ReturnType<typeof committer>;
    beforeAll(async () => {
      opened = await home.open();
      target = opened.port;
      session = await openLake(target, opened.options);
      deps = committer(parts(), "test");
    });
    afterAll(async () => {
      session?.close();
      await deps?.close();
      await opened?.close();
    });

    const parts = () => ({ target, options: opened.options, ledger: opened.ledger });
    const stage = async (id: string, file: string, rows: number, version = "v1"): Promise<CommitPlan> => {
      const key = opened.stagedAt(id);
      await session.run(stageSql(file, key, rows, version));
      return { version: 1, id, tables: [logsPlan(file, { key, rows })] };
    };
    const rowsByFile = () =>
      session.rows(
        `SELECT source_file AS file, count(*) AS n, count(DISTINCT source_line) AS lines, min(name) AS first
       FROM lake.raw.logs GROUP BY 1 ORDER BY 1`,
      );

    it("makes the table, writes the rows and returns the snapshot that the catalogue states", async () => {
      const plan = await stage("first", "a.log.gz", 10);
      const commits = await commitPlan(plan, deps);
      const snapshot = await target.currentSnapshot("raw", "logs");
      expect(commits).toEqual([{ table: "raw.logs", snapshotId: snapshot?.snapshotId, rows: 10 }]);
      expect(await rowsByFile()).toEqual([{ file: "a.log.gz", n: 10, lines: 10, first: "v1-0" }]);
    });

    it("does nothing for a plan that is recorded and whose snapshot is in the history", async () => {
      const again = await commitPlan(await stage("first", "a.log.gz", 10), deps);
      const snapshot = await target.currentSnapshot("raw", "logs");
      expect(again[0]?.snapshotId).toBe(snapshot?.snapshotId);
      expect(snapshot?.history).toHaveLength(1);
    });

    it("replaces the rows of that file and of no other", async () => {
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

    it("leaves the rows once when the record of a commit was lost", async () => {
      const plan = await stage("unrecorded", "c.log.gz", 6);
      await commitPlan(plan, deps);
      const [record] = (await opened.ledger.query("commit", { prefix: "unrecorded" })).items;
      await opened.ledger.write([{ delete: { pk: "commit", sk: record?.sk ?? "" }, if: { any: true } }]);
      await commitPlan(plan, deps);
      expect(await rowsByFile()).toContainEqual({ file: "c.log.gz", n: 6, lines: 6, first: "v1-0" });
    });

    it("a plan without rows deletes, and does nothing where nothing is", async () => {
      const empty = (id: string): CommitPlan => ({
        version: 1,
        id,
        tables: [logsPlan("c.log.gz", { key: "", rows: 0 })],
      });
      expect(await commitPlan(empty("gone"), deps)).toMatchObject([{ rows: 0 }]);
      const before = await target.currentSnapshot("raw", "logs");
      expect(await commitPlan(empty("gone-again"), deps)).toEqual([
        { table: "raw.logs", snapshotId: before?.snapshotId, rows: 0 },
      ]);
      expect((await rowsByFile()).map((row) => row["file"])).toEqual(["a.log.gz", "b.log.gz"]);
    });

    it("commits nothing when the staged files hold other counts than planned", async () => {
      const plan = await stage("wrong", "a.log.gz", 3);
      const table = plan.tables[0];
      if (table === undefined) throw new Error("no table");
      const files = table.files.map((file) => ({ ...file, rows: 4 }));
      await expect(commitPlan({ ...plan, tables: [{ ...table, files }] }, deps)).rejects.toMatchObject({
        name: "Malformed",
        code: "staged_rows_mismatch",
      });
      expect(await rowsByFile()).toMatchObject([
        { file: "a.log.gz", n: 7 },
        { file: "b.log.gz", n: 5 },
      ]);
    });

    it("eight writers at once lose nothing, with leases", async () => {
      const plans: CommitPlan[] = [];
      for (let index = 0; index < 16; index += 1) plans.push(await stage(`burst-${index}`, `burst-${index}`, 4));
      const writers = Array.from({ length: 8 }, (_, writer) => committer(parts(), `writer-${writer}`));
      await Promise.all(
        writers.map(async (writer, at) => {
          for (const plan of plans.filter((_, index) => index % 8 === at)) await commitPlan(plan, writer);
          await writer.close();
        }),
      );
      const burst = (await rowsByFile()).filter((row) => String(row["file"]).startsWith("burst"));
      expect(burst).toHaveLength(16);
      expect(new Set(burst.map((row) => `${row["n"]}/${row["lines"]}`))).toEqual(new Set(["4/4"]));
    });

    it("writers that hold no common lease lose nothing either: conflicts are read again and retried", async () => {
      const plans: CommitPlan[] = [];
      // Fewer than libuv's four threads: a statement holds one while it waits for the catalogue of this same process.
      for (let index = 0; index < 3; index += 1) plans.push(await stage(`free-${index}`, `free-${index}`, 3));
      // A ledger of its own for each writer, so that none sees another's lease.
      const ledgers = plans.map(() => new Map<string, { rev: number; data: unknown }>());
      const writers = ledgers.map((items, index) =>
        committer({ ...parts(), ledger: privateLedger(items) }, `free-${index}`),
      );
      await Promise.all(
        writers.map((writer, index) => commitPlan(plans[index] ?? { version: 1, id: "", tables: [] }, writer)),
      );
      await Promise.all(writers.map((writer) => writer.close()));
      const free = (await rowsByFile()).filter((row) => String(row["file"]).startsWith("free"));
      expect(free.map((row) => row["n"])).toEqual([3, 3, 3]);
    });

    it("leaves a plan alone when a newer one for the same rows is on record, in whatever order they come", async () => {
      const newest = { pk: "file", sk: "race.log.gz" };
      const older = { ...(await stage("race-older", "race.log.gz", 3, "v1")), newest };
      const newer = { ...(await stage("race-newer", "race.log.gz", 4, "v2")), newest };
      await opened.ledger.write([{ put: { ...newest, data: { planId: "race-newer" } }, if: { any: true } }]);
      await commitPlan(newer, deps);
      expect(await commitPlan(older, deps)).toEqual([{ table: "raw.logs", snapshotId: "superseded", rows: 0 }]);
      expect(await rowsByFile()).toContainEqual({ file: "race.log.gz", n: 4, lines: 4, first: "v2-0" });
    });

    it("states the snapshot that the writer made, with what came before it", async () => {
      const before = await target.currentSnapshot("raw", "logs");
      await session.run("INSERT INTO lake.raw.logs (name) VALUES ('by hand')");
      const after = await target.currentSnapshot("raw", "logs");
      expect(after?.history).toEqual([after?.snapshotId, ...(before?.history ?? [])]);
      expect(Math.abs(Date.now() - (after?.committedAt.getTime() ?? 0))).toBeLessThan(600_000);
      expect(await target.currentSnapshot("raw", "nope")).toBeUndefined();
      expect(await target.currentSnapshot("nowhere", "nope")).toBeUndefined();
    });

    it("refuses the second of two transactions on one table, which then has changed nothing", async () => {
      const other = await openLake(target, opened.options);
      await session.run("BEGIN");
      await other.run("BEGIN");
      await session.run("INSERT INTO lake.raw.logs (name) VALUES ('first')");
      await other.run("INSERT INTO lake.raw.logs (name) VALUES ('second')");
      await session.run("COMMIT");
      await expect(other.run("COMMIT")).rejects.toThrow("CommitFailedException");
      other.close();
      expect(await session.rows("SELECT name FROM lake.raw.logs WHERE name IN ('first', 'second')")).toEqual([
        { name: "first" },
      ]);
    });

    it("adds columns to a table and refuses another type for one", async () => {
      const plan = { ...logsPlan("f", { key: "", rows: 0 }), namespace: "made" };
      expect(await target.currentSnapshot("made", "logs")).toBeUndefined();
      await ensureTable(session, plan);
      await session.run("INSERT INTO lake.made.logs (name) VALUES ('old')");
      expect(await target.currentSnapshot("made", "logs")).toMatchObject({ history: [expect.any(String)] });
      await ensureTable(session, { ...plan, columns: [...plan.columns, { name: "flag", type: "boolean" }] });
      await ensureTable(session, plan);
      expect(await session.rows("SELECT name, flag FROM lake.made.logs")).toEqual([{ name: "old", flag: null }]);
      const changed = { ...plan, columns: [{ name: "flag", type: "long" as const }] };
      await expect(ensureTable(session, changed)).rejects.toMatchObject({
        name: "Misconfigured",
        code: "column_type_changed",
      });
    });

    const title = `renames and drops a table (${home.noRenameOrDrop ?? "it does"})`;
    it.skipIf(home.noRenameOrDrop !== undefined)(title, async () => {
      await session.run("ALTER TABLE lake.made.logs RENAME TO other");
      expect(await session.rows("SELECT count(*) AS n FROM lake.made.other")).toEqual([{ n: 1 }]);
      await session.run("DROP TABLE lake.made.other");
      expect(await target.currentSnapshot("made", "other")).toBeUndefined();
    });
  });
}

function privateLedger(items: Map<string, { rev: number; data: unknown }>): Ledger {
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
