import * as z from "zod";
import { Instant } from "./item-state.ts";

/** Which code version all items of an asset have heard of, and which they are being told. */
export const CodeRecord = z.object({
  /** All items were told, or it is the first that was ever declared. */
  version: z.string(),
  /** Some items may have heard of another since. */
  mixed: z.boolean(),
  /** Declared since. `round` = number of the sweep that tells it; null = it waits until the deployment has settled. */
  next: z.object({ version: z.string(), since: Instant, round: z.number().int().nullable() }).nullable(),
  rounds: z.number().int().nonnegative(),
});
export type CodeRecord = z.infer<typeof CodeRecord>;

/**
 * A release may give old and new code calls in turn for minutes (canaries), and may be taken back: until one version has
 * been declared so long by all, nothing runs again for it.
 */
export const SETTLE_MS = 10 * 60_000;

/** What the record becomes when somebody declares a version; the same object = nothing is to be done or written. */
export function declare(
  known: CodeRecord | undefined,
  version: string,
  now: number,
  settleMs: number = SETTLE_MS,
): CodeRecord {
  if (known === undefined) return { version, mixed: false, next: null, rounds: 0 };
  const { next } = known;
  if (version === known.version && !known.mixed) return next === null ? known : { ...known, next: null };
  if (next?.version !== version) return { ...known, next: { version, since: now, round: null } };
  if (next.round !== null || now - next.since < settleMs) return known;
  const round = known.rounds + 1;
  return { ...known, mixed: true, next: { version, since: now, round }, rounds: round };
}

/** All items have been told of the round's version. */
export const told = (known: CodeRecord, round: number): CodeRecord =>
  known.next?.round === round ? { ...known, version: known.next.version, mixed: false, next: null } : known;
