import { join } from "node:path";
import {
  DuckDBInstance,
  JsonDuckDBValueConverter,
  StatementType,
  type DuckDBConnection,
  type DuckDBValue,
  type DuckDBValueConverter,
  type Json,
} from "@duckdb/node-api";
import { Failure } from "../model/failures.ts";
import { quoteText } from "./sql-text.ts";

export { quoteName, quoteText } from "./sql-text.ts";
export type { Json } from "@duckdb/node-api";

export interface DuckDbOptions {
  /** DuckDB's own limit. Not a ceiling: resident memory was measured a third above it. */
  readonly memoryMb: number;
  readonly threads: number;
  /** Where big sorts spill; made at the first spill. */
  readonly tempDir: string;
  /** Folder with `<name>.duckdb_extension` files. */
  readonly extensionsDir: string;
  /** Names, loaded in this order. */
  readonly extensions?: readonly string[];
}

/** Values of statement parameters, `$1` or `$name`. */
export type Parameters = readonly (string | number | bigint | boolean | null)[] | Readonly<Record<string, DuckDBValue>>;

/**
 * One row as plain JSON. Integers beyond 2^53 and decimals are digit-exact text; dates and times are text as
 * DuckDB writes them (`2024-01-31`, `2024-01-31 10:11:12.123456`).
 */
export type Row = Record<string, Json>;

/** One database in memory with one connection: one statement at a time, one transaction at a time. */
export interface DuckDb {
  /** Runs one or more statements; the count of rows that the last one changed. */
  run(sql: string, parameters?: Parameters): Promise<number>;
  /** All rows of a small result. */
  rows(sql: string, parameters?: Parameters): Promise<Row[]>;
  /** Rows of a result of any size, in batches of at most 2,048, at bounded memory. */
  stream(sql: string, parameters?: Parameters): AsyncIterable<Row[]>;
  /** Type of every statement in the text (`SELECT`, `INSERT`, ...) without running any. */
  statementTypes(sql: string): Promise<string[]>;
  /** Stops the statement that runs; it throws. */
  interrupt(): void;
  close(): void;
}

/** Errors of DuckDB pass through as thrown; only a missing extension is told apart (Misconfigured). */
export async function openDuckDb(options: DuckDbOptions): Promise<DuckDb> {
  const instance = await DuckDBInstance.create(":memory:", {
    memory_limit: `${options.memoryMb}MB`,
    threads: String(options.threads),
    temp_directory: options.tempDir,
    // Nothing is fetched at run time: what a task needs is in its bundle or layer.
    autoinstall_known_extensions: "false",
    autoload_known_extensions: "false",
    allow_community_extensions: "false",
  });
  const connection = await instance.connect();
  const close = (): void => {
    connection.closeSync();
    instance.closeSync();
  };
  try {
    for (const name of options.extensions ?? []) await loadExtension(connection, options.extensionsDir, name);
    // Timestamps have no zone and mean UTC by contract.
    await connection.run("SET TimeZone = 'UTC'");
  } catch (error) {
    close();
    throw error;
  }
  return { ...session(connection), close };
}

function session(connection: DuckDBConnection): Omit<DuckDb, "close"> {
  return {
    run: async (sql, parameters) => (await connection.run(sql, bound(parameters))).rowsChanged,

    async rows(sql, parameters) {
      const reader = await connection.run(sql, bound(parameters));
      return reader.convertRowObjects(toJson);
    },

    async *stream(sql, parameters) {
      const result = await connection.stream(sql, bound(parameters));
      yield* result.yieldConvertedRowObjects(toJson);
    },

    async statementTypes(sql) {
      const statements = await connection.extractStatements(sql);
      const types: string[] = [];
      for (let index = 0; index < statements.count; index += 1) {
        const statement = await statements.prepare(index);
        types.push(StatementType[statement.statementType] ?? "UNKNOWN");
        statement.destroySync();
      }
      return types;
    },

    interrupt: () => connection.interrupt(),
  };
}

async function loadExtension(connection: DuckDBConnection, dir: string, name: string): Promise<void> {
  const file = join(dir, `${name}.duckdb_extension`);
  try {
    await connection.run(`LOAD ${quoteText(file)}`);
  } catch (error) {
    throw new Failure("Misconfigured", `The DuckDB extension ${name} cannot be loaded from ${file}.`, {
      code: "extension_missing",
      what: "load a DuckDB extension",
      hint: "Extensions must be of the same version as the engine; `npx millrace doctor` shows what is there.",
      cause: error,
    });
  }
}

const toJson: DuckDBValueConverter<Json> = (value, type, converter) => {
  if (typeof value !== "bigint") return JsonDuckDBValueConverter(value, type, converter);
  return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : String(value);
};

function bound(parameters: Parameters | undefined): DuckDBValue[] | Record<string, DuckDBValue> | undefined {
  if (parameters === undefined) return undefined;
  return isList(parameters) ? [...parameters] : { ...parameters };
}

const isList = (parameters: Parameters): parameters is readonly (string | number | bigint | boolean | null)[] =>
  Array.isArray(parameters);
