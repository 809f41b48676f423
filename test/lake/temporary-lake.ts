import { existsSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { embeddedLakeAt } from "../../core/io/embedded/lake.ts";
import { embeddedLedger } from "../../core/io/embedded/ledger.ts";
import { openLake, type LakeOptions, type LakeSession } from "../../core/io/lake.ts";
import type { Ledger, LakeTarget } from "../../core/io/ports.ts";
import type { TablePlan } from "../../core/model/commit-plan.ts";
import { createCatalogue, type Catalogue } from "../../embedded/catalogue/catalogue.ts";
import type { CommitDeps } from "../../lambdas/lake/commit-plan.ts";

const TOOLS = join(import.meta.dirname, "..", "..", ".tools");
export const EXTENSIONS = join(TOOLS, "duckdb-extensions");
export const PYTHON = join(TOOLS, "python", "bin", "python");

/** Why these tests cannot run here, or undefined. `node bin/ensure.js test` installs both. */
export const missingExtensions = existsSync(join(EXTENSIONS, "iceberg.duckdb_extension"))
  ? undefined
  : `the DuckDB extensions are not in ${EXTENSIONS}`;
export const missingPython = existsSync(PYTHON) ? undefined : `there is no ${PYTHON}`;

export interface TemporaryLake {
  readonly folder: string;
  readonly catalogue: Catalogue;
  readonly catalogUri: string;
  readonly target: LakeTarget;
  readonly ledger: Ledger;
  readonly options: LakeOptions;
  open(): Promise<LakeSession>;
  stop(): Promise<void>;
}

/** The catalogue on loopback and a ledger, with all state in `folder`; opening the same folder again goes on with it. */
export async function startLake(folder: string): Promise<TemporaryLake> {
  const warehouseDir = join(folder, "warehouse");
  const catalogue = createCatalogue({ file: join(folder, "catalogue.db"), warehouseDir });
  const server = createServer(catalogue.handler);
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const catalogUri = `http://127.0.0.1:${port}/catalog`;
  const target = embeddedLakeAt({ catalogUrl: catalogUri, warehouseDir });
  const ledger = embeddedLedger(folder);
  const options = lakeOptions(folder);
  return {
    folder,
    catalogue,
    catalogUri,
    target,
    ledger,
    options,
    open: () => openLake(target, options),
    async stop() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
      catalogue.close();
      ledger.close();
    },
  };
}

export const lakeOptions = (folder: string): LakeOptions => ({
  memoryMb: 256,
  threads: 1,
  tempDir: join(folder, "tmp"),
  extensionsDir: EXTENSIONS,
});

/** What `commitPlan` needs, with a session of its own; staged files are named by their local path. */
export function committer(
  home: { readonly target: LakeTarget; readonly options: LakeOptions; readonly ledger: Ledger },
  holder: string,
): CommitDeps & { close(): Promise<void> } {
  let open: Promise<LakeSession> | undefined;
  const discard = async (): Promise<void> => {
    const failed = open;
    open = undefined;
    (await failed)?.close();
  };
  return {
    lake: { session: () => (open ??= openLake(home.target, home.options)), discard },
    ledger: home.ledger,
    objects: { sqlUri: async ({ key }) => key },
    holder,
    lease: { ttlSeconds: 2, waitSeconds: 60 },
    close: discard,
  };
}

const COLUMNS: TablePlan["columns"] = [
  { name: "name", type: "string" },
  { name: "event_time", type: "timestamp" },
  { name: "log_date", type: "date" },
  { name: "source_file", type: "string" },
  { name: "source_line", type: "long" },
];

/** A plan that replaces the rows of one source file in `raw.logs` by `rows` staged ones. */
export function logsPlan(file: string, staged: { readonly key: string; readonly rows: number }): TablePlan {
  return {
    namespace: "raw",
    table: "logs",
    columns: COLUMNS,
    partitionBy: ["log_date"],
    replace: [{ column: "source_file", value: file }],
    files: staged.rows === 0 ? [] : [{ bucket: "lake", ...staged }],
    sortBy: ["event_time", "source_line"],
  };
}

/** SQL that writes `rows` rows of `file` as Parquet to `key`; `version` shows in the column `name`. */
export const stageSql = (file: string, key: string, rows: number, version: string): string => `
  COPY (SELECT '${version}-' || i AS name, TIMESTAMP '2024-01-01 00:00:00.000001' + i * INTERVAL 1 SECOND AS event_time,
               DATE '2024-01-01' + (i % 2)::INT AS log_date, '${file}' AS source_file, i::BIGINT AS source_line
        FROM range(${rows}) r(i)) TO '${key}'`;
