import type { FailedCheck } from "../model/alerts/alert-event.ts";
import type { RunContext } from "../model/run-context.ts";
import type { Items } from "./items.ts";
import type { Io } from "./ports.ts";
import { raiseChecks } from "./raise-checks.ts";
import type { Settings } from "./settings.ts";
import { standingOf, type StandingFailures } from "./standing.ts";

const CHECK = "standing_failures";
/** Of one asset; what lies beyond is counted, not classed. Memory holds one page of them at a time. */
const CLASSED = 100_000;

export interface PartitionChecks {
  readonly assets: number;
  readonly red: number;
  readonly failedPartitions: number;
}

/** What the check of one asset says; kept in the ledger, `partition-check` by asset, until the next. */
interface PartitionCheck {
  readonly asset: string;
  readonly checkedAt: string;
  readonly failed_partitions: number;
  /** The 20 smallest keys. */
  readonly sample: readonly string[];
  readonly sample_truncated: boolean;
  readonly by_class: Readonly<Record<string, number>>;
  /** First failure of the oldest; null = none. */
  readonly oldest: string | null;
  readonly recovery: string;
}

/**
 * Checks every asset, one after the other, and raises one grouped alert for those that are red. The run's own time makes
 * a second attempt say the same once.
 */
export async function checkPartitions({
  ledger,
  executions,
  items,
  settings,
  run,
}: Pick<Io, "ledger" | "executions"> & {
  readonly items: Pick<Items, "counts" | "page">;
  readonly settings: Pick<Settings, "environment" | "machineArnPrefix" | "embedded" | "watched">;
  readonly run: Pick<RunContext, "id" | "domain" | "startedAt">;
}): Promise<PartitionChecks> {
  const { assets = [] } = settings.watched ?? {};
  const at = new Date(run.startedAt);
  const red: FailedCheck[] = [];
  let failedPartitions = 0;
  for (const asset of assets) {
    const check = checkOf(await standingOf(items, asset, at.getTime(), CLASSED), at);
    await ledger.write([{ put: { pk: "partition-check", sk: asset, data: check }, if: { any: true } }]);
    if (check.failed_partitions === 0) continue;
    failedPartitions += check.failed_partitions;
    red.push(failedCheck(check));
  }
  await raiseChecks({ executions, settings, run }, CHECK, red);
  return { assets: assets.length, red: red.length, failedPartitions };
}

const checkOf = (standing: StandingFailures, at: Date): PartitionCheck => ({
  asset: standing.asset,
  checkedAt: at.toISOString(),
  failed_partitions: standing.failedPartitions,
  sample: standing.sample.map(({ partition }) => partition),
  sample_truncated: standing.sampleTruncated,
  by_class: standing.byClass,
  oldest: standing.oldestAt === undefined ? null : new Date(standing.oldestAt).toISOString(),
  recovery: standing.recovery,
});

const failedCheck = (check: PartitionCheck): FailedCheck => ({
  asset: check.asset,
  check: CHECK,
  description: check.recovery,
  metadata: [
    ["failed_partitions", check.failed_partitions],
    ["by_class", namesOf(check.by_class)],
    ["oldest", check.oldest],
  ],
});

/** The most frequent first; a message shows some of them. */
const namesOf = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .toSorted(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
    .slice(0, 10)
    .map(([name, count]) => `${name} ${count}`)
    .join(", ");
