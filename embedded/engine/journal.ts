import { DatabaseSync, type StatementSync } from "node:sqlite";
import { EngineError } from "./errors.ts";
import type { Execution, Frame } from "./frame.ts";
import type { HistoryEvent } from "./history.ts";
import { type Json, parseJson } from "./json.ts";

/** Raised whenever the tables or what they hold change their shape. */
const SCHEMA_VERSION = 1;

const SCHEMA = `
CREATE TABLE IF NOT EXISTS definitions (hash TEXT PRIMARY KEY, text TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS executions (
  id INTEGER PRIMARY KEY, arn TEXT NOT NULL UNIQUE, machine_arn TEXT NOT NULL, status TEXT NOT NULL,
  map_run TEXT, parent_execution INTEGER, parent_frame INTEGER, announced TEXT, body TEXT NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS executions_by_status ON executions (status, id);
CREATE INDEX IF NOT EXISTS executions_by_machine ON executions (machine_arn, id);
CREATE INDEX IF NOT EXISTS executions_by_parent ON executions (parent_execution, parent_frame);
CREATE INDEX IF NOT EXISTS executions_to_announce ON executions (id) WHERE announced IS NOT status;
CREATE TABLE IF NOT EXISTS frames (
  execution INTEGER NOT NULL, frame INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (execution, frame)) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS items (
  execution INTEGER NOT NULL, list INTEGER NOT NULL, idx INTEGER NOT NULL, input TEXT NOT NULL, status TEXT, output TEXT,
  PRIMARY KEY (execution, list, idx)) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS events (
  execution INTEGER NOT NULL, id INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (execution, id)) STRICT, WITHOUT ROWID;
`;

/** One step of one execution: written whole or not at all. */
export interface Step {
  readonly execution: Execution;
  readonly frames: readonly Frame[];
  /** Ids of frames and of item lists, which share one count. */
  readonly dropped: readonly number[];
  readonly events: readonly HistoryEvent[];
  readonly items: readonly ItemUpdate[];
}

export interface ItemUpdate {
  readonly list: number;
  readonly idx: number;
  readonly status: string | null;
  readonly output: Json | undefined;
}

export interface StoredItem {
  readonly idx: number;
  readonly input: Json;
  readonly status: string | undefined;
  readonly output: Json | undefined;
}

/**
 * The engine's durable memory: one SQLite file in WAL mode with synchronous=FULL, so a commit survives a power cut.
 * Steps that fall into the same turn of the event loop share one transaction and one fsync.
 */
export class Journal {
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  #open = false;
  #waiters: { resolve(): void; reject(error: unknown): void }[] = [];
  #broken: EngineError | undefined;

