import * as z from "zod";
import { Failure } from "../failures.ts";
import { Instant } from "../items/item-state.ts";
import { BackfillMode } from "./mode.ts";

/** What became of a partition; it is told once. */
export const BACKFILL_OUTCOMES = ["succeeded", "failed", "cancelled", "skipped"] as const;
export const BackfillOutcome = z.enum(BACKFILL_OUTCOMES);
export type BackfillOutcome = z.infer<typeof BackfillOutcome>;

export const Backfill = z.object({
  id: z.string().min(1),
  asset: z.string().min(1),
  /** In words; the keys are in the manifest. */
  selection: z.string(),
  mode: BackfillMode,
  author: z.string(),
  createdAt: Instant,
  /** Lines of the manifest. */
  total: z.number().int().nonnegative(),
  /** Lines that have been read: their runs are asked for, or it was clear that there would be none. */
  fed: z.number().int().nonnegative(),
  /** Bytes of the manifest that these lines have. */
  offset: z.number().int().nonnegative(),
  /** Of the partitions that have an outcome. */
  outcomes: z.record(BackfillOutcome, z.number().int().nonnegative()),
  state: z.enum(["running", "paused", "cancelled", "finished"]),
  /** Of the present state: when, and whoever asked for it. */
  since: Instant,
  by: z.string(),
});
export type Backfill = z.infer<typeof Backfill>;

export type NewBackfill = Pick<Backfill, "id" | "asset" | "selection" | "mode" | "author" | "createdAt" | "total">;

export const newBackfill = (given: NewBackfill): Backfill =>
  finish(
    {
      ...given,
      ...{ fed: 0, offset: 0, outcomes: { succeeded: 0, failed: 0, cancelled: 0, skipped: 0 } },
      ...{ state: "running", since: given.createdAt, by: given.author },
    },
    given.createdAt,
  );

const ended = ({ outcomes }: Backfill): number => Object.values(outcomes).reduce((sum, count) => sum + count, 0);

/** Runs that are asked for and have not ended. An end may be told before the request is counted: never below 0. */
export const outstanding = (backfill: Backfill): number => Math.max(0, backfill.fed - ended(backfill));

/** Nothing is left to do for it: no line to feed, no run to wait for. */
export const isSettled = (backfill: Backfill): boolean =>
  backfill.state === "finished" || (backfill.state === "cancelled" && outstanding(backfill) === 0);

/** Enough that no slot waits for the next feeding, few enough that a cancelled backfill leaves next to nothing. */
export const windowOf = (slots: number): number => Math.max(2 * slots, 8);

/** How many lines to feed now. */
export const roomFor = (backfill: Backfill, slots: number): number =>
  backfill.state === "running"
    ? Math.max(0, Math.min(backfill.total - backfill.fed, windowOf(slots) - outstanding(backfill)))
    : 0;

/** After so many more lines, of so many bytes. */
export const fedBy = (backfill: Backfill, lines: number, bytes: number, now: number): Backfill =>
  finish({ ...backfill, fed: backfill.fed + lines, offset: backfill.offset + bytes }, now);

/** After these outcomes, each of a partition that had none. */
export function settledBy(backfill: Backfill, outcomes: readonly BackfillOutcome[], now: number): Backfill {
  const counts = { ...backfill.outcomes };
  for (const one of outcomes) counts[one] += 1;
  return finish({ ...backfill, outcomes: counts }, now);
}

function finish(backfill: Backfill, now: number): Backfill {
  const isDone = backfill.fed >= backfill.total && ended(backfill) >= backfill.total;
  const isOver = backfill.state === "cancelled" || backfill.state === "finished";
  return isDone && !isOver ? { ...backfill, state: "finished", since: now } : backfill;
}

export type BackfillOrder = "pause" | "resume" | "cancel";

const ALLOWED: Readonly<Record<BackfillOrder, { readonly from: readonly string[]; readonly to: Backfill["state"] }>> = {
  pause: { from: ["running"], to: "paused" },
  resume: { from: ["paused"], to: "running" },
  cancel: { from: ["running", "paused"], to: "cancelled" },
};

/** The very same object when it is in that state already. Throws Rejected `backfill_over`. */
export function ordered(backfill: Backfill, order: BackfillOrder, by: string, now: number): Backfill {
  const { from, to } = ALLOWED[order];
  if (backfill.state === to) return backfill;
  if (from.includes(backfill.state)) return { ...backfill, state: to, since: now, by };
  throw new Failure("Rejected", `The backfill ${backfill.id} is ${backfill.state}: it cannot ${order}.`, {
    code: "backfill_over",
    what: `${order} a backfill`,
    hint: "Start another one; `npx millrace backfill start --failed-of ID` takes what failed in it.",
  });
}
