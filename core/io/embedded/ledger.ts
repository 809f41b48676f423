import type { DatabaseSync } from "node:sqlite";
import { checkTransaction, encodeItem, pageSize } from "../limits.ts";
import { staleItem } from "../ledger-failures.ts";
import type { Ledger, LedgerCondition, LedgerItem, LedgerWrite } from "../ports.ts";
import { openDatabase, prefixEnd, transaction } from "./database.ts";
import { embeddedFailure } from "./errors.ts";
import { numberOf, textOf, type Row } from "./row.ts";

/** BINARY collation (the default) is byte order of UTF-8, as DynamoDB sorts. */
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS items (
    pk TEXT NOT NULL,
    sk TEXT NOT NULL,
    rev INTEGER NOT NULL,
    expires_at INTEGER,
    data TEXT NOT NULL,
    UNIQUE (pk, sk)
  );
  CREATE INDEX IF NOT EXISTS items_expiring ON items (expires_at) WHERE expires_at IS NOT NULL;
`;

const SWEEP_EVERY_WRITES = 256;
const SWEEP_LIMIT = 1_000;

/** The ledger in SQLite, shared by the engine and all workers; an acknowledged write is durable. */
export function embeddedLedger(stateDir: string): Ledger & { close(): void } {
  const db = openDatabase(stateDir, "ledger.db", SCHEMA);
  let writes = 0;

  const attempt = async <T>(what: string, work: () => T): Promise<T> => {
    try {
      return work();
    } catch (error) {
      throw embeddedFailure(error, what);
    }
  };

  return {
    get: (pk, sk) => attempt(`read the ledger item ${pk} / ${sk}`, () => findItem(db, pk, sk)),

    write: (batch) =>
      attempt(`write ${batch.length} ledger items`, () => {
        const encoded = batch.map(encodeWrite);
        checkTransaction(encoded);
        if (encoded.length === 0) return;
        transaction(db, () => {
          for (const write of encoded) applyWrite(db, write);
        });
        writes += 1;
        if (writes % SWEEP_EVERY_WRITES === 0) sweepExpired(db);
      }),

    query: (pk, { prefix = "", after, limit, descending = false } = {}) =>
      attempt(`query the ledger partition ${pk}`, () => {
        const size = pageSize(limit);
        // A blob is above every text: no upper bound.
        const end = prefixEnd(prefix) ?? new Uint8Array();
        const bounds = descending
          ? "sk >= :prefix AND sk < min(:end, :after)"
          : "sk >= max(:prefix, :after) AND sk > :after AND sk < :end";
        const found = db
          .prepare(
            `SELECT * FROM items WHERE pk = :pk AND ${bounds} AND (expires_at IS NULL OR expires_at > :now)
             ORDER BY sk ${descending ? "DESC" : "ASC"} LIMIT :limit`,
          )
          .all({ pk, prefix, end, after: after ?? (descending ? new Uint8Array() : ""), now: now(), limit: size + 1 });
        const items = found.slice(0, size).map(ledgerItem);
        const last = items.at(-1);
        return found.length > size && last !== undefined ? { items, next: last.sk } : { items };
      }),

    close: () => db.close(),
  };
}

interface EncodedWrite {
  readonly pk: string;
  readonly sk: string;
  readonly condition: LedgerCondition;
  readonly expiresAt: number | null;
  /** JSON of the data; empty for a delete. */
  readonly text: string;
}

function encodeWrite(write: LedgerWrite): EncodedWrite {
  if ("delete" in write) return { ...write.delete, condition: write.if, expiresAt: null, text: "" };
  const { pk, sk, data, expiresAt } = write.put;
  return { pk, sk, condition: write.if, expiresAt: expiresAt ?? null, text: encodeItem(pk, sk, data) };
}

function applyWrite(db: DatabaseSync, { pk, sk, condition, expiresAt, text }: EncodedWrite): void {
  const rev = findItem(db, pk, sk)?.rev ?? 0;
  const holds = "any" in condition || ("absent" in condition ? rev === 0 : rev === condition.rev && rev > 0);
  if (!holds) throw staleItem(pk, sk);
  if (text === "") {
    db.prepare("DELETE FROM items WHERE pk = ? AND sk = ?").run(pk, sk);
    return;
  }
  db.prepare(
    `INSERT INTO items (pk, sk, rev, expires_at, data) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (pk, sk) DO UPDATE SET rev = excluded.rev, expires_at = excluded.expires_at, data = excluded.data`,
  ).run(pk, sk, rev + 1, expiresAt, text);
}

function findItem(db: DatabaseSync, pk: string, sk: string): LedgerItem | undefined {
  const row = db
    .prepare("SELECT * FROM items WHERE pk = ? AND sk = ? AND (expires_at IS NULL OR expires_at > ?)")
    .get(pk, sk, now());
  return row === undefined ? undefined : ledgerItem(row);
}

function ledgerItem(row: Row): LedgerItem {
  const expiresAt = row["expires_at"];
  const data: unknown = JSON.parse(textOf(row, "data"));
  return {
    pk: textOf(row, "pk"),
    sk: textOf(row, "sk"),
    rev: numberOf(row, "rev"),
    ...(typeof expiresAt === "number" ? { expiresAt } : {}),
    data,
  };
}

/** Reads already leave expired items out; this only gives their space back. */
function sweepExpired(db: DatabaseSync): void {
  db.prepare(
    "DELETE FROM items WHERE rowid IN (SELECT rowid FROM items WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)",
  ).run(now(), SWEEP_LIMIT);
}

const now = (): number => Math.floor(Date.now() / 1_000);
