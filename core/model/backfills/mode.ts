import * as z from "zod";
import { Failure } from "../failures.ts";
import type { ItemStatus } from "../items/status.ts";

/**
 * What a backfill's runs shall do; it is `mode` of their input, too. `missing-only`: make what is not there, as a run
 * without a mode does; `all`: make it again; `reload`: publish from the objects that are there, without the upstream;
 * `redeliver`: send it out again, and nothing else.
 */
export const BACKFILL_MODES = ["missing-only", "all", "reload", "redeliver"] as const;
export const BackfillMode = z.enum(BACKFILL_MODES);
export type BackfillMode = z.infer<typeof BackfillMode>;

/**
 * Why a partition is left out; undefined = it is run. `missing-only` leaves alone what is there and what somebody makes
 * just now, so that a backfill runs nothing twice.
 */
export function leftOut(
  mode: BackfillMode,
  status: ItemStatus,
): "retired" | "materialised" | "in_progress" | undefined {
  if (status === "retired") return status;
  if (mode !== "missing-only") return undefined;
  return status === "materialised" || status === "in_progress" ? status : undefined;
}

/** What a job takes that declares none: its runs do what they do, and ask after no mode. */
export const EVERY_JOBS_MODES: readonly BackfillMode[] = ["missing-only", "all"];

/** Absent = `missing-only`. Throws Rejected `mode_not_taken`, which names the modes that there are. */
export function takenMode(mode: string | undefined, modes: readonly BackfillMode[], whose: string): BackfillMode {
  const wanted = mode ?? "missing-only";
  const taken = modes.find((one) => one === wanted);
  if (taken !== undefined) return taken;
  throw new Failure("Rejected", `${whose} has no mode "${wanted.slice(0, 40)}"; it has ${modes.join(", ")}.`, {
    code: "mode_not_taken",
    what: `run ${whose}`,
    hint: "Nothing was started. Take one of its modes.",
    details: { modes },
  });
}
