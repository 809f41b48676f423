import { afterAll, groupPrefix, levelOf, levelPrefix, QueueEntry, queuePartition } from "../model/lanes/queue-entry.ts";
import { takeTurns } from "../model/lanes/turns.ts";
import type { Priority } from "../model/items/reasons.ts";
import type { Ledger, LedgerItem } from "./ports.ts";

export interface Queued {
  readonly entry: QueueEntry;
  readonly rev: number;
}

const queued = ({ data, rev }: LedgerItem): Queued => ({ entry: QueueEntry.parse(data), rev });

type Range = { readonly prefix?: string; readonly after?: string };

async function first(ledger: Ledger, lane: string, range: Range): Promise<Queued | undefined> {
  const { items } = await ledger.query(queuePartition(lane), { ...range, limit: 1 });
  return items.map(queued)[0];
}

/** The next `count` grants: by priority, one of each group in turn. Work is proportional to what is taken. */
export async function nextGrants(
  ledger: Ledger,
  lane: string,
  turns: Readonly<Record<string, string>>,
  count: number,
): Promise<Queued[]> {
  const taken: Queued[] = [];
  let head = await first(ledger, lane, {});
  while (head !== undefined && taken.length < count) {
    const { priority } = head.entry;
    taken.push(...(await ofPriority(ledger, lane, head, turns[levelOf(priority)], count - taken.length)));
    if (taken.length < count) head = await first(ledger, lane, { after: afterAll(levelPrefix(priority)) });
  }
  return taken;
}

async function ofPriority(
  ledger: Ledger,
  lane: string,
  head: Queued,
  turn: string | undefined,
  count: number,
): Promise<Queued[]> {
  const heads = await groupHeads(ledger, lane, head, turn, count);
  if (heads.length >= count) return heads.slice(0, count);
  const each = Math.min(count, 1_000);
  const queues: Queued[][] = [];
  for (const { entry } of heads) {
    const prefix = groupPrefix(entry.priority, entry.group);
    const { items } = await ledger.query(queuePartition(lane), { prefix, limit: each });
    queues.push(items.map(queued));
  }
  return takeTurns(queues, count);
}

/** First entries of at most `most` groups of the head's priority, beginning after the group whose turn was last. */
async function groupHeads(
  ledger: Ledger,
  lane: string,
  head: Queued,
  turn: string | undefined,
  most: number,
): Promise<Queued[]> {
  const { priority } = head.entry;
  const heads = turn === undefined ? [] : await from(ledger, lane, priority, turn, most);
  if (heads.length === most || heads[0]?.entry.name === head.entry.name) return heads;
  const known = new Set(heads.map(({ entry }) => entry.group));
  const earlier = [head, ...(await from(ledger, lane, priority, head.entry.group, most - heads.length - 1))];
  return [...heads, ...earlier.filter(({ entry }) => !known.has(entry.group))];
}

async function from(ledger: Ledger, lane: string, priority: Priority, group: string, most: number): Promise<Queued[]> {
  const heads: Queued[] = [];
  for (let last = group; heads.length < most;) {
    const after = afterAll(groupPrefix(priority, last));
    const next = await first(ledger, lane, { prefix: levelPrefix(priority), after });
    if (next === undefined) break;
    heads.push(next);
    last = next.entry.group;
  }
  return heads;
}

/** Waiting entries in the order of their keys, at most `limit`; `more` tells that there are others. */
export async function listQueue(
  ledger: Ledger,
  lane: string,
  limit: number,
): Promise<{ readonly entries: QueueEntry[]; readonly more: boolean }> {
  const entries: QueueEntry[] = [];
  for (let after: string | undefined; ;) {
    const page = await ledger.query(queuePartition(lane), {
      limit: Math.min(1_000, limit - entries.length),
      ...(after === undefined ? {} : { after }),
    });
    entries.push(...page.items.map(({ data }) => QueueEntry.parse(data)));
    after = page.next;
    if (after === undefined || entries.length >= limit) return { entries, more: after !== undefined };
  }
}

/** Groups that are asked for their oldest; a lane with more of them tells of these. */
const GROUPS_ASKED = 200;

/**
 * Since when the run that has waited longest waits; undefined = nobody does. One query per group.
 * `before`: only those of a higher priority.
 */
export async function oldestSince(
  ledger: Ledger,
  lane: string,
  { before }: { readonly before?: Priority } = {},
): Promise<number | undefined> {
  const isAsked = (head: Queued | undefined): head is Queued =>
    head !== undefined && (before === undefined || levelOf(head.entry.priority) < levelOf(before));
  const times: number[] = [];
  let head = await first(ledger, lane, {});
  while (isAsked(head) && times.length < GROUPS_ASKED) {
    times.push(head.entry.since);
    head = await first(ledger, lane, { after: afterAll(groupPrefix(head.entry.priority, head.entry.group)) });
  }
  return times.length === 0 ? undefined : Math.min(...times);
}
