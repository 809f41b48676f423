import { outstanding, type Backfill, type BackfillOutcome } from "./backfill.ts";

/** Partitions by state; they add up to the total. */
export interface BackfillProgress extends Readonly<Record<BackfillOutcome, number>> {
  /** Not asked for: in the manifest, where they cost nothing. Of a cancelled backfill: never asked for. */
  readonly waiting: number;
  readonly queued: number;
  readonly running: number;
}

/** `running`: of those that are asked for, how many have been seen to run. */
export function progressOf(backfill: Backfill, running: number): BackfillProgress {
  const open = outstanding(backfill);
  const seen = Math.min(open, running);
  return {
    waiting: Math.max(0, backfill.total - backfill.fed - early(backfill)),
    queued: open - seen,
    running: seen,
    ...backfill.outcomes,
  };
}

/** Ends that were told before their requests were counted. */
function early({ outcomes, fed }: Backfill): number {
  return Math.max(0, Object.values(outcomes).reduce((sum, count) => sum + count, 0) - fed);
}
