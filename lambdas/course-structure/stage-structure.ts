import { createReadStream } from "node:fs";
import { join } from "node:path";
import { openDuckDb, quoteName, quoteText } from "../../core/io/duckdb.ts";
import type { Io } from "../../core/io/ports.ts";
import type { Settings } from "../../core/io/settings.ts";
import type { CommitPlan, TablePlan } from "../../core/model/commit-plan.ts";
import { planKey } from "../staged-rows/plan-key.ts";
import { rowsToParquet, timestampSql } from "../staged-rows/rows-to-parquet.ts";
import type { RowFile } from "./row-files.ts";
import type { StructureHome } from "./structure-home.ts";
import { newestStructurePlan } from "./structure-versions.ts";
import { STRUCTURE_COLUMNS, STRUCTURE_ENTITIES, structureColumns, type StructureEntity } from "./tables.ts";

export interface StageStructure {
  readonly planId: string;
  readonly home: StructureHome;
  readonly courseId: string;
  readonly retrievedAt: string;
  readonly runId: string;
  /** For what is spooled, removed by the caller. */
  readonly folder: string;
  readonly files: Readonly<Record<StructureEntity, RowFile>>;
}

/**
 * Rows as Parquet in the lake's staging area, and the plan that commits them. Keys hold the run, so a second run of the
 * same work never writes under a reader's feet.
 */
export async function stageStructure(
  { planId, home, courseId, retrievedAt, runId, folder, files }: StageStructure,
  { objects }: Pick<Io, "objects">,
  { memoryMb, duckdbExtensions, buckets }: Settings,
): Promise<void> {
  const from = home.origin(courseId);
  const origin = [
    ...Object.entries(from).map(([name, value]) => `${quoteText(value)} AS ${quoteName(name)}`),
    `${timestampSql(retrievedAt)} AS retrieved_at`,
    `${quoteText(runId)} AS run_id`,
    `${timestampSql(new Date().toISOString())} AS loaded_at`,
  ];
  const limits = { memoryMb: Math.floor(memoryMb / 4), threads: 1 };
  const db = await openDuckDb({ ...limits, tempDir: join(folder, "spill"), extensionsDir: duckdbExtensions });
  try {
    const tables: TablePlan[] = [];
    for (const entity of STRUCTURE_ENTITIES) {
      const rows = files[entity].staged;
      const own = STRUCTURE_COLUMNS[entity];
      const key = `staging/${planId}/${runId}/${entity}.parquet`;
      if (rows.rows > 0) {
        const target = join(folder, `${entity}.parquet`);
        await rowsToParquet(db, { entity, rows, own, origin, target });
        await objects.put(buckets.lake, key, createReadStream(target));
      }
      tables.push({
        ...{ namespace: "raw", table: home.table(entity) },
        columns: structureColumns(entity, Object.keys(from)),
        ...{ partitionBy: [], sortBy: [], replace: [...home.replace(courseId)] },
        files: rows.rows > 0 ? [{ bucket: buckets.lake, key, rows: rows.rows }] : [],
      });
    }
    const plan: CommitPlan = { version: 1, id: planId, newest: newestStructurePlan(home.id, courseId), tables };
    const json = { contentType: "application/json" };
    await objects.put(buckets.artifacts, planKey(planId), JSON.stringify(plan), json);
  } finally {
    db.close();
  }
}
