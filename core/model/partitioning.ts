import { exists, isDay, type DailyPartitions } from "./items/daily.ts";
import { partitionProblem, tupleProblem } from "./items/partition-key.ts";
import type { EnvironmentName, Pipeline } from "./pipeline.ts";

/** What the partitions of an asset are, and who adds them. */
export type Partitioning = DynamicPartitioning | DailyPartitioning | TuplePartitioning;

/** Keys of any form: whoever finds one adds it (a landing, a read of the source, an operator). */
export interface DynamicPartitioning {
  readonly kind: "dynamic";
}

/** One for each day. The coordinator's clock adds a day when it has ended; that requests no run. */
export interface DailyPartitioning {
  readonly kind: "daily";
  /** The first day, `YYYY-MM-DD`, where there are any. */
  readonly from: Readonly<Partial<Record<EnvironmentName, string>>>;
  /** In whose calendar the days are: an IANA name. */
  readonly timeZone: string;
}

/** Ordered parts, as `partitionText` writes them: a course and its source. */
export interface TuplePartitioning {
  readonly kind: "tuple";
  /** What the parts are, in their order: two or more names, for people. */
  readonly dimensions: readonly string[];
}

export const DYNAMIC: DynamicPartitioning = { kind: "dynamic" };

/** What is wrong with a declaration, in sentences without a full stop. */
export function partitioningProblems(asset: string, partitioning: Partitioning = DYNAMIC): string[] {
  if (partitioning.kind === "dynamic") return [];
  if (partitioning.kind === "tuple") {
    const { dimensions } = partitioning;
    if (dimensions.length < 2) return [`asset "${asset}" has tuples of fewer than two parts: declare it as dynamic`];
    const named = dimensions.every((name) => name !== "") && new Set(dimensions).size === dimensions.length;
    return named ? [] : [`asset "${asset}" has dimensions without a name of their own`];
  }
  const { from, timeZone } = partitioning;
  const days = Object.values(from);
  if (!isTimeZone(timeZone)) return [`asset "${asset}" has days in "${timeZone}", which is no time zone`];
  if (days.length === 0) return [`asset "${asset}" has days in no environment`];
  return days
    .filter((day) => !isDay(day) || !exists(day, timeZone))
    .map((day) => `asset "${asset}" begins on "${day}", which is no day of ${timeZone}`);
}

/** Why a key is none of the asset, for people; undefined = it is one. */
export function keyProblem(partitioning: Partitioning, key: string): string | undefined {
  if (partitioning.kind === "dynamic") return partitionProblem(key);
  if (partitioning.kind === "tuple") return partitionProblem(key) ?? tupleProblem(key, partitioning.dimensions.length);
  const { timeZone } = partitioning;
  return isDay(key) && exists(key, timeZone) ? undefined : `it is no day of ${timeZone}, written YYYY-MM-DD`;
}

export interface DailyAsset extends DailyPartitions {
  readonly asset: string;
}

/** Assets whose days the clock of an environment adds. */
export const dailyIn = (environment: EnvironmentName, pipelines: readonly Pick<Pipeline, "assets">[]): DailyAsset[] =>
  pipelines.flatMap(({ assets }) =>
    assets.flatMap(({ id, partitioning }) => {
      const start = partitioning?.kind === "daily" ? partitioning.from[environment] : undefined;
      return partitioning?.kind !== "daily" || start === undefined
        ? []
        : [{ asset: id, start, timeZone: partitioning.timeZone }];
    }),
  );

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat("en-US", { timeZone: name }).format();
    return true;
  } catch {
    return false;
  }
}
