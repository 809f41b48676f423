import * as z from "zod";
import { RunRequest } from "../model/items/run-request.ts";
import { DELAYED, delayedKey, entryOf, queueKey, queuePartition, type QueueEntry } from "../model/lanes/queue-entry.ts";
import type { Ledger, LedgerItem, LedgerWrite } from "./ports.ts";

/** What is kept of a request from its decision to the end of its run. */
const KeptRequest = z.object({
  request: RunRequest,
  /** Somebody wants it no more: it is not started, and stopped if it was. */
  withdrawn: z.object({ error: z.string(), cause: z.string() }).optional(),
});
export type KeptRequest = z.infer<typeof KeptRequest>;

const REQUESTS = "run-request";

export async function readRequest(ledger: Ledger, name: string): Promise<(KeptRequest & { rev: number }) | undefined> {
  const item = await ledger.get(REQUESTS, name);
  return item === undefined ? undefined : { ...KeptRequest.parse(item.data), rev: item.rev };
}

const putRequest = (kept: KeptRequest, condition: LedgerWrite["if"]): LedgerWrite => ({
  put: { pk: REQUESTS, sk: kept.request.name, data: kept },
  if: condition,
});

export const forgetRequest = (name: string): LedgerWrite => ({ delete: { pk: REQUESTS, sk: name }, if: { any: true } });

const isDelayed = (entry: QueueEntry): boolean => entry.since > entry.requestedAt;

/** Where the entry lies until it is granted or, if it is delayed, due. */
const placeOf = (entry: QueueEntry): { pk: string; sk: string } =>
  isDelayed(entry) ? { pk: DELAYED, sk: delayedKey(entry) } : { pk: queuePartition(entry.lane), sk: queueKey(entry) };

/** Keeps the request and has it wait. A name that waits or runs already throws Conflict `stale_item` when written. */
export function enqueueing(request: RunRequest): readonly LedgerWrite[] {
  const entry = entryOf(request);
  return [putRequest({ request }, { absent: true }), { put: { ...placeOf(entry), data: entry }, if: { absent: true } }];
}

/** A delayed entry takes its place in the queue. */
export const joining = (entry: QueueEntry, rev: number): readonly LedgerWrite[] => [
  { delete: { pk: DELAYED, sk: delayedKey(entry) }, if: { rev } },
  { put: { pk: queuePartition(entry.lane), sk: queueKey(entry), data: entry }, if: { absent: true } },
];

export const leaving = (entry: QueueEntry, rev: number): LedgerWrite => ({
  delete: { pk: queuePartition(entry.lane), sk: queueKey(entry) },
  if: { rev },
});

/** Where a request waits, in its queue or until it may join it; undefined = it has a slot, or is over. */
async function waitingAt(ledger: Ledger, request: RunRequest): Promise<LedgerItem | undefined> {
  const entry = entryOf(request);
  const queued = { pk: queuePartition(entry.lane), sk: queueKey(entry) };
  for (const { pk, sk } of isDelayed(entry) ? [placeOf(entry), queued] : [queued]) {
    const item = await ledger.get(pk, sk);
    if (item !== undefined) return item;
  }
  return undefined;
}

/** Has a request that waits wait as another; undefined = it waits no more. */
export async function replacing(
  ledger: Ledger,
  name: string,
  change: (request: RunRequest) => RunRequest,
): Promise<readonly LedgerWrite[] | undefined> {
  const kept = await readRequest(ledger, name);
  const found = kept?.withdrawn === undefined ? kept && (await waitingAt(ledger, kept.request)) : undefined;
  if (kept === undefined || found === undefined) return undefined;
  const request = change(kept.request);
  const entry = entryOf(request);
  const { pk, sk } = placeOf(entry);
  const isThere = found.pk === pk && found.sk === sk;
  return [
    ...(isThere ? [] : [{ delete: { pk: found.pk, sk: found.sk }, if: { rev: found.rev } }]),
    { put: { pk, sk, data: entry }, if: isThere ? { rev: found.rev } : { absent: true } },
    putRequest({ request }, { rev: kept.rev }),
  ];
}

/**
 * Takes the request back. `true`: it waited, and will never start. `false`: it has a slot already; it is marked, so that
 * nobody starts it any more and whoever finds it running stops it.
 */
export async function withdrawRequest(
  ledger: Ledger,
  { request, rev }: KeptRequest & { rev: number },
  reason: { readonly error: string; readonly cause: string },
): Promise<boolean> {
  const found = await waitingAt(ledger, request);
  if (found !== undefined) {
    await ledger.write([
      { delete: { pk: found.pk, sk: found.sk }, if: { rev: found.rev } },
      { delete: { pk: REQUESTS, sk: request.name }, if: { rev } },
    ]);
    return true;
  }
  await ledger.write([putRequest({ request, withdrawn: reason }, { rev })]);
  return false;
}
