import type { DatabaseSync } from "node:sqlite";
import { openDatabase, transaction } from "../core/io/embedded/database.ts";
import { addToOutbox, makeEvent, OUTBOX_SCHEMA } from "../core/io/embedded/outbox.ts";
import { textOf, type Row } from "../core/io/embedded/row.ts";

/**
 * What the home itself remembers, apart from the executions: which event started what (so that a person can follow
 * a file to its marts), events that could not be started, the last tick of every schedule, and its own events.
 */
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS handled_events (
    event_id TEXT PRIMARY KEY,
    detail_type TEXT NOT NULL,
    bucket TEXT, object_key TEXT, version_id TEXT,
    cause_run TEXT,
    executions TEXT NOT NULL,
    handled_at TEXT NOT NULL
  );
  CREATE INDEX IF NOT EXISTS handled_by_key ON handled_events (bucket, object_key);
  CREATE INDEX IF NOT EXISTS handled_by_cause ON handled_events (cause_run);
  CREATE INDEX IF NOT EXISTS handled_by_time ON handled_events (handled_at);
  CREATE TABLE IF NOT EXISTS dead_letters (
    event_id TEXT NOT NULL, rule TEXT NOT NULL, target TEXT NOT NULL,
    event TEXT NOT NULL, error TEXT NOT NULL, at TEXT NOT NULL,
    PRIMARY KEY (event_id, rule, target)
  );
  CREATE TABLE IF NOT EXISTS ticks (schedule TEXT PRIMARY KEY, anchor TEXT NOT NULL, last_tick TEXT NOT NULL);
  ${OUTBOX_SCHEMA}
`;

export interface HandledEvent {
  readonly eventId: string;
  readonly detailType: string;
  readonly bucket?: string;
  readonly key?: string;
  readonly versionId?: string;
  /** Id of the run that published the event. */
  readonly causeRun?: string;
  /** ARNs of the executions that the event started. */
  readonly executions: readonly string[];
}

export interface DeadLetter {
  readonly eventId: string;
  readonly rule: string;
  readonly target: string;
  readonly event: string;
  readonly error: string;
}

export type HomeStore = ReturnType<typeof openHomeStore>;

export function openHomeStore(stateDir: string) {
  const db: DatabaseSync = openDatabase(stateDir, "home.db", SCHEMA);
  const insertEvent = db.prepare(
    `INSERT INTO handled_events VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (event_id) DO NOTHING`,
  );
  const insertDead = db.prepare(`INSERT INTO dead_letters VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`);
  const byKey = db.prepare(`SELECT * FROM handled_events WHERE bucket = ? AND object_key = ? AND version_id = ?`);
  const byCause = db.prepare(`SELECT * FROM handled_events WHERE cause_run = ?`);
  const tick = db.prepare(`SELECT anchor, last_tick FROM ticks WHERE schedule = ?`);
  const setTick = db.prepare(
    `INSERT INTO ticks VALUES (?, ?, ?) ON CONFLICT (schedule) DO UPDATE SET last_tick = excluded.last_tick`,
  );
  return {
    recordEvents(events: readonly HandledEvent[], dead: readonly DeadLetter[]): void {
      const now = new Date().toISOString();
      transaction(db, () => {
        for (const event of events) {
          insertEvent.run(
            event.eventId,
            event.detailType,
            event.bucket ?? null,
            event.key ?? null,
            event.versionId ?? null,
            event.causeRun ?? null,
            JSON.stringify(event.executions),
            now,
          );
        }
        for (const one of dead) insertDead.run(one.eventId, one.rule, one.target, one.event, one.error, now);
      });
    },
    eventsOfObject: (bucket: string, key: string, versionId: string): HandledEvent[] =>
      byKey.all(bucket, key, versionId).map(handledEvent),
    eventsCausedBy: (run: string): HandledEvent[] => byCause.all(run).map(handledEvent),
    deadLetters: (): DeadLetter[] =>
      db
        .prepare(`SELECT * FROM dead_letters ORDER BY at DESC LIMIT 100`)
        .all()
        .map((row) => ({
          eventId: textOf(row, "event_id"),
          rule: textOf(row, "rule"),
          target: textOf(row, "target"),
          event: textOf(row, "event"),
          error: textOf(row, "error"),
        })),
    lastTick(schedule: string): { readonly anchor: Date; readonly lastTick: Date } | undefined {
      const row = tick.get(schedule);
      if (row === undefined) return undefined;
      return { anchor: new Date(textOf(row, "anchor")), lastTick: new Date(textOf(row, "last_tick")) };
    },
    setTick(schedule: string, anchor: Date, lastTick: Date): void {
      setTick.run(schedule, anchor.toISOString(), lastTick.toISOString());
    },
    prune(handledBefore: Date): void {
      db.prepare(`DELETE FROM handled_events WHERE handled_at < ?`).run(handledBefore.toISOString());
    },
    /** Puts an event of the home itself on the default bus, durably. */
    publish(event: {
      readonly source: string;
      readonly type: string;
      readonly detail: Readonly<Record<string, unknown>>;
      readonly id?: string;
    }): void {
      const { source, type, detail, id } = event;
      addToOutbox(db, makeEvent(type, source, detail, id === undefined ? {} : { id }));
    },
    close: () => db.close(),
  };
}

function handledEvent(row: Row): HandledEvent {
  const executions: unknown = JSON.parse(textOf(row, "executions"));
  const optional = (column: string, name: string) => (typeof row[column] === "string" ? { [name]: row[column] } : {});
  return {
    eventId: textOf(row, "event_id"),
    detailType: textOf(row, "detail_type"),
    ...optional("bucket", "bucket"),
    ...optional("object_key", "key"),
    ...optional("version_id", "versionId"),
    ...optional("cause_run", "causeRun"),
    executions: Array.isArray(executions) ? executions.map(String) : [],
  };
}
