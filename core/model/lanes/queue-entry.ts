import * as z from "zod";
import { Instant } from "../items/item-state.ts";
import { Priority, PRIORITIES } from "../items/reasons.ts";
import type { RunRequest } from "../items/run-request.ts";

/** A run that waits for a slot: what people see of it and what orders it. The input lies with the request. */
export const QueueEntry = z.object({
  name: z.string(),
  domain: z.string(),
  asset: z.string(),
  partition: z.string(),
  lane: z.string(),
  priority: Priority,
  group: z.string(),
  requestedAt: Instant,
  /** Since when it may be granted: its time in the queue counts from here. */
  since: Instant,
});
export type QueueEntry = z.infer<typeof QueueEntry>;

export const entryOf = (request: RunRequest): QueueEntry => {
  const { name, domain, asset, partition, lane, priority, group, requestedAt, notBefore = 0 } = request;
  const since = Math.max(requestedAt, notBefore);
  return { name, domain, asset, partition, lane, priority, group, requestedAt, since };
};

/** Above every character that a key of a group goes on with. */
const LAST = "\u{10ffff}";
/** As many digits as the largest time that a Date can hold. */
const TIME_DIGITS = 16;

const escaped = (group: string): string => group.replaceAll("%", "%25").replaceAll("#", "%23");

export const queuePartition = (lane: string): string => `queue#${lane}`;
export const levelOf = (priority: Priority): string => String(PRIORITIES.indexOf(priority));
export const levelPrefix = (priority: Priority): string => `${levelOf(priority)}#`;
export const groupPrefix = (priority: Priority, group: string): string => `${levelPrefix(priority)}${escaped(group)}#`;
export const afterAll = (prefix: string): string => `${prefix}${LAST}`;

/**
 * `<priority>#<group>#<time>#<name>`: priorities in order, a group first in first out, and from one group to the next
 * in one query, however long the queue is. Nothing is read to enqueue, so enqueuing never collides.
 */
export const queueKey = ({ priority, group, since, name }: QueueEntry): string =>
  `${groupPrefix(priority, group)}${timeText(since)}#${name}`;

/** Requests that may not be granted yet, in the order in which they come due. */
export const DELAYED = "delayed";
export const delayedKey = ({ since, name }: QueueEntry): string => `${timeText(since)}#${name}`;

const timeText = (at: number): string => String(at).padStart(TIME_DIGITS, "0");
