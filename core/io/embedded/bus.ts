import type { DatabaseSync } from "node:sqlite";
import { EVENT_SOURCE } from "../../model/events.ts";
import { eventDetail } from "../bus-event.ts";
import type { Bus } from "../ports.ts";
import { openDatabase, transaction } from "./database.ts";
import { embeddedFailure } from "./errors.ts";
import { addToOutbox, makeEvent, OUTBOX_SCHEMA } from "./outbox.ts";

/** The bus's outbox, which the engine drains. */
export const openBus = (stateDir: string): DatabaseSync => openDatabase(stateDir, "bus.db", OUTBOX_SCHEMA);

/** Publishes by one durable transaction; the same id again within a day is the same event. */
export function embeddedBus(stateDir: string): Bus & { close(): void } {
  const db = openBus(stateDir);
  return {
    publish: async (events) => {
      try {
        transaction(db, () => {
          for (const event of events) {
            addToOutbox(db, makeEvent(event.type, EVENT_SOURCE, eventDetail(event), { id: event.id }));
          }
        });
      } catch (error) {
        throw embeddedFailure(error, `publish ${events.length} events`);
      }
    },
    close: () => db.close(),
  };
}
