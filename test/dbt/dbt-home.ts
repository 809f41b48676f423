import { existsSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { embeddedBus, openBus } from "../../core/io/embedded/bus.ts";
import { embeddedObjects } from "../../core/io/embedded/objects.ts";
import { AssetMaterialized } from "../../core/model/events.ts";
import { buildModels, type BuildAnswer } from "../../lambdas/lakehouse/build-models.ts";
import { markStale } from "../../lambdas/lakehouse/mark-stale.ts";
import { releaseBuild } from "../../lambdas/lakehouse/release-build.ts";
import { EXTENSIONS, missingExtensions, startLake } from "../lake/temporary-lake.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const DBT = join(ROOT, ".tools", "python", "bin", "dbt");
export const PROJECT = join(ROOT, "dbt");
export const missing = missingExtensions ?? (existsSync(DBT) ? undefined : `there is no ${DBT}`);

export const LOGS = "raw__mitxonline__openedx__tracking_logs";

const Envelope = z.object({ detail: AssetMaterialized });

/** A raw tracking-log row; what is not said is null. */
export interface LoggedRow {
  readonly username?: string | null;
  readonly source?: string;
  readonly type?: string | null;
  readonly page?: string;
  readonly context?: string | null;
  readonly event?: string | null;
  readonly time?: string | null;
  readonly file?: string;
  readonly line: number;
}

const COLUMNS = [
  ...["username", "event_source", "event_type", "name", "session", "host", "agent", "ip", "page", "context", "event"],
  ...["time", "referer", "accept_language"],
].map((name) => `${name} VARCHAR`);
const BOOKKEEPING = [
  ...["event_time TIMESTAMP", "time_raw VARCHAR", "time_status VARCHAR", "event_kind VARCHAR", "context_kind VARCHAR"],
  ...["extra VARCHAR", "log_date DATE", "source_file VARCHAR", "source_sha256 VARCHAR", "source_version VARCHAR"],
  ...["source_line BIGINT", "source_offset BIGINT", "run_id VARCHAR", "loaded_at TIMESTAMP"],
  ...["_airbyte_extracted_at TIMESTAMP", "_ab_source_file_last_modified TIMESTAMP", "_ab_source_file_url VARCHAR"],
];

/** A lake, a ledger and a bus on loopback with the project's raw tables, and the lakehouse's tasks over them. */
export async function startDbtHome(folder: string) {
  const lake = await startLake(folder);
  const session = await lake.open();
  const objects = embeddedObjects(folder);
  const bus = embeddedBus(folder);
  const io = { ledger: lake.ledger, objects, bus, lake: lake.target };
  await session.run("CREATE SCHEMA IF NOT EXISTS lake.raw");
  let versions = 0;
  const lines: string[] = [];

  return {
    io,
    session,
    /** What dbt said. */
    lines,
    async createLogs(): Promise<void> {
      await session.run(`CREATE TABLE lake.raw.${LOGS} (${[...COLUMNS, ...BOOKKEEPING].join(", ")})`);
    },
    async log(rows: readonly LoggedRow[]): Promise<void> {
      await session.run("BEGIN");
      for (const { username, source, type, page, context, event, time, file, line } of rows) {
        await session.run(
          `INSERT INTO lake.raw.${LOGS} (username, event_source, event_type, page, context, event, time_raw, event_time,
             event_kind, context_kind, time_status, log_date, source_file, source_line, loaded_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $7, 'string', 'object', 'ok', '2024-03-01', $8, $9, '2024-03-02')`,
          [
            username === undefined ? "ana" : username,
            source ?? "browser",
            type === undefined ? "page_close" : type,
            page ?? null,
            context === undefined ? '{"course_id":"course-v1:MITx+1+A","user_id":7}' : context,
            event ?? null,
            time === undefined ? `2024-03-01 10:00:${String(line % 60).padStart(2, "0")}.000000` : time,
            file ?? "a.log.gz",
            line,
          ],
        );
      }
      await session.run("COMMIT");
    },
    /** The lakehouse machine: raw tables changed, so mark, build and release. */
    async build(run: string, project = PROJECT, tables: readonly string[] = [LOGS]): Promise<BuildAnswer> {
      versions += 1;
      const event: AssetMaterialized = {
        version: 1,
        asset: "mitxonline/openedx/raw_data/tracking_logs",
        partition: "2024-03-01",
        dataVersion: `v${versions}`,
        codeVersion: "1",
        tables: tables.map((table) => `raw.${table}`),
        runId: "ingest",
        materializedAt: "2024-03-02T00:00:00Z",
      };
      const { build } = await markStale(io.ledger, { event, all: false }, run);
      if (!build) throw new Error("the run did not become the builder");
      const settings = { command: DBT, project, target: "duckdb", stateDir: join(folder, "dbt") } as const;
      const env = {
        ...process.env,
        MILLRACE_DUCKDB_EXTENSIONS: EXTENSIONS,
        MILLRACE_DBT_MEMORY: "512MB",
      };
      return buildModels(io, settings, { run, artifacts: "artifacts", env, log: (line) => lines.push(line) });
    },
    release: (run: string) => releaseBuild(io.ledger, run),
    rows: (sql: string) => session.rows(sql),
    openReader: () => lake.open(),
    async snapshot(namespace: string, table: string): Promise<string | undefined> {
      return (await lake.target.currentSnapshot(namespace, table))?.snapshotId;
    },
    /** Models that were announced, in order. */
    announced(): string[] {
      const db = openBus(folder);
      try {
        return db
          .prepare("SELECT event FROM outbox ORDER BY seq")
          .all()
          .map((row) => Envelope.parse(JSON.parse(String(row["event"]))).detail.partition);
      } finally {
        db.close();
      }
    },
    async stop(): Promise<void> {
      session.close();
      bus.close();
      objects.close();
      await lake.stop();
    },
  };
}
export type DbtHome = Awaited<ReturnType<typeof startDbtHome>>;
