import type { DatabaseSync } from "node:sqlite";
import { openDatabase } from "../../core/io/embedded/database.ts";
import { ackOutbox, OUTBOX_SCHEMA, readOutbox } from "../../core/io/embedded/outbox.ts";
import { numberOf } from "../../core/io/embedded/row.ts";
import type { Rule } from "../assembly/triggers.ts";
import type { HomeStore } from "../home-store.ts";
import { routeEvent, type StartExecution } from "./router.ts";

/** `PRAGMA data_version` costs about 5 µs, so polling is cheaper than any notification between processes. */
const POLL_MS = 20;
/** One fsync for a burst, and a burst of landings does not keep others waiting. */
const BATCH = 50;

export interface EventPump {
  /** True while an outbox holds an event that has not been handled. */
  waiting(): boolean;
  stop(): void;
}

interface Source {
  readonly db: DatabaseSync;
  readonly bus: string;
  version: number;
  after: number;
}

/**
 * Drains the outboxes of the object store and of the home (default bus), and of the custom bus. The order is: start durably, remember what
 * was started, acknowledge; a crash between two steps repeats, and the repeat starts nothing new.
 */
export function startEventPump(options: {
  readonly stateDir: string;
  readonly customBus: string;
  readonly rules: readonly Rule[];
  readonly store: HomeStore;
  readonly start: StartExecution;
  readonly onError: (error: unknown) => void;
}): EventPump {
  const { stateDir, rules, store, start, onError } = options;
  const open = (file: string, bus: string): Source => ({
    db: openDatabase(stateDir, file, OUTBOX_SCHEMA),
    bus,
    version: -1,
    after: 0,
  });
  const sources = [open("objects.db", "default"), open("home.db", "default"), open("bus.db", options.customBus)];
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;

  const drain = async (source: Source): Promise<void> => {
    const version = numberOf(source.db.prepare("PRAGMA data_version").get() ?? {}, "data_version");
    if (version === source.version) return;
    for (;;) {
      const entries = readOutbox(source.db, source.after, BATCH);
      if (entries.length === 0 || stopped) break;
      // Side by side, for an Express machine that calls a function takes its time; a bus promises no order.
      const routed = await allOrNone(entries.map(({ event }) => routeEvent(source.bus, event, rules, start)));
      if (stopped) return;
      store.recordEvents(
        routed.map(({ handled }) => handled),
        routed.flatMap(({ dead }) => dead),
      );
      ackOutbox(
        source.db,
        entries.map(({ seq }) => seq),
      );
      source.after = entries.at(-1)?.seq ?? source.after;
    }
    // Only now: a failure above leaves the old version and the next poll tries again.
    source.version = version;
  };

  const poll = async (): Promise<void> => {
    for (const source of sources) {
      try {
        await drain(source);
      } catch (error) {
        if (!stopped) onError(error);
      }
    }
    if (!stopped) timer = setTimeout(() => void poll(), POLL_MS);
  };
  void poll();

  return {
    waiting: () => sources.some(({ db }) => readOutbox(db, 0, 1).length > 0),
    stop() {
      stopped = true;
      clearTimeout(timer);
      for (const { db } of sources) db.close();
    },
  };
}

/** Rejects as the first that rejected, but only when none is under way any more. */
async function allOrNone<T>(work: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(work);
  return Promise.all(work);
}
