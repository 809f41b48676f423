import { randomBytes } from "node:crypto";
import type { BackfillPlan } from "../../../core/io/backfills.ts";
import type { Backfill } from "../../../core/model/backfills/backfill.ts";
import { durationText } from "../../../core/model/backfills/estimate.ts";
import { partitioningOf, partitionLabel } from "../partition-names.ts";

/** `backfill-20260115-1f0c2d`: it begins with the day, so that lists read in order. */
export const newBackfillId = (now: number): string =>
  `backfill-${new Date(now).toISOString().slice(0, 10).replaceAll("-", "")}-${randomBytes(3).toString("hex")}`;

export const showStarted = ({ id, total, asset }: Backfill): string =>
  `Started ${id}: ${total} ${total === 1 ? "partition" : "partitions"} of ${asset}. Follow it with \`npx millrace backfill show ${id}\`.`;

const LEFT_OUT = {
  materialised: "are there (--mode all makes them again)",
  in_progress: "are being made just now",
  retired: "are retired",
  "no-input": "have no run on record whose input could be used again: land their files",
} as const;

export function showPlan({
  asset,
  selection,
  mode,
  total,
  leftOut,
  sample,
  lane,
  slots,
  estimate,
}: BackfillPlan): string {
  const { milliseconds, sample: runs } = estimate;
  const reasons = Object.entries(LEFT_OUT).flatMap(([reason, text]) => {
    const count = Object.entries(leftOut).find(([name]) => name === reason)?.[1];
    return count === undefined ? [] : [`left out: ${count} ${text}`];
  });
  return [
    `${total} ${total === 1 ? "run" : "runs"} of ${asset} (${selection}; mode ${mode})`,
    ...reasons,
    ...(sample.length === 0
      ? []
      : [`first: ${sample.map((key) => partitionLabel(key, partitioningOf(asset))).join(", ")}`]),
    ...(lane === undefined ? [] : [`lane ${lane}, ${slots ?? "no"} slots`]),
    milliseconds === undefined
      ? "time: not known, no run of the asset is on record"
      : `time: at least ${durationText(milliseconds)}, by the median of ${runs} recent runs; scheduled and event work goes first`,
    "Nothing has been started.",
  ].join("\n");
}
