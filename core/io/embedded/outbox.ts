import { randomUUID } from "node:crypto";
import type { DatabaseSync } from "node:sqlite";
import { numberOf, textOf } from "./row.ts";
import { transaction } from "./database.ts";

/** What stands in events for the account and region of one machine. */
export const EMBEDDED_ACCOUNT = "000000000000";
export const EMBEDDED_REGION = "us-east-1";

/** Acknowledged events are remembered this long, so that publishing one again stays a no-op. */
const KEEP_ACKED_MS = 24 * 3_600_000;
const PRUNE_LIMIT = 1_000;

/** The envelope of https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html */
export interface OutboxEvent {
  readonly version: "0";
  readonly id: string;
  readonly "detail-type": string;
  readonly source: string;
  readonly account: string;
  /** ISO 8601, whole seconds, UTC. */
  readonly time: string;
  readonly region: string;
  readonly resources: readonly string[];
  readonly detail: Readonly<Record<string, unknown>>;
}

/** An event that waits for the engine; `seq` rises in order of commit. */
export interface OutboxEntry {
  readonly seq: number;
  /** JSON of an `OutboxEvent`. */
  readonly event: string;
}

/** Part of the schema of every database with an outbox: the event commits with what it tells of. */
export const OUTBOX_SCHEMA = `
  CREATE TABLE IF NOT EXISTS outbox (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    event TEXT NOT NULL,
    acked_at INTEGER
  );
  CREATE INDEX IF NOT EXISTS outbox_waiting ON outbox (seq) WHERE acked_at IS NULL;
`;

export function makeEvent(
  type: string,
  source: string,
  detail: Readonly<Record<string, unknown>>,
  options: { readonly id?: string; readonly resources?: readonly string[] } = {},
): OutboxEvent {
  return {
    version: "0",
    id: options.id ?? randomUUID(),
    "detail-type": type,
    source,
    account: EMBEDDED_ACCOUNT,
    time: `${new Date().toISOString().slice(0, 19)}Z`,
    region: EMBEDDED_REGION,
    resources: options.resources ?? [],
    detail,
  };
}

/** Call inside the transaction that makes the event true. A known id is left alone. */
export function addToOutbox(db: DatabaseSync, event: OutboxEvent): void {
  db.prepare("INSERT INTO outbox (id, event) VALUES (?, ?) ON CONFLICT (id) DO NOTHING").run(
    event.id,
    JSON.stringify(event),
  );
}

/** Waiting events with `seq` above `after`, oldest first. Read again from 0 after a restart. */
export function readOutbox(db: DatabaseSync, after: number, limit: number): OutboxEntry[] {
  const rows = db.prepare("SELECT seq, event FROM outbox WHERE acked_at IS NULL AND seq > ? ORDER BY seq LIMIT ?");
  return rows.all(after, limit).map((row) => ({ seq: numberOf(row, "seq"), event: textOf(row, "event") }));
}

/** Marks events as taken over for good by their reader: call after its own commit. */
export function ackOutbox(db: DatabaseSync, seqs: readonly number[]): void {
  if (seqs.length === 0) return;
  const now = Date.now();
  transaction(db, () => {
    const ack = db.prepare("UPDATE outbox SET acked_at = ? WHERE seq = ?");
    for (const seq of seqs) ack.run(now, seq);
    db.prepare("DELETE FROM outbox WHERE seq IN (SELECT seq FROM outbox WHERE acked_at < ? ORDER BY seq LIMIT ?)").run(
      now - KEEP_ACKED_MS,
      PRUNE_LIMIT,
    );
  });
}
