import { join } from "node:path";
import { openDuckDb, quoteName, quoteText } from "../core/io/duckdb.ts";
import { FIELDS } from "../lambdas/normalize/columns.ts";
import { normaliseFile } from "../lambdas/normalize/normalise-file.ts";

/** One measured pass in a process of its own, so that its peak memory is its own: `MODE LOG FOLDER`. */
const [mode = "", log = "", folder = ""] = process.argv.slice(2);
const LOG_DATE = "2024-06-13";
/** What the task gives DuckDB; the plain reader gets the whole machine. */
const TASK = { memoryMb: 512, threads: 1 };
const PLAIN = { memoryMb: 4096, threads: 2 };

const started = performance.now();
const rawBytes =
  mode === "millrace" ? await millrace() : await plain(mode === "plain", mode === "plain-task" ? TASK : PLAIN);
const seconds = (performance.now() - started) / 1_000;
process.stdout.write(`${JSON.stringify({ seconds, peakRssMb: process.resourceUsage().maxRSS / 1024, rawBytes })}\n`);

async function millrace(): Promise<number> {
  const db = await openDuckDb({ ...TASK, tempDir: join(folder, "spill"), extensionsDir: "" });
  const { facts } = await normaliseFile(db, {
    path: log,
    name: log,
    folder,
    origin: {
      ...{ logDate: LOG_DATE, sourceFile: `s3://landing/${log}`, sourceSha256: "0".repeat(64), sourceVersion: "1" },
      ...{ sourceModified: new Date(), runId: "bench", loadedAt: new Date() },
    },
  });
  db.close();
  return facts.bytes;
}

async function plain(sorted: boolean, resources: typeof PLAIN): Promise<number> {
  const db = await openDuckDb({ ...resources, tempDir: join(folder, "spill"), extensionsDir: "" });
  const types: Readonly<Record<string, string>> = { context: "JSON", event: "JSON", time: "TIMESTAMP" };
  const columns = FIELDS.map((name) => `${quoteName(name)}: '${types[name] ?? "VARCHAR"}'`).join(", ");
  const constants = [
    `"time" AS event_time, DATE '${LOG_DATE}' AS log_date, ${quoteText(`s3://landing/${log}`)} AS source_file`,
    `'${"0".repeat(64)}' AS source_sha256, '1' AS source_version, 'bench' AS run_id, now()::TIMESTAMP AS loaded_at`,
    `now()::TIMESTAMP AS _airbyte_extracted_at, now()::TIMESTAMP AS _ab_source_file_last_modified`,
    `${quoteText(`s3://landing/${log}`)} AS _ab_source_file_url`,
  ].join(", ");
  const source = `read_json(${quoteText(log)}, format = 'newline_delimited', columns = {${columns}})`;
  const target = quoteText(join(folder, "plain.parquet"));
  await db.run(
    `COPY (SELECT ${FIELDS.map(quoteName).join(", ")}, ${constants} FROM ${source}${sorted ? ' ORDER BY "time"' : ""})
     TO ${target} (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)`,
  );
  db.close();
  return 0;
}
