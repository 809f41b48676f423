import { createReadStream } from "node:fs";
import { join } from "node:path";
import { openDuckDb, quoteName, quoteText, type DuckDb } from "../../../core/io/duckdb.ts";
import { SQL_TYPES } from "../../../core/io/lake-table.ts";
import type { Objects } from "../../../core/io/ports.ts";
import type { Settings } from "../../../core/io/settings.ts";
import type { CommitPlan, TablePlan } from "../../../core/model/commit-plan.ts";
import type { ExtractedCourse } from "./extract.ts";
import type { JsonLines } from "./json-lines.ts";
import { newestPlan } from "./course-versions.ts";
import { tablesOf, type EntityTable } from "./tables.ts";

/** DuckDB's own default; a longer line needs a larger buffer, which it allocates per thread. */
const OBJECT_BYTES = 16 * 1_048_576;

export interface StageRequest {
  readonly planId: string;
  readonly deployment: string;
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
  const db = await openDuckDb({
    memoryMb: Math.floor(settings.memoryMb / 4),
    threads: 2,
    tempDir: join(request.folder, "spill"),
    extensionsDir: settings.duckdbExtensions,
  });
  try {
    const tables: TablePlan[] = [];
    for (const table of tablesOf(request.deployment)) {
      const rows = course.rows[table.entity];
      const key = `staging/${request.planId}/${request.runId}/${table.entity}.parquet`;
      if (rows.rows > 0) {
        const parquet = join(request.folder, `${table.entity}.parquet`);
        await writeParquet(db, table, rows, parquet, request);
        await objects.put(settings.buckets.lake, key, createReadStream(parquet));
      }
      tables.push({
        namespace: "raw",
        table: table.table,
        columns: [...table.own, ...table.origin],
        partitionBy: [],
        replace: [{ column: "course_id", value: course.key.id }],
        files: rows.rows > 0 ? [{ bucket: settings.buckets.lake, key, rows: rows.rows }] : [],
        sortBy: [],
      });
    }
    return { version: 1, id: request.planId, newest: newestPlan(request.deployment, course.key.id), tables };
  } finally {
    db.close();
  }
}

async function writeParquet(
  db: DuckDb,
  table: EntityTable,
  rows: JsonLines,
  target: string,
  { deployment, sha256, retrievedAt, runId }: StageRequest,
): Promise<void> {
  const types = table.own.map(({ name, type }) => `${quoteName(name)}: '${SQL_TYPES[type]}'`).join(", ");
  const size = Math.max(OBJECT_BYTES, rows.longestLineBytes + 1);
  const source = `read_json(${quoteText(rows.path)}, format = 'newline_delimited', maximum_object_size = ${size}, columns = {${types}})`;
  const origin = [
    `${quoteText(deployment)} AS source_system`,
    `${quoteText(sha256)} AS archive_sha256`,
    `${timestamp(retrievedAt)} AS retrieved_at`,
    `${quoteText(runId)} AS run_id`,
    `${timestamp(new Date().toISOString())} AS loaded_at`,
  ];
  const columns = [...table.own.map(({ name }) => quoteName(name)), ...origin].join(", ");
  const written = await db.run(
    `COPY (SELECT ${columns} FROM ${source}) TO ${quoteText(target)} (FORMAT parquet, COMPRESSION zstd)`,
  );
  if (written !== rows.rows) throw new Error(`${table.entity}: ${rows.rows} rows became ${written} in Parquet.`);
}

/** Timestamps have no zone and mean UTC. */
const timestamp = (iso: string): string => `TIMESTAMP ${quoteText(iso.replace("T", " ").replace("Z", ""))}`;
