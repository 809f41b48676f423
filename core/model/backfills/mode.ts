import * as z from "zod";
import type { ItemStatus } from "../items/status.ts";

/**
 * What a backfill's runs shall do; it is `mode` of their input, too. `missing-only`: make what is not there; `all`: make
 * it again; `reload`: publish from the objects that are there, without the upstream; `redeliver`: send it out again.
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
