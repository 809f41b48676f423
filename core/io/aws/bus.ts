import { EventBridgeClient, PutEventsCommand, type PutEventsRequestEntry } from "@aws-sdk/client-eventbridge";
import { EVENT_SOURCE, type DomainEvent } from "../../model/events.ts";
import { isFailure } from "../../model/failures.ts";
import { eventDetail } from "../bus-event.ts";
import type { Bus } from "../ports.ts";
import { again, CLIENT } from "./client.ts";
import { awsFailure } from "./errors.ts";

/** Quotas of PutEvents: entries and bytes of one request (a little kept for the envelope). */
const BATCH_ENTRIES = 10;
const BATCH_BYTES = 240 * 1_024;

/** Publishes to an EventBridge bus; returns when every event was accepted. */
export function awsBus(busName: string): Bus {
  const client = new EventBridgeClient(CLIENT);

  const what = (count: number): string => `publish ${count} events to ${busName}`;

  /** Throws what EventBridge refused the first of some entries for, and gives those to the next attempt. */
  const sendAll = async (entries: readonly PutEventsRequestEntry[]): Promise<void> => {
    let waiting = entries;
    await again(async () => {
      const { Entries = [] } = await client.send(new PutEventsCommand({ Entries: [...waiting] }));
      waiting = waiting.filter((_, index) => Entries[index]?.ErrorCode !== undefined);
      const { ErrorCode: name, ErrorMessage: message = "" } = Entries.find(({ ErrorCode }) => ErrorCode) ?? {};
      const refusal = { name, message, $metadata: { httpStatusCode: 400 } };
      if (name !== undefined) throw awsFailure(refusal, what(waiting.length));
    }, isPassing);
  };

  return {
    publish: async (events) => {
      try {
        for (const batch of batches(events.map((event) => entryOf(event, busName)))) await sendAll(batch);
      } catch (error) {
        throw awsFailure(error, what(events.length));
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

/** What the SDK throws it has tried again itself: only the refusals of entries are failures already. */
const isPassing = (error: unknown): boolean =>
  isFailure(error) && (error.name === "Throttled" || error.name === "Transient");
