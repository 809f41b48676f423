import { DatabaseSync, type StatementSync } from "node:sqlite";
import { EngineError } from "./errors.ts";
import type { Execution, Frame } from "./frame.ts";
import type { HistoryEvent } from "./history.ts";
import type { Json } from "./json.ts";
import { executionOf, frameOf, itemOf, SCHEMA, SCHEMA_VERSION, type StoredItem, textOf } from "./schema.ts";

// How long a mark that may be lost waits for a commit to ride on.
const LAZY_COMMIT_MS = 250;

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
  #later: NodeJS.Timeout | undefined;

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
        `INSERT INTO executions (id, arn, machine_arn, status, map_run, body)
         VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET status = excluded.status, body = excluded.body`,
      ).run(run.id, run.arn, run.machineArn, run.status, run.mapRunArn ?? null, JSON.stringify(run));
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
    return textOf(this.#sql("SELECT text FROM definitions WHERE hash = ?").get(hash)?.["text"]);
  }

  nextExecutionId(): number {
    return Number(this.#sql("SELECT coalesce(max(id), 0) + 1 AS id FROM executions").get()?.["id"]);
  }

  execution(arn: string): Execution | undefined {
    return executionOf(this.#sql("SELECT body FROM executions WHERE arn = ?").get(arn));
  }

  executionById(id: number): Execution | undefined {
    return executionOf(this.#sql("SELECT body FROM executions WHERE id = ?").get(id));
  }

  running(): Execution[] {
    return this.#sql("SELECT body FROM executions WHERE status = 'RUNNING' ORDER BY id")
      .all()
      .flatMap((row) => executionOf(row) ?? []);
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
      .flatMap((row) => executionOf(row) ?? []);
  }

  frames(executionId: number): Frame[] {
    return this.#sql("SELECT body FROM frames WHERE execution = ? ORDER BY frame").all(executionId).map(frameOf);
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
    return row === undefined ? undefined : itemOf(row);
  }

  *items(executionId: number, list: number): Generator<StoredItem> {
    // Not a kept statement: its cursor stays open while the caller works.
    const rows = this.#db
      .prepare("SELECT * FROM items WHERE execution = ? AND list = ? ORDER BY idx")
      .iterate(executionId, list);
    for (const row of rows) yield itemOf(row);
  }

  toAnnounce(): Execution[] {
    return this.#sql("SELECT body FROM executions WHERE announced IS NOT status ORDER BY id")
      .all()
      .flatMap((row) => executionOf(row) ?? []);
  }

  /** Rides on the next commit: a lost mark means that the same status is announced twice, which is allowed. */
  markAnnounced(id: number, status: string): void {
    this.#guarded(() => this.#sql("UPDATE executions SET announced = ? WHERE id = ?").run(status, id));
    this.#later ??= setTimeout(() => {
      this.#later = undefined;
      this.commit().catch(() => undefined);
    }, LAZY_COMMIT_MS).unref();
  }

  /** Forgets executions that ended before a time, with all that belongs to them. Returns how many. */
  prune(endedBeforeMs: number, limit: number): number {
    return this.#guarded(() => {
      const ids = this.#sql(
        "SELECT id FROM executions WHERE status <> 'RUNNING' AND json_extract(body, '$.stopMs') < ? ORDER BY id LIMIT ?",
      ).all(endedBeforeMs, limit);
      for (const { id } of ids) {
        for (const table of ["events", "frames", "items"]) {
          this.#sql(`DELETE FROM ${table} WHERE execution = ?`).run(id ?? null);
        }
        this.#sql("DELETE FROM executions WHERE id = ?").run(id ?? null);
      }
      return ids.length;
    });
  }

  close(): void {
    clearTimeout(this.#later);
    this.#flush();
    this.#db.close();
  }
}
