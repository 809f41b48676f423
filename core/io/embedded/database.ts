import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { embeddedFailure, isBusy } from "./errors.ts";

/** Longer than any of our transactions by far; shorter than the shortest task time-out. */
const BUSY_TIMEOUT_MS = 20_000;
const SET_UP_ATTEMPTS = 100;
const SET_UP_PAUSE_MS = 20;

/**
 * Opens one of the state folder's databases, which the engine and all workers share. WAL lets readers go on
 * beside the one writer; synchronous=FULL because an acknowledged write must survive a power cut.
 */
export function openDatabase(stateDir: string, file: string, schema: string): DatabaseSync {
  try {
    mkdirSync(stateDir, { recursive: true });
    const db = new DatabaseSync(join(stateDir, file), { timeout: BUSY_TIMEOUT_MS });
    setUp(db, schema);
    return db;
  } catch (error) {
    throw embeddedFailure(error, `open ${file} in the state folder`);
  }
}

/** SQLite does not wait for its busy time-out while a fresh file is turned to WAL: ask again instead. */
function setUp(db: DatabaseSync, schema: string): void {
  for (let attempt = 1; ; attempt += 1) {
    try {
      db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;");
      db.exec(`BEGIN IMMEDIATE; ${schema} COMMIT;`);
      return;
    } catch (error) {
      if (db.isTransaction) db.exec("ROLLBACK");
      if (!isBusy(error) || attempt >= SET_UP_ATTEMPTS) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, SET_UP_PAUSE_MS);
    }
  }
}

/** Runs `work` in one write transaction; IMMEDIATE, so that it never fails half-way for want of the lock. */
export function transaction<T>(db: DatabaseSync, work: () => T): T {
  db.exec("BEGIN IMMEDIATE");
  try {
    const result = work();
    db.exec("COMMIT");
    return result;
  } catch (error) {
    // A full disk makes SQLite roll back by itself.
    if (db.isTransaction) db.exec("ROLLBACK");
    throw error;
  }
}

/** The smallest string above every string with this prefix, in byte order of UTF-8; undefined = no bound. */
export function prefixEnd(prefix: string): string | undefined {
  const points = Array.from(prefix, (char) => char.codePointAt(0) ?? 0);
  while (points.at(-1) === 0x10ffff) points.pop();
  const last = points.pop();
  if (last === undefined) return undefined;
  // Surrogates are no code points of text: the one after U+D7FF is U+E000.
  return String.fromCodePoint(...points, last === 0xd7ff ? 0xe000 : last + 1);
}
