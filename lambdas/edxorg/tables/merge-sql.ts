import { quoteName, quoteText } from "../../../core/io/duckdb.ts";
import { COMMON, COURSE } from "./columns.ts";

export interface MergeRequest {
  /** `lake."raw"."table"` */
  readonly table: string;
  /** All columns of the table. */
  readonly columns: readonly string[];
  /** Columns of `incoming`. */
  readonly read: readonly string[];
  readonly loadId: string;
  /** SQL of the instant of this slice. */
  readonly now: string;
  /** Courses that the slice has rows of. */
  readonly courses: readonly string[];
  /** Courses whose newest object ends in this slice: what they hold besides is absent. */
  readonly ended: readonly string[];
  readonly target: string;
}

const common = new Set(COMMON.map(({ name }) => name));
const list = (values: readonly string[]): string => values.map(quoteText).join(", ");

/** One row for each key, the first. Grouping by the key alone can leave memory for the disk. */
export const KEYS = `CREATE OR REPLACE TABLE keys AS
  SELECT row_hash, ${COURSE}, min(rowid) AS first FROM incoming GROUP BY row_hash, ${COURSE}`;

/** What the lake has of those keys already. */
export const knownSql = ({ table, courses }: Pick<MergeRequest, "table" | "courses">): string =>
  `CREATE OR REPLACE TABLE known AS SELECT * FROM ${table}
   WHERE ${courses.length === 0 ? "false" : `${COURSE} IN (${list(courses)})`}
     AND (row_hash, ${COURSE}) IN (SELECT (row_hash, ${COURSE}) FROM keys)`;

/**
 * What the slice makes of the table, row by row: rows seen are kept and refreshed, new ones added, and those that an
 * ended course does not have any more marked. What was delivered late adds rows that are absent by now, and nothing else.
 */
export function mergeSql(request: MergeRequest): string {
  const { table, columns, read, loadId, now, ended, target } = request;
  const load = quoteText(loadId);
  const value = (name: string): string => {
    if (name === "_loaded_at") return `coalesce(k._loaded_at, ${now})`;
    if (name === "_load_id" || name === "_dlt_load_id") return load;
    if (name === "_source_uri") return "i._source_uri";
    if (name === "_absent_since") return `CASE WHEN i._newest THEN NULL ELSE ${now} END`;
    const column = quoteName(name);
    return read.includes(name) ? `CASE WHEN k.row_hash IS NULL THEN i.${column} ELSE k.${column} END` : `k.${column}`;
  };
  const seen = columns.map((name) => `${value(name)} AS ${quoteName(name)}`).join(", ");
  const gone = columns.map((name) => (name === "_absent_since" ? now : `t.${quoteName(name)}`)).join(", ");
  const absent =
    ended.length === 0
      ? ""
      : `UNION ALL SELECT ${gone} FROM ${table} t
         WHERE t.${COURSE} IN (${list(ended)}) AND t._absent_since IS NULL AND t._load_id <> ${load}
           AND NOT EXISTS (SELECT 1 FROM keys WHERE keys.row_hash = t.row_hash AND keys.${COURSE} = t.${COURSE})`;
  return `COPY (
    SELECT ${seen} FROM incoming i JOIN keys ON keys.first = i.rowid
      LEFT JOIN known k ON k.row_hash = i.row_hash AND k.${COURSE} = i.${COURSE}
    WHERE k.row_hash IS NULL OR (i._newest AND NOT ${held(load)})
    ${absent}
  ) TO ${quoteText(target)} (FORMAT parquet, COMPRESSION zstd)`;
}

/** What another file of the same load has brought, and of it counts what is still there. */
const held = (load: string): string => `(k._load_id = ${load} AND k._absent_since IS NULL)`;

/** Rows of the slice that it or the load had before. */
export const duplicatesSql = ({ loadId }: Pick<MergeRequest, "loadId">): string =>
  `SELECT (SELECT count(*) FROM incoming) - (SELECT count(*) FROM keys)
     + (SELECT count(*) FROM incoming i JOIN keys ON keys.first = i.rowid
          JOIN known k ON k.row_hash = i.row_hash AND k.${COURSE} = i.${COURSE}
        WHERE k._load_id = ${quoteText(loadId)} AND (NOT i._newest OR ${held(quoteText(loadId))})) AS n`;

/** Numbers of the staged rows by what became of them. */
export const countsSql = ({ loadId, now, target }: Pick<MergeRequest, "loadId" | "now" | "target">): string =>
  `SELECT count(*) FILTER (_load_id = ${quoteText(loadId)} AND _loaded_at = ${now}) AS inserted,
     count(*) FILTER (_load_id = ${quoteText(loadId)} AND _loaded_at <> ${now}) AS refreshed,
     count(*) FILTER (_load_id <> ${quoteText(loadId)}) AS absent
   FROM read_parquet(${quoteText(target)}, hive_partitioning = false)`;

export const dataColumns = (columns: Iterable<string>): string[] => [...columns].filter((name) => !common.has(name));
