import { createReadStream } from "node:fs";
import { join } from "node:path";
import { openDuckDb, quoteName, quoteText, type DuckDb } from "../../core/io/duckdb.ts";
import type { Objects } from "../../core/io/ports.ts";
import type { Settings } from "../../core/io/settings.ts";
import type { CommitPlan, TablePlan } from "../../core/model/commit-plan.ts";
import { rowsToParquet, timestampSql } from "../staged-rows/rows-to-parquet.ts";
import type { ExtractedCourse } from "./extract.ts";
import type { CourseHome, CourseOrigin } from "./course-home.ts";
import type { JsonLines } from "../staged-rows/json-lines.ts";
import { newestPlan } from "./course-versions.ts";
import type { EntityTable } from "./tables.ts";

export interface StageRequest {
  readonly planId: string;
  readonly home: CourseHome;
  readonly sha256: string;
  readonly retrievedAt: string;
  readonly runId: string;
  readonly folder: string;
}

/**
 * Rows of all tables as Parquet in the lake's staging area and the plan that commits them. Keys hold the run, so a
 * second run of the same work never writes under a reader's feet.
 */
export async function stageRows(
  course: ExtractedCourse,
  request: StageRequest,
  { objects }: { readonly objects: Objects },
  settings: Settings,
): Promise<CommitPlan> {
  const { home } = request;
  const courseId = home.courseId(course.key);
  const db = await openDuckDb({
    memoryMb: Math.floor(settings.memoryMb / 4),
    threads: 2,
    tempDir: join(request.folder, "spill"),
    extensionsDir: settings.duckdbExtensions,
  });
  try {
    const tables: TablePlan[] = [];
    for (const table of home.tables) {
      const rows = course.rows[table.entity];
      const key = `staging/${request.planId}/${request.runId}/${table.entity}.parquet`;
      if (rows.rows > 0) {
        const parquet = join(request.folder, `${table.entity}.parquet`);
        await writeParquet(db, table, rows, parquet, { ...request, from: home.origin(courseId) });
        await objects.put(settings.buckets.lake, key, createReadStream(parquet));
      }
      tables.push({
        namespace: "raw",
        table: table.table,
        columns: [...table.own, ...table.origin],
        partitionBy: [],
        replace: [...home.replace(courseId)],
        files: rows.rows > 0 ? [{ bucket: settings.buckets.lake, key, rows: rows.rows }] : [],
        sortBy: [],
      });
    }
    return { version: 1, id: request.planId, newest: newestPlan(home.id, courseId), tables };
  } finally {
    db.close();
  }
}

async function writeParquet(
  db: DuckDb,
  { entity, own }: EntityTable,
  rows: JsonLines,
  target: string,
  { from, sha256, retrievedAt, runId }: StageRequest & { readonly from: CourseOrigin },
): Promise<void> {
  const origin = [
    ...Object.entries(from).map(([name, value]) => `${quoteText(value)} AS ${quoteName(name)}`),
    `${quoteText(sha256)} AS archive_sha256`,
    `${timestampSql(retrievedAt)} AS retrieved_at`,
    `${quoteText(runId)} AS run_id`,
    `${timestampSql(new Date().toISOString())} AS loaded_at`,
  ];
  await rowsToParquet(db, { entity, rows, own, origin, target });
}
