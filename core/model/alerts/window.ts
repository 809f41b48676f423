import * as z from "zod";
import { Fingerprint } from "./fingerprint.ts";

/** One message per fingerprint in so long, wall clock. */
export const WINDOW_MS = 30 * 60_000;
/** Longer than a call to Slack may take (10 s): who holds a claim longer is dead. */
export const CLAIM_MS = 20_000;

const Claim = z.object({
  holder: z.string(),
  /** Epoch milliseconds. */
  until: z.number(),
  /** The message speaks for all events up to this number. */
  upTo: z.number().int(),
});
export type Claim = z.infer<typeof Claim>;

/** Slack's names of a message, by which it is answered. */
export const Thread = z.object({ channel: z.string(), ts: z.string() });
export type Thread = z.infer<typeof Thread>;

/** The record of one fingerprint. Events are numbered from 1 as they are recorded. */
export const AlertWindow = z.object({
  fingerprint: Fingerprint,
  /** Number of the latest event. */
  count: z.number().int(),
  /** Events up to this number are in a message that Slack has accepted. */
  accepted: z.number().int(),
  /** Epoch milliseconds of the latest acceptance. */
  openedAt: z.number().nullable(),
  claim: Claim.nullable(),
  thread: Thread.nullable(),
  /** Items, or lanes, that have failed so and have not come right. */
  failing: z.number().int(),
  /** A message was accepted and its end has not been told. */
  announced: z.boolean(),
});
export type AlertWindow = z.infer<typeof AlertWindow>;

export const freshWindow = (fingerprint: Fingerprint): AlertWindow => ({
  fingerprint,
  count: 0,
  accepted: 0,
  openedAt: null,
  claim: null,
  thread: null,
  failing: 0,
  announced: false,
});

/** A clock that is far ahead must not silence a fingerprint for longer than a window. */
export const isOpen = ({ openedAt }: AlertWindow, now: number): boolean =>
  openedAt !== null && Math.abs(now - openedAt) < WINDOW_MS;

/** Somebody else is sending. A claim that ends later than any may is one of a clock far ahead, and not believed. */
export const isClaimed = ({ claim }: AlertWindow, holder: string, now: number): boolean =>
  claim !== null && claim.holder !== holder && claim.until > now && claim.until - now <= 2 * CLAIM_MS;

/** What is to be done about one event, now. */
export type Decision =
  /** A message that Slack accepted speaks for it already. */
  | { readonly do: "nothing" }
  /** It is counted; the next message carries it. */
  | { readonly do: "count" }
  /** Somebody is sending; look again after `until` (epoch milliseconds). */
  | { readonly do: "wait"; readonly until: number }
  | { readonly do: "send" };

/** `number` is the event's own, `holder` one attempt at sending it. */
export function decide(window: AlertWindow, number: number, holder: string, now: number): Decision {
  if (number <= window.accepted) return { do: "nothing" };
  if (isOpen(window, now)) return { do: "count" };
  const { claim } = window;
  if (claim === null || !isClaimed(window, holder, now)) return { do: "send" };
  // Another attempt at its own event must not give up; an event that came later is one more of the same.
  return number <= claim.upTo ? { do: "wait", until: claim.until } : { do: "count" };
}

export const withEvent = (window: AlertWindow): AlertWindow => ({ ...window, count: window.count + 1 });

/** Call only after `decide` said `send`. Renewed by the same holder for each part of a long message. */
export const claimed = (window: AlertWindow, holder: string, now: number): AlertWindow & { readonly claim: Claim } => {
  const upTo = window.claim?.holder === holder ? window.claim.upTo : window.count;
  return { ...window, claim: { holder, until: now + CLAIM_MS, upTo } };
};

/** How many earlier events the message of a claim speaks for, beside its own. */
export const suppressedBefore = ({ accepted }: AlertWindow, { upTo }: Claim): number =>
  Math.max(0, upTo - accepted - 1);

/**
 * Slack has accepted the message of `claim`. Only raises what is known, so that a late or repeated report of it,
 * or one of a claim that somebody else has taken over, changes nothing for the worse.
 */
export const acceptedBy = (window: AlertWindow, claim: Claim, thread: Thread | null, now: number): AlertWindow => ({
  ...window,
  accepted: Math.max(window.accepted, claim.upTo),
  openedAt: Math.max(window.openedAt ?? 0, now),
  claim: window.claim?.holder === claim.holder ? null : window.claim,
  thread: thread ?? window.thread,
  announced: true,
});

/** Sending failed: nothing counts as announced, and the count stays. */
export const released = (window: AlertWindow, holder: string): AlertWindow =>
  window.claim?.holder === holder ? { ...window, claim: null } : window;

/** All that had failed so has come right, and its failure was announced: one reply is due. */
export const isResolvable = ({ announced, failing }: AlertWindow): boolean => announced && failing === 0;

/** The next failure begins a thread of its own; the window stays as it is. */
export const resolved = (window: AlertWindow): AlertWindow => ({
  ...window,
  announced: false,
  thread: null,
  claim: null,
});
