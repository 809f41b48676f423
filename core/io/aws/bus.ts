import { EventBridgeClient, PutEventsCommand, type PutEventsRequestEntry } from "@aws-sdk/client-eventbridge";
import { setTimeout as sleep } from "node:timers/promises";
import { EVENT_SOURCE, type DomainEvent } from "../../model/events.ts";
import { Failure } from "../../model/failures.ts";
import { eventDetail } from "../bus-event.ts";
import type { Bus } from "../ports.ts";
import { CLIENT } from "./client.ts";
import { awsFailure } from "./errors.ts";

/** Quotas of PutEvents: entries and bytes of one request (a little kept for the envelope). */
const BATCH_ENTRIES = 10;
const BATCH_BYTES = 240 * 1_024;
/** Attempts for entries that EventBridge refuses inside an accepted request. */
const ATTEMPTS = 5;
const FIRST_PAUSE_MS = 100;

interface Refused {
  readonly entry: PutEventsRequestEntry;
  readonly code: string;
}

/** Publishes to an EventBridge bus; returns when every event was accepted. */
export function awsBus(busName: string): Bus {
  const client = new EventBridgeClient(CLIENT);

  const send = async (entries: readonly PutEventsRequestEntry[]): Promise<Refused[]> => {
    const { Entries = [] } = await client.send(new PutEventsCommand({ Entries: [...entries] }));
    return entries.flatMap((entry, index) => {
      const code = Entries[index]?.ErrorCode;
      return code === undefined ? [] : [{ entry, code }];
    });
  };
  const sendAll = async (entries: readonly PutEventsRequestEntry[]): Promise<void> => {
    let waiting = entries;
    for (let attempt = 1; ; attempt += 1) {
      const refused = await send(waiting);
      const [first] = refused;
      if (first === undefined) return;
      if (attempt === ATTEMPTS) throw notAccepted(refused.length, first.code);
      waiting = refused.map(({ entry }) => entry);
      await sleep(Math.random() * FIRST_PAUSE_MS * 2 ** attempt);
    }
  };

  return {
    publish: async (events) => {
      try {
        for (const batch of batches(events.map((event) => entryOf(event, busName)))) await sendAll(batch);
      } catch (error) {
        throw awsFailure(error, `publish ${events.length} events to ${busName}`);
      }
    },
  };
}

const entryOf = (event: DomainEvent, busName: string): PutEventsRequestEntry => ({
  EventBusName: busName,
  Source: EVENT_SOURCE,
  DetailType: event.type,
  Detail: JSON.stringify(eventDetail(event)),
});

function batches(entries: readonly PutEventsRequestEntry[]): PutEventsRequestEntry[][] {
  const out: PutEventsRequestEntry[][] = [];
  let bytes = Infinity;
  for (const entry of entries) {
    const size = Buffer.byteLength(entry.Detail ?? "");
    const open = out.at(-1);
    if (open === undefined || open.length === BATCH_ENTRIES || bytes + size > BATCH_BYTES) {
      out.push([entry]);
      bytes = size;
    } else {
      open.push(entry);
      bytes += size;
    }
  }
  return out;
}

function notAccepted(count: number, code: string): Failure {
  const what = `publish ${count} events`;
  const name = /Throttl/.test(code) ? "Throttled" : /Internal/.test(code) ? "Transient" : "Rejected";
  return new Failure(name, `Cannot ${what}: EventBridge said ${code} ${ATTEMPTS} times.`, {
    code: "events_not_accepted",
    what,
    details: { code },
  });
}
