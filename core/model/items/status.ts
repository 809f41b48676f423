import * as z from "zod";
import { Order, type ItemState } from "./item-state.ts";

export const ITEM_STATUSES = ["in_progress", "failed", "missing", "stale", "materialised", "retired"] as const;
export const ItemStatus = z.enum(ITEM_STATUSES);
export type ItemStatus = z.infer<typeof ItemStatus>;

/** One status per item, the first that holds: what people count and page by. */
export function statusOf(state: ItemState): ItemStatus {
  if (state.retiredAt !== null) return "retired";
  if (state.runs.length > 0) return "in_progress";
  if (state.last?.status === "failed") return "failed";
  if (state.success === null) return "missing";
  return isStale(state) ? "stale" : "materialised";
}

/** Something is pending, or the latest success is of other versions: a cancelled run leaves it so. */
function isStale({ pending, success, observed, code }: ItemState): boolean {
  const made = success?.versions;
  const moved = made != null && Object.entries(observed).some(([upstream, { version }]) => made[upstream] !== version);
  const recoded = success?.codeVersion != null && code !== null && success.codeVersion !== code.version;
  return pending.length > 0 || moved || recoded;
}

/** What the index of a status says of an item without reading the item itself. */
export const StatusEntry = z.object({
  status: ItemStatus,
  /** Epoch milliseconds since when it has not been well: of a failure, the first since the latest success. */
  since: z.number(),
  /** Of a failure: class and time of the latest one. */
  class: z.string().optional(),
  lastFailureAt: z.number().optional(),
  /** In progress: the execution; with `since` it tells which runs to ask after. */
  run: z.string().optional(),
  phase: z.enum(["queued", "running"]).optional(),
  /** Of the newest output, if there is one. */
  dataVersion: z.string().optional(),
  /** An operator has retired it or, if it is not, added it. */
  order: Order.exactOptional(),
});
export type StatusEntry = z.infer<typeof StatusEntry>;

export function statusEntry(state: ItemState): StatusEntry {
  const status = statusOf(state);
  const { order } = state;
  const output = {
    ...(state.dataVersion === null ? {} : { dataVersion: state.dataVersion }),
    ...(order === undefined ? {} : { order }),
  };
  const [run] = state.runs;
  if (run !== undefined) return { status, since: run.since, run: run.name, phase: run.phase, ...output };
  if (status === "failed" && state.last !== null) {
    const { at, class: failureClass = "unclassified" } = state.last;
    return { status, since: state.failingSince ?? at, class: failureClass, lastFailureAt: at, ...output };
  }
  const since = {
    retired: state.retiredAt,
    missing: state.addedAt,
    stale: state.pendingSince ?? state.success?.at,
    materialised: state.success?.at,
    failed: undefined,
    in_progress: undefined,
  }[status];
  return { status, since: since ?? state.addedAt, ...output };
}
