import * as z from "zod";
import type { ScheduleDeclaration } from "./declaration.ts";
import { silenceOf } from "./silence.ts";

/** How the latest runs of a schedule ended. */
export const ScheduleEnd = z.object({
  /** Name of the execution that ended last. */
  run: z.string(),
  endedAt: z.iso.datetime(),
  /** Null = none has succeeded yet. */
  succeededAt: z.iso.datetime().nullable(),
});
export type ScheduleEnd = z.infer<typeof ScheduleEnd>;

/** What a look at one schedule leaves for the next look. */
export const WatchedSchedule = z.object({
  /** Since when it has been on without a break, as far as anybody looked: silence counts from there at the earliest. */
  onSince: z.iso.datetime(),
  /** The deadline whose passing has been told; null = it is heard of in time. */
  silentSince: z.iso.datetime().nullable(),
});
export type WatchedSchedule = z.infer<typeof WatchedSchedule>;

export type ScheduleNews =
  /** Its deadline has passed. */
  | {
      readonly kind: "silent";
      readonly deadline: string;
      readonly lastSeenAt: string | null;
      readonly maxSilenceSeconds: number;
    }
  /** It has succeeded after a silence that was told. */
  | { readonly kind: "heard"; readonly at: string };

/**
 * The dead man's switch of one schedule, looked at from time to time: each silence is told once, and its end once.
 * `known` is undefined for one that nobody has looked at or that was off.
 */
export function watchSchedule(
  declaration: ScheduleDeclaration,
  known: WatchedSchedule | undefined,
  succeededAt: string | undefined,
  now: Date,
): { readonly next: WatchedSchedule; readonly news?: ScheduleNews } {
  const onSince = known?.onSince ?? now.toISOString();
  const since = succeededAt !== undefined && succeededAt > onSince ? succeededAt : onSince;
  const { deadline, passed } = silenceOf(declaration, new Date(since), now);
  const told = known?.silentSince ?? null;
  if (passed && deadline !== null) {
    if (told !== null && since <= told) return { next: { onSince, silentSince: told } };
    const maxSilenceSeconds = (Date.parse(deadline) - Date.parse(since)) / 1_000;
    return {
      next: { onSince, silentSince: deadline },
      news: { kind: "silent", deadline, lastSeenAt: succeededAt ?? null, maxSilenceSeconds },
    };
  }
  const heard = told !== null && succeededAt !== undefined && succeededAt > told;
  return { next: { onSince, silentSince: null }, ...(heard ? { news: { kind: "heard", at: succeededAt } } : {}) };
}
