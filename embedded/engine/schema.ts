import type { Execution, Frame } from "./frame.ts";
import { type Json, parseJson } from "./json.ts";

/** Raised whenever the tables or what they hold change their shape. */
export const SCHEMA_VERSION = 1;

export const SCHEMA = `
CREATE TABLE IF NOT EXISTS definitions (hash TEXT PRIMARY KEY, text TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS executions (
  id INTEGER PRIMARY KEY, arn TEXT NOT NULL UNIQUE, machine_arn TEXT NOT NULL, status TEXT NOT NULL,
  map_run TEXT, announced TEXT, body TEXT NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS executions_by_status ON executions (status, id);
CREATE INDEX IF NOT EXISTS executions_by_machine ON executions (machine_arn, id);
CREATE INDEX IF NOT EXISTS executions_to_announce ON executions (id) WHERE announced IS NOT status;
CREATE TABLE IF NOT EXISTS frames (
  execution INTEGER NOT NULL, frame INTEGER NOT NULL, body TEXT NOT NULL,
  PRIMARY KEY (execution, frame)) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS items (
  execution INTEGER NOT NULL, list INTEGER NOT NULL, idx INTEGER NOT NULL, input TEXT NOT NULL, status TEXT, output TEXT,
  PRIMARY KEY (execution, list, idx)) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS events (
  execution INTEGER NOT NULL, id INTEGER NOT NULL, body TEXT NOT NULL,
  PRIMARY KEY (execution, id)) STRICT, WITHOUT ROWID;
`;

type Row = Readonly<Record<string, unknown>>;

export interface StoredItem {
  readonly idx: number;
  readonly input: Json;
  readonly status: string | undefined;
  readonly output: Json | undefined;
}

export const textOf = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);

export const itemOf = (row: Row): StoredItem => ({
  idx: Number(row["idx"]),
  input: parseJson(String(row["input"])),
  status: textOf(row["status"]),
  output: typeof row["output"] === "string" ? parseJson(row["output"]) : undefined,
});

// JSON drops undefined members; these put them back, so that a resumed frame has the same shape as a fresh one.
const NO_FRAME = { parent: undefined, dueMs: undefined, task: undefined, fan: undefined, item: undefined };
const NO_EXECUTION = { parent: undefined, mapRunArn: undefined, stopMs: undefined, output: undefined };

export const frameOf = (row: Row): Frame => ({ ...NO_FRAME, ...JSON.parse(String(row["body"])) });

export const executionOf = (row: Row | undefined): Execution | undefined =>
  row === undefined ? undefined : { ...NO_EXECUTION, ...JSON.parse(String(row["body"])) };
