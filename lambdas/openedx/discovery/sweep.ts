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

/** So many failures are part of a run's output. */
const NAMED = 5;

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
  /** The first few of those that failed, and why: for people. */
  readonly failures: readonly string[];
}

/**
 * Reads the published version of every active course run and has it observed; what that requests is granted in batches.
 * Throws when not one course run could be read, or the LMS has enough or is down before the lap is whole, after saving
 * where the next attempt goes on: Misconfigured and Throttled as they came, else Transient `sweep_failed`.
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
  const { state, total, attempted, earlier, failed, postponed, failures, counts, lagMs } = report;
  if (state === "walked") lag?.(lagMs);
  const { changed = 0, unchanged = 0, gone = 0 } = counts;
  const answered = changed + unchanged + gone;
  if (report.brokenOff !== undefined || (attempted > 0 && answered === 0)) throw unread(deployment, report, answered);
  const named = failures
    .slice(0, NAMED)
    .map(({ key, error }) => `${key}: ${error instanceof Error ? error.message : ""}`);
  return {
    ...{ state, total, attempted, earlier, failed, postponed, lagMs },
    ...{ read: changed + unchanged, changed, gone, failures: named },
  };
}

function unread(deployment: string, { attempted, total, failures, brokenOff }: RingReport, answered: number): Failure {
  const errors = [brokenOff, ...failures.map(({ error }) => error)];
  const wrong = errors.filter(isFailure).find(({ name }) => name === "Misconfigured" || name === "Throttled");
  if (wrong !== undefined) return wrong;
  const first = errors.find((error) => error instanceof Error);
  const found =
    answered === 0
      ? `Not one of ${attempted} course runs of ${deployment} could be read.`
      : `After ${answered} of ${total} course runs of ${deployment} no more could be read.`;
  return new Failure("Transient", first === undefined ? found : `${found} ${first.message}`, {
    code: "sweep_failed",
    what: `read the versions of the course runs of ${deployment}`,
    hint: "Look whether the LMS answers; the next attempt, or the next tick, goes on where this one stopped.",
    ...(first === undefined ? {} : { cause: first }),
  });
}
