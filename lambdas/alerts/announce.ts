import { setTimeout as pause } from "node:timers/promises";
import { openAlerts, type Alerts, type Sending, type Turn } from "../../core/io/alerts.ts";
import type { Io } from "../../core/io/ports.ts";
import { isClosing, type AlertEvent, type ToldEvent } from "../../core/model/alerts/alert-event.ts";
import type { AlertRecord, Place } from "../../core/model/alerts/alert-record.ts";
import { stableUuid } from "../../core/model/alerts/fingerprint.ts";
import { messagesOf, resolvedMessage, stormMessage } from "../../core/model/alerts/messages.ts";
import type { SlackMessage } from "../../core/model/alerts/slack-blocks.ts";
import { CLAIM_MS, type Thread } from "../../core/model/alerts/window.ts";
import { Failure, describeFailure } from "../../core/model/failures.ts";
import type { EnvironmentName } from "../../core/model/pipeline.ts";
import { postToSlack } from "./slack-client.ts";
import { slackTarget, type NoTarget, type SlackTarget } from "./slack-target.ts";

export interface AnnounceOptions {
  readonly io: Pick<Io, "ledger" | "secrets">;
  readonly environment: EnvironmentName;
  /** One attempt of one sender: no two share it. */
  readonly holder: string;
  readonly clock?: AlertClock;
}

/** Wall clock in epoch milliseconds. */
export interface AlertClock {
  now(): number;
  sleep(ms: number): Promise<void>;
}

export interface Announced {
  /** `sent` also when the message of an equal event spoke for it; `nothing` = a success that ended nothing. */
  readonly outcome: "sent" | "counted" | "not-sent" | "resolved" | "nothing";
  readonly reason: string | null;
}

const systemClock: AlertClock = { now: () => Date.now(), sleep: (ms) => pause(ms) };
/** Somebody else who sends ends, or is dead, within a claim; the next who does, within another. */
const MOST_WAIT_MS = 3 * CLAIM_MS;
/** Slack answers within a part of a second as a rule. */
const POLL_MS = 300;

/**
 * Records an event and tells Slack of it when a message is due. Repeating it is harmless at any point: what Slack has
 * accepted and the ledger knows is not sent again. Only a sender that dies, or whose ledger fails, between Slack's
 * acceptance and its record repeats that one message, once a death; a `client_msg_id` that Slack honours prevents
 * that too. No alert is lost: without an acceptance on record nothing counts as told.
 * Throws the failure of the sending, after giving the claim back.
 */
export async function announce(event: AlertEvent, options: AnnounceOptions): Promise<Announced> {
  const { io, environment, holder, clock = systemClock } = options;
  const alerts = openAlerts(io.ledger, () => clock.now());
  const record = await alerts.record(event);
  if (record === undefined) return { outcome: "nothing", reason: null };
  if (record.status !== "waiting") return { outcome: record.status, reason: record.reason };
  const sender: Sender = { alerts, record, holder, clock, target: () => slackTarget(io.secrets, environment) };
  const told =
    isClosing(event) || record.place === null
      ? { outcome: "resolved" as const, reason: null }
      : await tell(sender, event, record.place);
  for (const key of record.closes) await reply(sender, key);
  // Its success may have come while its message was on the way.
  if (told.outcome === "sent" && record.tracked && record.place !== null && !record.grouped)
    await reply(sender, record.place.key);
  if (told.outcome === "resolved") await alerts.settle(event, "sent", "resolved");
  return told;
}

interface Sender {
  readonly alerts: Alerts;
  readonly record: AlertRecord;
  readonly holder: string;
  readonly clock: AlertClock;
  target(): Promise<SlackTarget | NoTarget>;
}

async function tell(sender: Sender, event: ToldEvent, place: Place): Promise<Announced> {
  const { alerts, holder, clock, record } = sender;
  const settled = async (outcome: "counted" | "not-sent" | "sent", reason: string | null): Promise<Announced> => {
    await alerts.settle(event, outcome, reason);
    return { outcome, reason };
  };
  for (const deadline = clock.now() + MOST_WAIT_MS; clock.now() < deadline;) {
    const seen = await alerts.look(place, holder);
    // The secret is read only when there is something to send, and before anybody is kept waiting by a claim.
    const target = seen.do === "send" ? await sender.target() : undefined;
    if (target?.by === "none") return settled("not-sent", target.reason);
    const turn: Turn = seen.do === "send" ? await alerts.claim(place, holder) : seen;
    if (turn.do === "nothing") return settled("sent", "another message speaks for it");
    if (turn.do === "count") return settled("counted", record.grouped ? "one of many at a time" : null);
    if (turn.do === "wait") await clock.sleep(Math.min(POLL_MS, Math.max(1, turn.until - clock.now())));
    if (turn.do === "send" && target !== undefined) {
      await sendAll(sender, event, place, target, turn.sending);
      return { outcome: "sent", reason: null };
    }
  }
  throw busy();
}

/** All messages of one event, from the first that Slack has not accepted; the window opens after the last. */
async function sendAll(sender: Sender, event: ToldEvent, place: Place, target: SlackTarget, first: Sending) {
  const { alerts, record, holder } = sender;
  const messages = record.grouped
    ? [stormMessage(event, await alerts.storm(event.environment), first.suppressed)]
    : messagesOf(event, first.suppressed);
  let thread: Thread | null = null;
  for (const [part, message] of messages.entries()) {
    if (part < record.partsSent) continue;
    // Many messages take longer than a claim lives.
    if (part > record.partsSent && (await alerts.claim(place, holder)).do !== "send") throw busy();
    const posted = await send(sender, target, first, message, stableUuid(first.key, `${first.after}`, `${part}`), null);
    thread ??= posted;
    if (part + 1 < messages.length) await alerts.partSent(event, part + 1);
  }
  await alerts.accepted(event, first, thread);
}

/** The one reply into the thread of an announced failure of which nothing is left. */
async function reply(sender: Sender, key: string): Promise<void> {
  const { alerts, holder, clock } = sender;
  for (const deadline = clock.now() + MOST_WAIT_MS; clock.now() < deadline;) {
    const turn = await alerts.claimReply(key, holder);
    if (turn.do === "wait") await clock.sleep(Math.min(POLL_MS, Math.max(1, turn.until - clock.now())));
    if (turn.do === "nothing") return;
    if (turn.do !== "send") continue;
    const { sending } = turn;
    const target = await sender.target();
    if (target.by !== "none") {
      const id = stableUuid(key, `${sending.after}`, "resolved");
      await send(sender, target, sending, resolvedMessage(sending.fingerprint), id, sending.thread);
    }
    await alerts.resolved(key);
    return;
  }
  throw busy();
}

const busy = (): Failure =>
  new Failure("Transient", "Another sender had the message for the whole time.", {
    code: "alert_claimed",
    what: "send an alert to Slack",
    hint: "Its claim ends by itself; look again.",
  });

async function send(
  { alerts, record }: Sender,
  target: SlackTarget,
  sending: Sending,
  message: SlackMessage,
  id: string,
  thread: Thread | null,
): Promise<Thread | null> {
  try {
    return await postToSlack(target, { message, id, thread });
  } catch (error) {
    // The claim ends by itself when it cannot be given back.
    await alerts.release(record.event, sending, describeFailure(error).message).catch(() => undefined);
    throw error;
  }
}
