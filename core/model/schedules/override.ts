import * as z from "zod";
import { Failure } from "../failures.ts";

const DAY_MS = 86_400_000;
const UNIT_MS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: DAY_MS };
/** A switch that nobody remembers is a hidden one: what is meant to last longer belongs into the declaration. */
export const LONGEST_OVERRIDE_DAYS = 90;

/** An operator's word against the declaration. Without an author, a reason and an end there is none. */
export const ScheduleOverride = z.object({
  schedule: z.string().min(1),
  state: z.enum(["on", "off"]),
  author: z.string().trim().min(1).max(100),
  reason: z.string().trim().min(1).max(500),
  /** ISO 8601, UTC: from then on the declaration counts again. */
  until: z.iso.datetime(),
  setAt: z.iso.datetime(),
});
export type ScheduleOverride = z.infer<typeof ScheduleOverride>;

/**
 * @param given `until` is a time (ISO 8601, UTC when it names no offset; a date is its first moment) or a while (`90m`, `12h`, `7d`).
 * @throws Failure Rejected `bad_override` that names what is missing or out of bounds.
 */
export function newOverride(
  given: {
    readonly schedule: string;
    readonly state: "on" | "off";
    readonly author?: string | undefined;
    readonly reason?: string | undefined;
    readonly until?: string | undefined;
  },
  now: Date,
): ScheduleOverride {
  const until = given.until === undefined ? undefined : untilOf(given.until.trim(), now);
  if (given.author === undefined || given.author.trim() === "") throw bad("has no author", "Say who with --author.");
  if (given.reason === undefined || given.reason.trim() === "") throw bad("has no reason", "Say why with --reason.");
  if (until === undefined) throw bad("has no end", "Say how long with --until, for example --until 12h.");
  if (Number.isNaN(until)) throw bad(`ends at "${given.until}", which is no time`, "Write 90m, 12h, 7d or a time.");
  if (until <= now.getTime()) throw bad("ends before it begins", "Give an --until that is yet to come.");
  if (until > now.getTime() + LONGEST_OVERRIDE_DAYS * DAY_MS) {
    throw bad(
      `lasts longer than ${LONGEST_OVERRIDE_DAYS} days`,
      "Give a nearer --until; what is to stay belongs into the schedule's declaration.",
    );
  }
  const parsed = ScheduleOverride.safeParse({
    ...given,
    until: new Date(until).toISOString(),
    setAt: now.toISOString(),
  });
  if (!parsed.success) throw bad(`is not understood: ${z.prettifyError(parsed.error)}`, "Correct it.");
  return parsed.data;
}

/** The override, while it lasts. */
export const inForce = (override: ScheduleOverride | undefined, at: Date): ScheduleOverride | undefined =>
  override !== undefined && Date.parse(override.until) > at.getTime() ? override : undefined;

function untilOf(text: string, now: Date): number {
  const [, count, unit] = /^(\d{1,6})([mhd])$/.exec(text) ?? [];
  if (unit !== undefined) return now.getTime() + Number(count) * (UNIT_MS[unit] ?? Number.NaN);
  if (!/^\d{4}-\d\d-\d\d/.test(text)) return Number.NaN;
  // A date-time without an offset would be read in this machine's zone.
  return Date.parse(/T.*(Z|[+-]\d\d:?\d\d)$/.test(text) || !text.includes("T") ? text : `${text}Z`);
}

const bad = (reason: string, hint: string): Failure =>
  new Failure("Rejected", `The override ${reason}.`, { code: "bad_override", what: "switch a schedule", hint });
