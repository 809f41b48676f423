import * as z from "zod";

/** Step Functions lets go of an ended execution after this. */
const REDRIVABLE_MS = 14 * 86_400_000;

/** What RecordFailure makes the cause of a run that its machine ends on purpose. */
const Stated = z.looseObject({ name: z.string(), code: z.string(), message: z.string() });

/** Why an execution cannot go on from where it stands, to be read after "because"; undefined = it can. */
export function whyNotRedrivable(
  run: { readonly status: string; readonly endedAt?: Date; readonly cause?: string } | undefined,
  now: number,
): string | undefined {
  if (run === undefined) return "it is forgotten";
  if (run.status === "RUNNING" || run.status === "SUCCEEDED") return `it is ${run.status}`;
  if (run.endedAt !== undefined && now - run.endedAt.getTime() > REDRIVABLE_MS) return "it ended more than 14 days ago";
  // A Fail state that is entered again fails again: what failed lies before it.
  if (run.status === "FAILED" && isStated(run.cause))
    return "its machine has put the failure on record and ended itself";
  return undefined;
}

function isStated(cause = ""): boolean {
  try {
    return Stated.safeParse(JSON.parse(cause)).success;
  } catch {
    return false;
  }
}
