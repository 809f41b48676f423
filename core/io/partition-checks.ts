import type { FailedCheck } from "../model/alerts/alert-event.ts";
import type { RunContext } from "../model/run-context.ts";
import type { Items } from "./items.ts";
import { consolePage, executionArnOf, machineArnOf } from "./machine-arns.ts";
import type { Io } from "./ports.ts";
import type { Settings } from "./settings.ts";
import { standingOf, type StandingFailures } from "./standing.ts";
import { startAlert } from "./start-alert.ts";

const CHECK = "standing_failures";
/** Of one asset; what lies beyond is counted, not classed. Memory holds one page of them at a time. */
const CLASSED = 100_000;
/** Five Slack messages: their alert stays far below the 256 KB of an input and the 400 KB of an item. */
const CHECKS_AT_ONCE = 5 * 49;

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
  const arn = executionArnOf(machineArnOf(settings.machineArnPrefix, run.domain), run.id);
  const url = settings.embedded === undefined ? { url: consolePage(arn) } : {};
  const red: FailedCheck[] = [];
  let failedPartitions = 0;
  for (const asset of assets) {
    const check = checkOf(await standingOf(items, asset, at.getTime(), CLASSED), at);
    await ledger.write([{ put: { pk: "partition-check", sk: asset, data: check }, if: { any: true } }]);
    if (check.failed_partitions === 0) continue;
    failedPartitions += check.failed_partitions;
    red.push({ ...failedCheck(check), ...url });
  }
  for (let from = 0; from < red.length; from += CHECKS_AT_ONCE) {
    const id = `${arn}/${CHECK}/${from}`;
    const event = {
      ...{ kind: "checks-failed" as const, id, at: at.toISOString(), environment: settings.environment },
      ...{ pipeline: run.domain, checks: red.slice(from, from + CHECKS_AT_ONCE) },
    };
    await startAlert(executions, { key: id, trigger: "check_partitions", event });
  }
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
