import { COORDINATOR } from "../../core/model/platform-domains.ts";
import { hasInsights } from "./machines.ts";
import type { Line } from "./line.ts";
import { HOURS, type PriceId } from "./prices.ts";
import { runsIn, type PathRuns } from "./runs.ts";
import { listOf, numberIn, ofType, type Resource } from "./templates.ts";
import { isNamed } from "./usage.ts";
import type { Workload } from "./workload.ts";

const KB_PER_GB = 1e6;
const MB_PER_GB = 1_000;
/** S3 Tables compacts towards files of this size. */
const COMPACTED_MB = 256;
const LEDGER_ITEM_KB = 1;

/** Lines of what a job's runs store, read and write, in the last month of the workload's months. */
export function jobUsage(
  domain: string,
  name: string,
  runs: number,
  kind: Line["kind"],
  resources: readonly Resource[],
  workload: Workload,
) {
  const { each } = workload.jobs[name] ?? {};
  if (each === undefined) return [];
  const job = name.split("/")[1] ?? name;
  const lines: Line[] = [];
  const add = (what: string, price: PriceId, quantity: number): void => {
    if (quantity > 0) lines.push({ domain, what: `${job} ${what}`, price, quantity, kind });
  };
  const { months } = workload;
  const landedGb = (runs * each.landedMb) / MB_PER_GB;
  // A month in Standard, then Intelligent-Tiering, whose objects cool down when nobody reads them.
  add("landed files", "s3Storage", landedGb * Math.min(months, 2));
  add("landed files", "s3Infrequent", landedGb * Math.min(Math.max(months - 2, 0), 2));
  add("landed files", "s3Archive", landedGb * Math.max(months - 4, 0));
  add("landed files", "s3Transition", landedGb === 0 ? 0 : runs);
  add("landed files", "s3Tiering", landedGb === 0 ? 0 : runs * Math.max(months - 1, 0));
  add("objects", "s3Put", runs * each.objectPuts);
  add("objects", "s3Get", runs * each.objectGets);
  const lakeGb = (runs * each.lakeMb) / MB_PER_GB;
  if (ofType(resources, "AWS::S3Tables::TableBucket").length > 0) {
    add("tables", "tablesStorage", lakeGb * months);
    add("tables", "tablesObject", (lakeGb * MB_PER_GB * months) / COMPACTED_MB + runs * each.lakeFiles);
    add("tables", "tablesPut", runs * each.lakeFiles);
    add("tables", "tablesCompactedObject", runs * each.lakeFiles);
    add("tables", "tablesCompactedGb", lakeGb);
  } else {
    add("tables", "s3Storage", lakeGb * months);
    add("tables", "s3Put", runs * each.lakeFiles);
    add("tables", "glueRequest", runs * each.lakeFiles * 4);
  }
  add("ledger", "ledgerWrite", runs * each.ledgerWrites);
  add("ledger", "ledgerRead", runs * each.ledgerReads);
  const ledgerGb = (runs * each.ledgerWrites * LEDGER_ITEM_KB * months) / 2 / KB_PER_GB;
  add("ledger", "ledgerStorage", ledgerGb);
  add("ledger", "ledgerBackup", ledgerGb);
  add("secrets", "secretRead", runs * each.secretReads);
  return lines;
}

/** Lines of what all runs of an environment share. */
export function sharedUsage(
  paths: readonly PathRuns[],
  fargateHours: number,
  logGb: number,
  resources: readonly Resource[],
  workload: Workload,
): readonly Line[] {
  const { shared, months } = workload;
  const runs = runsIn(paths.filter(({ domain }) => domain !== COORDINATOR));
  const has = (type: string): boolean => ofType(resources, type).length > 0;
  const line = (what: string, price: PriceId, quantity: number, kind: Line["kind"] = "variable"): Line => ({
    domain: "platform",
    what,
    price,
    quantity,
    kind,
  });
  return [
    line("stored logs", "logStored", logGb * shared.logCompression * Math.min(months, keptMonths(resources))),
    ...(has("AWS::EC2::FlowLog") ? [line("network logs", "logIngested", shared.networkLogGb, "fixed")] : []),
    ...ofType(resources, "AWS::Lambda::Function").map((one) => {
      const calls = paths.filter(
        ({ domain, path }) =>
          domain === one.domain && Object.keys(path.seconds).some((task) => isNamed(one.properties, task)),
      );
      // Metrics cost by the hours in which they are sent: few runs do not touch every hour.
      const busyHours = Math.min(1, runsIn(calls) / HOURS);
      return line("metrics of tasks", "metric", shared.metricsPerFunction * busyHours, calls[0]?.kind);
    }),
    ...(hasInsights(resources)
      ? [line("metrics of containers", "metric", shared.insightMetrics * Math.min(1, fargateHours / HOURS))]
      : []),
    ...(has("AWS::KMS::Key") ? [line("encryption", "keyRequest", runs * shared.keyRequestsPerRun)] : []),
    ...(has("AWS::Athena::WorkGroup") ? [line("analysts' queries", "athena", shared.adHocAthenaTb)] : []),
    ...(has("AWS::SNS::Subscription") ? [line("mails", "alarmMail", shared.failedRunMails)] : []),
    ...(has("AWS::Events::Archive")
      ? [line("kept events", "archiveStorage", (runs * shared.eventKb * months) / KB_PER_GB)]
      : []),
    ...(has("AWS::ECS::TaskDefinition") ? [line("images", "image", shared.imageGb, "fixed")] : []),
    ...(endpoints(resources) ? [line("endpoint traffic", "endpointGb", shared.endpointGb)] : []),
    line("traffic out", "transferOut", shared.egressGb),
  ].filter(({ quantity }) => quantity > 0);
}

const endpoints = (resources: readonly Resource[]): boolean =>
  ofType(resources, "AWS::EC2::VPCEndpoint").some(({ properties }) => listOf(properties["SubnetIds"]).length > 0);

/** Months that logs are kept: the longest retention of the environment. */
const keptMonths = (resources: readonly Resource[]): number =>
  Math.max(
    1,
    ...ofType(resources, "AWS::Logs::LogGroup").map(
      ({ properties }) => numberIn(properties["RetentionInDays"], 30) / 30,
    ),
  );
