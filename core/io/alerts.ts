import type { AlertEvent } from "../model/alerts/alert-event.ts";
import { AlertRecord, type Place } from "../model/alerts/alert-record.ts";
import type { Fingerprint } from "../model/alerts/fingerprint.ts";
import { byPipeline } from "../model/alerts/storm.ts";
import * as windows from "../model/alerts/window.ts";
import { onFreshRead } from "./alert-conflicts.ts";
import { alertSk, hold, put, unheld, type Held } from "./alert-items.ts";
import { leaveUnsent } from "./alert-unsent.ts";
import { recordEvent, runKey } from "./alert-recording.ts";
import { staleItem } from "./ledger-failures.ts";
import type { Ledger, LedgerWrite } from "./ports.ts";

/** The right to send the message of one window, for `CLAIM_MS`. */
export interface Sending {
  readonly key: string;
  readonly claim: windows.Claim;
  /** Number of the last event that Slack had accepted: the same for everybody who sends the same message. */
  readonly after: number;
  /** Earlier events that the message speaks for. */
  readonly suppressed: number;
  readonly fingerprint: Fingerprint;
  readonly thread: windows.Thread | null;
}

export type Turn = Exclude<windows.Decision, { do: "send" }> | { readonly do: "send"; readonly sending: Sending };

export interface Alerts {
  /** Idempotent by the event's id and time. Undefined = a success that ended nothing. */
  record(event: AlertEvent): Promise<AlertRecord | undefined>;
  /** What is to be done for an event now, without doing it. */
  look(place: Place, holder: string): Promise<windows.Decision>;
  /** The same, and takes the claim when the message is to be sent; the same holder renews it. */
  claim(place: Place, holder: string): Promise<Turn>;
  /** Takes the claim to answer in the thread of an announced failure of which nothing is left. */
  claimReply(key: string, holder: string): Promise<Turn>;
  /** Slack has accepted so many messages of an event that has several. */
  partSent(event: AlertEvent, parts: number): Promise<void>;
  /** Slack has accepted all: the window opens, the record says so and the run counts as announced. */
  accepted(event: AlertEvent, sending: Sending, thread: windows.Thread | null): Promise<void>;
  resolved(key: string): Promise<void>;
  /** Sending failed: nothing counts as announced, and the count stays. */
  release(event: AlertEvent, sending: Sending, error: string): Promise<void>;
  settle(event: AlertEvent, status: "counted" | "not-sent" | "sent", reason: string | null): Promise<AlertRecord>;
  /** Different fingerprints of the last minutes by pipeline. */
  storm(environment: string): Promise<ReturnType<typeof byPipeline>>;
  /** Newest first, at most 1,000; `next` is the `after` of the next page. */
  page(options?: {
    readonly after?: string;
    readonly limit?: number;
  }): Promise<{ readonly records: readonly AlertRecord[]; readonly next?: string }>;
}

/** `now`: wall clock in epoch milliseconds. */
export function openAlerts(ledger: Ledger, now: () => number = Date.now): Alerts {
  const need = async <T>(found: Promise<Held<T> | undefined>, pk: string, sk: string): Promise<Held<T>> => {
    const held = await found;
    if (held === undefined) throw staleItem(pk, sk);
    return held;
  };
  const windowOf = (key: string) => need(hold(ledger, "alert-window", key), "alert-window", key);
  const recordOf = (event: AlertEvent) => need(hold(ledger, "alert", alertSk(event)), "alert", alertSk(event));
  const change = (event: AlertEvent, part: Partial<AlertRecord>): Promise<AlertRecord> =>
    onFreshRead(async () => {
      const held = await recordOf(event);
      const next = { ...held.data, ...part };
      const told = next.status === "waiting" ? [] : [leaveUnsent(held.sk)];
      await ledger.write([put(held, next, now()), ...told]);
      return next;
    });
  const changeWindow = (key: string, next: (window: windows.AlertWindow) => windows.AlertWindow): Promise<void> =>
    onFreshRead(async () => {
      const held = await windowOf(key);
      await ledger.write([put(held, next(held.data), now())]);
    });

  return {
    record: (event) => onFreshRead(() => recordEvent(ledger, event, now())),

    look: async ({ key, number }, holder) => windows.decide((await windowOf(key)).data, number, holder, now()),

    claim: ({ key, number }, holder) =>
      onFreshRead(async () => {
        const held = await windowOf(key);
        const decision = windows.decide(held.data, number, holder, now());
        if (decision.do !== "send") return decision;
        return { do: "send", sending: await take(ledger, held, holder, now()) };
      }),

    claimReply: (key, holder) =>
      onFreshRead(async () => {
        const held = await windowOf(key);
        const { claim } = held.data;
        if (!windows.isResolvable(held.data)) return { do: "nothing" };
        if (claim !== null && windows.isClaimed(held.data, holder, now())) return { do: "wait", until: claim.until };
        return { do: "send", sending: await take(ledger, held, holder, now()) };
      }),

    partSent: async (event, parts) => void (await change(event, { partsSent: parts })),

    accepted: (event, { key, claim }, thread) =>
      onFreshRead(async () => {
        const [window, record] = [await windowOf(key), await recordOf(event)];
        const sentAt = new Date(now()).toISOString();
        const writes: LedgerWrite[] = [
          put(window, windows.acceptedBy(window.data, claim, thread, now()), now()),
          put(record, { ...record.data, status: "sent", sentAt, lastError: null }, now()),
          leaveUnsent(record.sk),
        ];
        if (event.kind === "run-failed" && !record.data.grouped) {
          const mark = await hold(ledger, "alert-run", runKey(event));
          if (mark === undefined) {
            const data = { alert: record.sk };
            writes.push(put(unheld("alert-run", runKey(event), data), data, now()));
          }
        }
        await ledger.write(writes);
      }),

    resolved: (key) => changeWindow(key, windows.resolved),

    release: async (event, { key, claim }, error) => {
      await changeWindow(key, (window) => windows.released(window, claim.holder));
      await change(event, { lastError: error });
    },

    settle: (event, status, reason) => change(event, { status, reason }),

    storm: async (environment) => {
      const held = await hold(ledger, "alert-storm", environment);
      return held === undefined ? [] : byPipeline(held.data, now());
    },

    page: async ({ after, limit } = {}) => {
      const { items, next } = await ledger.query("alert", {
        descending: true,
        ...(after === undefined ? {} : { after }),
        ...(limit === undefined ? {} : { limit }),
      });
      return {
        records: items.map(({ data }) => AlertRecord.parse(data)),
        ...(next === undefined ? {} : { next }),
      };
    },
  };
}

async function take(ledger: Ledger, held: Held<windows.AlertWindow>, holder: string, now: number): Promise<Sending> {
  const window = windows.claimed(held.data, holder, now);
  const { claim, accepted, fingerprint, thread } = window;
  await ledger.write([put(held, window, now)]);
  return {
    key: held.sk,
    claim,
    after: accepted,
    suppressed: windows.suppressedBefore(window, claim),
    fingerprint,
    thread,
  };
}
