import { createReadStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { diskFull, isDiskFull } from "../../../core/io/disk-failures.ts";
import { openDuckDb, quoteText, type DuckDb } from "../../../core/io/duckdb.ts";
import type { CommitPlan, TablePlan } from "../../../core/model/commit-plan.ts";
import type { TaskContext } from "../../../core/task.ts";
import { JsonLines } from "../../staged-rows/json-lines.ts";
import { planKey } from "../../staged-rows/plan-key.ts";
import { rowsToParquet, timestampSql } from "../../staged-rows/rows-to-parquet.ts";
import { catalogueKey, catalogueTable, type Catalogue } from "../sources/catalogue.ts";
import type { EntityRows } from "./collected.ts";
import { CATALOGUE_COLUMNS, CATALOGUE_ORIGIN, columnValue } from "./tables.ts";
import { newestCatalogue, type CatalogueVersion } from "./versions.ts";

const SYSTEM = "edxorg";

type Context = Pick<TaskContext, "io" | "settings" | "run">;

/** Lands the rows as JSON lines, by content and once, and stages them with the plan that commits them. */
export async function publishCatalogue(
  catalogue: Catalogue,
  entities: readonly EntityRows[],
  { planId, retrievedAt }: Pick<CatalogueVersion, "planId" | "retrievedAt">,
  { io, settings, run }: Context,
): Promise<void> {
  const { buckets, memoryMb, duckdbExtensions: extensionsDir } = settings;
  const folder = await mkdtemp(join(tmpdir(), "millrace-catalogue-"));
  let db: DuckDb | undefined;
  try {
    const limits = { memoryMb: Math.floor(memoryMb / 4), threads: 1 };
    db = await openDuckDb({ ...limits, tempDir: join(folder, "spill"), extensionsDir });
    const tables: TablePlan[] = [];
    for (const { entity, rows, sha256 } of entities) {
      const [landed, staged] = [new JsonLines(join(folder, `${entity}.landed`)), new JsonLines(join(folder, entity))];
      const own = CATALOGUE_COLUMNS[entity];
      for (const row of rows) {
        await landed.write(isTimed(entity) ? { ...row, retrieved_at: retrievedAt } : row);
        await staged.write(Object.fromEntries(own.map((column) => [column.name, columnValue(row, column)])));
      }
      await landed.close();
      await staged.close();
      const json = { ifAbsent: true, contentType: "application/json" };
      await io.objects.put(buckets.landing, catalogueKey(entity, sha256), createReadStream(landed.path), json);
      const key = `staging/${planId}/${run.id}/${entity}.parquet`;
      if (rows.length > 0) {
        const target = join(folder, `${entity}.parquet`);
        await rowsToParquet(db, { entity, rows: staged, own, origin: originSql(retrievedAt, run.id), target });
        await io.objects.put(buckets.lake, key, createReadStream(target));
      }
      tables.push({
        ...{ namespace: "raw", table: catalogueTable(entity), columns: [...own, ...CATALOGUE_ORIGIN] },
        ...{ partitionBy: [], sortBy: [], replace: [{ column: "source_system", value: SYSTEM }] },
        files: rows.length > 0 ? [{ bucket: buckets.lake, key, rows: rows.length }] : [],
      });
    }
    const plan: CommitPlan = { version: 1, id: planId, newest: newestCatalogue(catalogue), tables };
    await io.objects.put(buckets.artifacts, planKey(planId), JSON.stringify(plan), { contentType: "application/json" });
  } catch (error) {
    throw isDiskFull(error) ? diskFull(`stage the ${catalogue} of edx.org`, error) : error;
  } finally {
    db?.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** The rows between programs and courses are of no time. */
const isTimed = (entity: EntityRows["entity"]): boolean => entity !== "program_course_metadata";

const originSql = (retrievedAt: string, runId: string): string[] => [
  `${quoteText(SYSTEM)} AS source_system`,
  `${timestampSql(retrievedAt)} AS retrieved_at`,
  `${quoteText(runId)} AS run_id`,
  `${timestampSql(new Date().toISOString())} AS loaded_at`,
];
