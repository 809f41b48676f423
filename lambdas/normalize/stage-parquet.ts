import { quoteName, quoteText, type DuckDb } from "../../core/io/duckdb.ts";
import { FIELDS, TABLE_COLUMNS } from "./columns.ts";

/** What is the same in every row of a file. */
export interface RowOrigin {
  /** `YYYY-MM-DD` */
  readonly logDate: string;
  /** `s3://bucket/key` of the landed object, or the source's own address of it. */
  readonly sourceFile: string;
  /** Of the object as it landed, compressed. */
  readonly sourceSha256: string;
  readonly sourceVersion: string;
  readonly sourceModified: Date;
  readonly runId: string;
  readonly loadedAt: Date;
}

const STAGED_TEXT = ["time_raw", "time_status", "event_kind", "context_kind", "extra"] as const;
const STAGED_COUNTS = ["source_line", "source_offset"] as const;
/** DuckDB's own default; its buffers are twice this. */
const OBJECT_MIN_BYTES = 16 * 1024 * 1024;

/**
 * Strict read of one staged part into Parquet: every column named, all text, no `ignore_errors`; the engine keeps the
 * order of the lines. Returns the number of rows that it read: the caller compares.
 */
export async function stageParquet(
  db: DuckDb,
  part: { readonly path: string; readonly longestLine: number },
  origin: RowOrigin,
  target: string,
): Promise<number> {
  const columns = [
    ...[...FIELDS, ...STAGED_TEXT].map((name) => `${quoteName(name)}: 'VARCHAR'`),
    ...STAGED_COUNTS.map((name) => `${name}: 'BIGINT'`),
  ];
  const maximum = Math.max(OBJECT_MIN_BYTES, part.longestLine + 1024);
  const source = `read_json(${quoteText(part.path)}, format = 'newline_delimited', columns = {${columns.join(", ")}}, maximum_object_size = ${maximum}, compression = 'uncompressed')`;
  const computed = computedColumns(origin);
  const select = TABLE_COLUMNS.map(({ name }) => {
    const expression = computed.get(name);
    return expression === undefined ? quoteName(name) : `${expression} AS ${quoteName(name)}`;
  });
  return db.run(
    `COPY (SELECT ${select.join(", ")} FROM ${source}) TO ${quoteText(target)} (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)`,
  );
}

function computedColumns(origin: RowOrigin): ReadonlyMap<string, string> {
  const instant = (date: Date): string => `TIMESTAMP ${quoteText(date.toISOString().replace("T", " ").slice(0, -1))}`;
  const loadedAt = instant(origin.loadedAt);
  return new Map([
    ["event_time", `CAST("time" AS TIMESTAMP)`],
    ["log_date", `DATE ${quoteText(origin.logDate)}`],
    ["source_file", quoteText(origin.sourceFile)],
    ["source_sha256", quoteText(origin.sourceSha256)],
    ["source_version", quoteText(origin.sourceVersion)],
    ["run_id", quoteText(origin.runId)],
    ["loaded_at", loadedAt],
    ["_airbyte_extracted_at", loadedAt],
    ["_ab_source_file_last_modified", instant(origin.sourceModified)],
    ["_ab_source_file_url", quoteText(origin.sourceFile)],
  ]);
}
