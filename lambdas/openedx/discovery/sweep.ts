import type { Coordination } from "../../../core/io/coordination.ts";
import type { LeaseClock } from "../../../core/io/lease.ts";
import type { Ledger } from "../../../core/io/ports.ts";
import { walkRing, type RingReport } from "../../../core/io/ring-sweep.ts";
import { Failure, isFailure } from "../../../core/model/failures.ts";
import type { OpenEdx } from "../../open-edx-api/client.ts";
import { COURSEWARE } from "../sources/course-assets.ts";
import { activeCourses } from "./active-courses.ts";

/** Measured on the installations: about 53 outlines a second without being throttled. Raise them only with new figures. */
const CONCURRENCY = 16;
/** The same where an installation answers faster than those did; some way below, for calls come as the network likes. */
export const OUTLINES_PER_SECOND = 50;

export interface VersionSweep {
  readonly deployment: string;
  readonly holder: string;
  /** Of the run: its attempts are one lap together. */
  readonly run: string;
  readonly assets: readonly [string, ...string[]];
  readonly openEdx: Pick<OpenEdx, "outline">;
  readonly coordination: Pick<Coordination, "items" | "lanes" | "observed">;
  readonly ledger: Ledger;
  /** Epoch milliseconds. */
  readonly until: number;
  readonly now: () => number;
  readonly clock?: LeaseClock;
  /** Is told how old the oldest look at any course run is, also when this sweep fails. */
  readonly lag?: (ms: number) => void;
}

export interface Swept extends Pick<
  RingReport,
  "state" | "total" | "attempted" | "earlier" | "failed" | "postponed" | "lagMs"
> {
  /** Versions that were read. */
  readonly read: number;
  /** Course runs of which at least one asset has a run to come. */
  readonly changed: number;
  /** They have no outline: the last version stands. */
  readonly gone: number;
}

/**
 * Reads the published version of every active course run and has it observed; what that requests is granted in batches.
 * Throws when not one course run could be read, after saving where it goes on: Misconfigured and Throttled as they came,
 * else Transient `sweep_failed`.
 */
export async function sweepVersions({
  deployment,
  holder,
  run,
  assets,
  openEdx,
  coordination,
  ledger,
  until,
  now,
  clock,
  lag,
}: VersionSweep): Promise<Swept> {
  const keys = await activeCourses(coordination.items, assets[0]);
  const lanes = new Set<string>();
  const report = await walkRing(
    ledger,
    {
      ...{ id: `openedx-versions/${deployment}`, holder, name: run, keys, concurrency: CONCURRENCY, until },
      ...(clock && { clock }),
    },
    {
      visit: async (partition, signal) => {
        const version = await openEdx.outline(partition, signal);
        if (version === undefined) return "gone";
        const at = now();
        let word = "unchanged";
        for (const asset of assets) {
          const seen = await coordination.observed({ asset, partition }, { upstream: COURSEWARE, version, at });
          if (seen?.changed === true) word = "changed";
          // Also of a run that an attempt which died has asked for.
          if (seen?.request !== undefined) lanes.add(seen.request.lane);
        }
        return word;
      },
      flush: async () => {
        const waiting = [...lanes];
        lanes.clear();
        if (waiting.length > 0) await coordination.lanes.dispatch(waiting, now());
      },
    },
  );
  const { state, total, attempted, earlier, failed, postponed, counts, lagMs } = report;
  if (state === "walked") lag?.(lagMs);
  const { changed = 0, unchanged = 0, gone = 0 } = counts;
  if (attempted > 0 && changed + unchanged + gone === 0) throw nothingRead(deployment, report);
  return { state, total, attempted, earlier, failed, postponed, lagMs, read: changed + unchanged, changed, gone };
}

function nothingRead(deployment: string, { attempted, failures }: RingReport): Failure {
  const [first] = failures;
  const wrong = failures
    .map(({ error }) => error)
    .filter(isFailure)
    .find(({ name }) => name === "Misconfigured" || name === "Throttled");
  if (wrong !== undefined) return wrong;
  const why = first?.error instanceof Error ? ` ${first.error.message}` : "";
  return new Failure("Transient", `Not one of ${attempted} course runs of ${deployment} could be read.${why}`, {
    code: "sweep_failed",
    what: `read the versions of the course runs of ${deployment}`,
    hint: "Look whether the LMS answers; the next tick goes on behind these.",
    ...(first === undefined ? {} : { cause: first.error }),
  });
}
