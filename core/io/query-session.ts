import { Failure } from "../model/failures.ts";
import { quoteName, quoteText, type DuckDb, type Row } from "./duckdb.ts";
import { openLake, type LakeOptions } from "./lake.ts";
import type { LakeTarget } from "./ports.ts";

/** For people: reads the lake and nothing else. */
export interface QuerySession {
  /** All rows of one SELECT-like statement. Throws Rejected `read_only` or `bad_query`. */
  rows(sql: string): Promise<Row[]>;
  /** The same in batches, for results of any size. */
  stream(sql: string): AsyncIterable<Row[]>;
  close(): void;
}

const READING: ReadonlySet<string> = new Set(["SELECT", "EXPLAIN"]);
/** Table functions that change the session for good although they stand in a SELECT. */
const SESSION_FUNCTIONS = /\b(enable_logging|disable_logging|enable_profiling|truncate_duckdb_logs)\b/i;

/** A session in which `raw.<table>`, `marts.<model>` and so on resolve, and which cannot write or read other files. */
export async function openQuerySession(target: LakeTarget, options: LakeOptions): Promise<QuerySession> {
  const readOnly = target.attachSql.map((sql) =>
    sql.startsWith("ATTACH ") ? sql.replace(/\)\s*$/, ", READ_ONLY)") : sql,
  );
  const db = await openLake({ ...target, attachSql: readOnly }, options);
  try {
    await useLake(db);
    await db.run(`SET allowed_directories = [${target.dataRoots.map(quoteText).join(", ")}]`);
    await db.run("SET enable_external_access = false");
    await db.run("SET lock_configuration = true");
  } catch (error) {
    db.close();
    throw error;
  }
  return {
    async rows(sql) {
      await admit(db, sql);
      return db.rows(sql).catch(refuse);
    },
    async *stream(sql) {
      await admit(db, sql);
      try {
        yield* db.stream(sql);
      } catch (error) {
        refuse(error);
      }
    },
    close: () => db.close(),
  };
}

/** Names without a catalog mean the lake. DuckDB wants an existing schema for that; an empty lake has none. */
async function useLake(db: DuckDb): Promise<void> {
  const schemas = await db.rows(
    "SELECT schema_name AS name FROM duckdb_schemas() WHERE database_name = 'lake' ORDER BY 1",
  );
  const first = schemas[0]?.["name"];
  if (typeof first === "string") await db.run(`USE lake.${quoteName(first)}`);
}

async function admit(db: DuckDb, sql: string): Promise<void> {
  const types = await statementTypes(db, sql);
  if (types.length !== 1) throw readOnlyFailure(`it is ${types.length} statements`);
  if (!READING.has(types[0] ?? "")) throw readOnlyFailure(`it is of the type ${types[0]}`);
  const called = SESSION_FUNCTIONS.exec(sql)?.[1];
  if (called !== undefined) throw readOnlyFailure(`it calls ${called}`);
}

async function statementTypes(db: DuckDb, sql: string): Promise<string[]> {
  try {
    return await db.statementTypes(sql);
  } catch (error) {
    // The engine's words for a text without a statement.
    if (error instanceof Error && error.message === "Error in native callback") return [];
    return refuse(error);
  }
}

const readOnlyFailure = (why: string, cause?: unknown): Failure =>
  new Failure(
    "Rejected",
    `The query is refused: ${why}; only one reading statement (SELECT, WITH, FROM, SHOW, DESCRIBE, EXPLAIN) over the lake is run.`,
    {
      code: "read_only",
      what: "run a query over the lake",
      ...(cause === undefined ? {} : { cause }),
    },
  );

/** Engine errors in words: what the session forbids, or a mistake in the query. */
function refuse(error: unknown): never {
  const message = (error instanceof Error ? error.message : String(error)).replace(
    /^Failed to extract statements: /,
    "",
  );
  if (/^Permission Error|read-only mode|configuration has been locked/.test(message)) {
    throw readOnlyFailure("it reaches outside the lake or writes", error);
  }
  if (/^(Parser|Binder|Catalog|Syntax|Conversion|Invalid Input|Out of Range|Not implemented) Error/.test(message)) {
    throw new Failure("Rejected", message, { code: "bad_query", what: "run a query over the lake", cause: error });
  }
  throw error;
}
