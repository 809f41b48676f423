import { isClosing, type AlertEvent, type ToldEvent } from "../model/alerts/alert-event.ts";
import type { AlertRecord } from "../model/alerts/alert-record.ts";
import { fingerprintKey, fingerprintOf, subjectKey, type Fingerprint } from "../model/alerts/fingerprint.ts";
import { arrive, calm, stormFingerprint } from "../model/alerts/storm.ts";
import { failed, freshSubject, succeeded } from "../model/alerts/subject.ts";
import { decide, freshWindow, withEvent, type AlertWindow } from "../model/alerts/window.ts";
import { alertSk, hold, put, unheld, type Held } from "./alert-items.ts";
import { joinUnsent } from "./alert-unsent.ts";
import type { Ledger, LedgerWrite } from "./ports.ts";

/**
 * Puts an event on record with its place among those of its window, in one transaction: a second delivery finds it
 * and changes nothing. Undefined = a success that ended nothing. Throws Conflict when somebody else wrote meanwhile.
 */
export async function recordEvent(ledger: Ledger, event: AlertEvent, now: number): Promise<AlertRecord | undefined> {
  const sk = alertSk(event);
  const known = await hold(ledger, "alert", sk);
  if (known !== undefined) return known.data;
  const change = new Change(ledger, now);
  const repeated = await isAnnounced(ledger, event, sk);
  const told = isClosing(event) || repeated ? undefined : await placeOf(change, event);
  const tracked = isBreaking(event) && (await breakSubject(change, event));
  const closes = isEnding(event) ? await mendSubject(change, event) : [];
  const record: AlertRecord = {
    event,
    status: told === undefined && closes.length === 0 ? "not-sent" : "waiting",
    reason: repeated ? "another attempt of this run was announced" : null,
    place: told?.place ?? null,
    grouped: told?.grouped ?? false,
    tracked,
    closes: [...closes],
    partsSent: 0,
    recordedAt: new Date(now).toISOString(),
    sentAt: null,
    lastError: null,
  };
  const kept = !isClosing(event) || closes.length > 0;
  await ledger.write([
    ...change.writes(),
    ...(kept ? [put(unheld("alert", sk, record), record, now)] : []),
    ...(kept && record.status === "waiting" ? [joinUnsent(sk, now)] : []),
  ]);
  return kept ? record : undefined;
}

/** Windows that are changed together; two names of one window are one write. */
class Change {
  readonly ledger: Ledger;
  readonly now: number;
  private readonly windows = new Map<string, Held<AlertWindow>>();
  private readonly others: LedgerWrite[] = [];

  constructor(ledger: Ledger, now: number) {
    this.ledger = ledger;
    this.now = now;
  }

  async window(key: string, fingerprint?: Fingerprint): Promise<AlertWindow | undefined> {
    const found = this.windows.get(key) ?? (await hold(this.ledger, "alert-window", key));
    const held =
      found ?? (fingerprint === undefined ? undefined : unheld("alert-window", key, freshWindow(fingerprint)));
    if (held !== undefined) this.windows.set(key, held);
    return held?.data;
  }

  set(key: string, data: AlertWindow): void {
    const held = this.windows.get(key) ?? unheld("alert-window", key, data);
    this.windows.set(key, { ...held, data });
  }

  add(write: LedgerWrite): void {
    this.others.push(write);
  }

  writes(): readonly LedgerWrite[] {
    return [...[...this.windows.values()].map((held) => put(held, held.data, this.now)), ...this.others];
  }
}

/** Counts the event in its window, or in the grouped one when its message would be one of a storm's. */
async function placeOf(change: Change, event: ToldEvent): Promise<Pick<AlertRecord, "place" | "grouped">> {
  const fingerprint = fingerprintOf(event);
  const key = fingerprintKey(fingerprint);
  const window = withEvent((await change.window(key, fingerprint)) ?? freshWindow(fingerprint));
  change.set(key, window);
  const own = { place: { key, number: window.count }, grouped: false };
  const isDue = decide(window, window.count, "", change.now).do === "send";
  if (!isDue || event.kind === "run-recovered") return own;
  const storm =
    (await hold(change.ledger, "alert-storm", event.environment)) ?? unheld("alert-storm", event.environment, calm);
  const arrived = arrive(storm.data, key, event.pipeline, change.now);
  change.add(put(storm, arrived.storm, change.now));
  if (!arrived.grouped) return own;
  const all = stormFingerprint(event.environment);
  const allKey = fingerprintKey(all);
  const group = withEvent((await change.window(allKey, all)) ?? freshWindow(all));
  change.set(allKey, group);
  return { place: { key: allKey, number: group.count }, grouped: true };
}

/** Returns whether its end will be known. */
async function breakSubject(change: Change, event: ToldEvent): Promise<boolean> {
  const sk = subjectKey(event);
  if (sk === undefined) return false;
  const fingerprint = fingerprintOf(event);
  const key = fingerprintKey(fingerprint);
  const held = (await hold(change.ledger, "alert-subject", sk)) ?? unheld("alert-subject", sk, freshSubject);
  const { subject, opened, tracked } = failed(held.data, key, event.at);
  change.add(put(held, subject, change.now));
  if (!opened) return tracked;
  const window = (await change.window(key, fingerprint)) ?? freshWindow(fingerprint);
  change.set(key, { ...window, failing: window.failing + 1 });
  return tracked;
}

const BREAKING = new Set<AlertEvent["kind"]>(["run-failed", "lane-closed", "dead-man", "schedule-silent"]);
const isBreaking = (event: AlertEvent): event is ToldEvent => BREAKING.has(event.kind);

const isEnding = (event: AlertEvent): boolean => isClosing(event) || event.kind === "run-recovered";

/** Keys of the windows in which nothing is left failing. */
async function mendSubject(change: Change, event: AlertEvent): Promise<readonly string[]> {
  const sk = subjectKey(event);
  if (sk === undefined) return [];
  const held = (await hold(change.ledger, "alert-subject", sk)) ?? unheld("alert-subject", sk, freshSubject);
  const { subject, closed } = succeeded(held.data, event.at);
  change.add(put(held, subject, change.now));
  const ended: string[] = [];
  for (const key of closed) {
    const window = await change.window(key);
    if (window === undefined) continue;
    const failing = Math.max(0, window.failing - 1);
    change.set(key, { ...window, failing });
    if (failing === 0) ended.push(key);
  }
  return ended;
}

async function isAnnounced(ledger: Ledger, event: AlertEvent, sk: string): Promise<boolean> {
  if (event.kind !== "run-failed" && event.kind !== "run-recovered") return false;
  const marker = await hold(ledger, "alert-run", runKey(event));
  return marker !== undefined && marker.data.alert !== sk;
}

/** A run is announced once, whichever of its attempts came first. */
export const runKey = ({ environment, pipeline, run }: Extract<AlertEvent, { run: { id: string } }>): string =>
  `${environment}/${pipeline}/${run.id}`;