  constructor(file: string) {
    this.#db = new DatabaseSync(file);
    this.#db.exec("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA busy_timeout=2000;");
    const version = Number(this.#sql("PRAGMA user_version").get()?.["user_version"]);
    const tables = Number(this.#sql("SELECT count(*) AS n FROM sqlite_schema").get()?.["n"]);
    if (tables > 0 && version !== SCHEMA_VERSION) {
      this.#db.close();
      throw new EngineError(
        "JournalUnavailable",
        `The journal ${file} has format ${version}, this engine writes format ${SCHEMA_VERSION}. Run \`npx millrace reset\`, or the engine that wrote it.`,
      );
    }
    this.#db.exec(`${SCHEMA} PRAGMA user_version = ${SCHEMA_VERSION};`);
  }

  #sql(text: string): StatementSync {
    const known = this.#statements.get(text);
    if (known !== undefined) return known;
    const statement = this.#db.prepare(text);
    this.#statements.set(text, statement);
    return statement;
  }

  #begin(): void {
    if (this.#broken !== undefined) throw this.#broken;
    if (this.#open) return;
    this.#db.exec("BEGIN IMMEDIATE");
    this.#open = true;
  }

  /** Resolves when everything written so far is on disk. Rejects with `JournalUnavailable` for good. */
  commit(): Promise<void> {
    const done = new Promise<void>((resolve, reject) => this.#waiters.push({ resolve, reject }));
    if (this.#waiters.length === 1) setImmediate(() => this.#flush());
    return done;
  }

  #flush(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    try {
      if (this.#broken !== undefined) throw this.#broken;
      if (this.#open) this.#db.exec("COMMIT");
      this.#open = false;
      for (const waiter of waiters) waiter.resolve();
    } catch (error) {
      this.#fail(error);
      for (const waiter of waiters) waiter.reject(this.#broken);
    }
  }

  /** Memory is ahead of the disk from here on, so nothing more may happen: the next start resumes from the disk. */
  #fail(error: unknown): void {
    this.#broken ??= new EngineError("JournalUnavailable", `The engine's journal cannot be written: ${String(error)}`, {
      cause: error,
    });
    if (this.#open) {
      try {
        this.#db.exec("ROLLBACK");
      } catch {
        // SQLite has rolled back by itself.
      }
      this.#open = false;
    }
  }

  write(step: Step): void {
    this.#guarded(() => {
      const { execution: run } = step;
      this.#sql(
        `INSERT INTO executions (id, arn, machine_arn, status, map_run, parent_execution, parent_frame, body)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET status = excluded.status, body = excluded.body`,
      ).run(
        run.id,
        run.arn,
        run.machineArn,
        run.status,
        run.mapRunArn ?? null,
        run.parent?.execution ?? null,
        run.parent?.frame ?? null,
        JSON.stringify(run),
      );
      const insertFrame = this.#sql(
        "INSERT INTO frames (execution, frame, body) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET body = excluded.body",
      );
      for (const frame of step.frames) insertFrame.run(run.id, frame.id, JSON.stringify(frame));
      const dropFrame = this.#sql("DELETE FROM frames WHERE execution = ? AND frame = ?");
      const dropItems = this.#sql("DELETE FROM items WHERE execution = ? AND list = ?");
      for (const id of step.dropped) {
        dropFrame.run(run.id, id);
        dropItems.run(run.id, id);
      }
      const insertEvent = this.#sql("INSERT INTO events (execution, id, body) VALUES (?, ?, ?)");
      for (const event of step.events) insertEvent.run(run.id, event.id, JSON.stringify(event));
      const updateItem = this.#sql(
        "UPDATE items SET status = ?, output = ? WHERE execution = ? AND list = ? AND idx = ?",
      );
      for (const { list, idx, status, output } of step.items) {
        updateItem.run(status, output === undefined ? null : JSON.stringify(output), run.id, list, idx);
      }
    });
  }

  #guarded<T>(work: () => T): T {
    this.#begin();
    try {
      return work();
    } catch (error) {
      this.#fail(error);
      throw this.#broken;
    }
  }

  putDefinition(hash: string, text: string): void {
    this.#guarded(() => this.#sql("INSERT OR IGNORE INTO definitions (hash, text) VALUES (?, ?)").run(hash, text));
  }

  definition(hash: string): string | undefined {
    return text(this.#sql("SELECT text FROM definitions WHERE hash = ?").get(hash)?.["text"]);
  }

  nextExecutionId(): number {
    return Number(this.#sql("SELECT coalesce(max(id), 0) + 1 AS id FROM executions").get()?.["id"]);
  }

  execution(arn: string): Execution | undefined {
    return execution(this.#sql("SELECT body FROM executions WHERE arn = ?").get(arn)?.["body"]);
  }

  executionById(id: number): Execution | undefined {
    return execution(this.#sql("SELECT body FROM executions WHERE id = ?").get(id)?.["body"]);
  }

  running(): Execution[] {
    return this.#sql("SELECT body FROM executions WHERE status = 'RUNNING' ORDER BY id")
      .all()
      .flatMap((row) => execution(row["body"]) ?? []);
  }

  childrenOf(parent: number, frame: number): Execution[] {
    return this.#sql("SELECT body FROM executions WHERE parent_execution = ? AND parent_frame = ? ORDER BY id")
      .all(parent, frame)
      .flatMap((row) => execution(row["body"]) ?? []);
  }

  /** Newest first; `before` is the id that the page follows on. Children of a Map Run are listed by `mapRun` only. */
  list(filter: {
    readonly machineArn?: string | undefined;
    readonly status?: string | undefined;
    readonly mapRun?: string | undefined;
    readonly before?: number | undefined;
    readonly limit: number;
  }): Execution[] {
    const { machineArn = null, status = null, mapRun = null, before = null } = filter;
    return this.#sql(
      `SELECT body FROM executions WHERE (?1 IS NULL OR machine_arn = ?1) AND (?2 IS NULL OR status = ?2)
       AND map_run IS ?3 AND (?4 IS NULL OR id < ?4) ORDER BY id DESC LIMIT ?5`,
    )
      .all(machineArn, status, mapRun, before, filter.limit)
      .flatMap((row) => execution(row["body"]) ?? []);
  }

  frames(executionId: number): Frame[] {
    return this.#sql("SELECT body FROM frames WHERE execution = ? ORDER BY frame")
      .all(executionId)
      .map((row): Frame => ({ ...EMPTY_FRAME, ...JSON.parse(String(row["body"])) }));
  }

  events(executionId: number, after: number, limit: number): HistoryEvent[] {
    return this.#sql("SELECT body FROM events WHERE execution = ? AND id > ? ORDER BY id LIMIT ?")
      .all(executionId, after, limit)
      .map((row): HistoryEvent => JSON.parse(String(row["body"])));
  }

  /** Items are written ahead of the step that uses them: without that step they mean nothing and are replaced. */
  putItems(executionId: number, list: number, from: number, inputs: readonly Json[]): void {
    this.#guarded(() => {
      const insert = this.#sql(
        `INSERT INTO items (execution, list, idx, input) VALUES (?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET input = excluded.input, status = NULL, output = NULL`,
      );
      inputs.forEach((input, index) => insert.run(executionId, list, from + index, JSON.stringify(input)));
    });
  }

  clearItems(executionId: number, list: number): void {
    this.#guarded(() => this.#sql("DELETE FROM items WHERE execution = ? AND list = ?").run(executionId, list));
  }

  item(executionId: number, list: number, idx: number): StoredItem | undefined {
    const row = this.#sql("SELECT * FROM items WHERE execution = ? AND list = ? AND idx = ?").get(
      executionId,
      list,
      idx,
    );
    return row === undefined ? undefined : storedItem(row);
  }

  *items(executionId: number, list: number): Generator<StoredItem> {
    // Not a kept statement: its cursor stays open while the caller works.
    const rows = this.#db
      .prepare("SELECT * FROM items WHERE execution = ? AND list = ? ORDER BY idx")
      .iterate(executionId, list);
    for (const row of rows) yield storedItem(row);
  }

  toAnnounce(): Execution[] {
    return this.#sql("SELECT body FROM executions WHERE announced IS NOT status ORDER BY id")
      .all()
      .flatMap((row) => execution(row["body"]) ?? []);
  }

  /** Rides on the next commit: a lost mark means that the same status is announced twice, which is allowed. */
  markAnnounced(id: number, status: string): void {
    this.#guarded(() => this.#sql("UPDATE executions SET announced = ? WHERE id = ?").run(status, id));
  }

  close(): void {
    this.#flush();
    this.#db.close();
  }
}

const text = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);

const storedItem = (row: Record<string, unknown>): StoredItem => ({
  idx: Number(row["idx"]),
  input: parseJson(String(row["input"])),
  status: text(row["status"]),
  output: typeof row["output"] === "string" ? parseJson(row["output"]) : undefined,
});

const execution = (body: unknown): Execution | undefined =>
  typeof body === "string" ? { ...EMPTY_EXECUTION, ...JSON.parse(body) } : undefined;

// JSON drops undefined members; these put them back, so that a resumed frame has the same shape as a fresh one.
const EMPTY_FRAME = { parent: undefined, dueMs: undefined, task: undefined, fan: undefined, item: undefined };
const EMPTY_EXECUTION = { parent: undefined, mapRunArn: undefined, stopMs: undefined, output: undefined };
