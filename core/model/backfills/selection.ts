import * as z from "zod";
import { Failure } from "../failures.ts";
import { isDay } from "../items/daily.ts";

export const SELECTED_STATUSES = ["all", "missing", "failed", "stale"] as const;

/** Which partitions of an asset; all that is given must hold. */
export const Selection = z.object({
  asset: z.string().min(1),
  status: z.enum(SELECTED_STATUSES),
  /** First and last day, both included, of the date that the key holds. */
  from: z.string().optional(),
  to: z.string().optional(),
  prefix: z.string().optional(),
  /** These and no others. */
  partitions: z.array(z.string().min(1)).max(10_000).optional(),
  /** Those that failed in this earlier backfill. */
  failedOf: z.string().min(1).optional(),
});
export type Selection = z.infer<typeof Selection>;

const DATE = /(?<!\d)\d{4}-\d{2}-\d{2}(?!\d)/g;

/**
 * The day that a partition is about: the first date of the calendar, written YYYY-MM-DD, in its key, which may stand
 * anywhere (`logs/2026-01-15/shard`, `2026-01-15`). Undefined = it holds none, and no range of dates has it.
 */
export const dayIn = (partition: string): string | undefined => partition.match(DATE)?.find(isDay);

/** Whether the key alone, not the status, is of the selection. */
export function selects({ from, to, prefix }: Selection, partition: string): boolean {
  if (prefix !== undefined && !partition.startsWith(prefix)) return false;
  if (from === undefined && to === undefined) return true;
  const day = dayIn(partition);
  return day !== undefined && (from === undefined || day >= from) && (to === undefined || day <= to);
}

/** Throws Malformed `selection_invalid` for what would silently select nothing. */
export function checkSelection(selection: Selection): void {
  const { from, to } = selection;
  for (const day of [from, to]) {
    if (day !== undefined && !isDay(day)) throw invalid(`"${day.slice(0, 40)}" is no day of the calendar`);
  }
  if (from !== undefined && to !== undefined && from > to) throw invalid(`${from} is after ${to}`);
}

/** In words: what people see of it in lists and records. */
export function selectionText({ status, from, to, prefix, partitions, failedOf }: Selection): string {
  return [
    status,
    ...(from === undefined && to === undefined ? [] : [`days ${from ?? ""}..${to ?? ""}`]),
    ...(prefix === undefined ? [] : [`keys ${prefix}*`]),
    ...(partitions === undefined ? [] : [`a list of ${partitions.length}`]),
    ...(failedOf === undefined ? [] : [`failed in ${failedOf}`]),
  ].join(", ");
}

const invalid = (reason: string): Failure =>
  new Failure("Malformed", `The range of dates is none: ${reason}.`, {
    code: "selection_invalid",
    what: "select partitions",
    hint: "Write both days as YYYY-MM-DD, the first one first.",
  });
