import { join } from "node:path";
import { App, Stage } from "aws-cdk-lib";
import featureFlags from "aws-cdk-lib/recommended-feature-flags.json" with { type: "json" };
import { ENVIRONMENTS, type EnvironmentName } from "../core/model/pipeline.ts";
import { addSecurityChecks } from "../lib/checks/security.ts";
import { bundleTasks } from "../lib/constructs/bundle.ts";
import { provideDuckdb } from "../lib/constructs/duckdb-files.ts";
import type { EnvironmentProps } from "../lib/environment.ts";
import { EMULATOR_LACKS } from "../lib/emulator.ts";
import { DeliveryStack } from "../lib/stacks/delivery-stack.ts";
import { EnvironmentStage } from "../lib/stacks/environment-stage.ts";
import { domains } from "../state-machines/index.ts";

/** The repository whose workflows deploy; forks and namesakes are nobody to AWS. */
const REPOSITORY = "example-org/millrace";
const RUNBOOKS = "https://git.example.org/millrace/blob/main/docs/runbooks";

/** The only place where environments differ. */
const environments: Readonly<Record<EnvironmentName, Omit<EnvironmentProps, "name">>> = {
  dev: {
    organisation: "ol",
    retainData: false,
    logRetentionDays: 7,
    eventArchiveDays: 7,
    schedules: true,
    failedOnceMinutes: 1,
    machineSettings: { GatherSeconds: "2" },
    runbooks: RUNBOOKS,
    lake: "s3tables",
    dbt: "duckdb",
    network: "public",
    encryption: "aws",
    relational: false,
    releases: "at-once",
    deliveredBy: REPOSITORY,
  },
  ci: {
    organisation: "ol",
    retainData: false,
    logRetentionDays: 7,
    eventArchiveDays: 7,
    schedules: false,
    failedOnceMinutes: 0,
    machineSettings: { GatherSeconds: "2" },
    runbooks: RUNBOOKS,
    lake: "glue",
    dbt: "athena",
    network: "public",
    encryption: "aws",
    relational: true,
    releases: "at-once",
  },
  qa: {
    organisation: "ol",
    retainData: true,
    logRetentionDays: 30,
    eventArchiveDays: 30,
    schedules: true,
    failedOnceMinutes: 10,
    machineSettings: { GatherSeconds: "60" },
    runbooks: RUNBOOKS,
    lake: "s3tables",
    dbt: "duckdb",
    network: "public",
    encryption: "own",
    objectLockDays: 7,
    relational: false,
    releases: "canary",
    deliveredBy: REPOSITORY,
    costAnomalyUsd: 20,
  },
  production: {
    organisation: "ol",
    retainData: true,
    logRetentionDays: 365,
    eventArchiveDays: 365,
    schedules: true,
    failedOnceMinutes: 10,
    machineSettings: { GatherSeconds: "300" },
    alarmEmail: "data-platform-alarms@example.org",
    runbooks: RUNBOOKS,
    lake: "s3tables",
    dbt: "duckdb",
    network: "endpoints",
    encryption: "own",
    objectLockDays: 90,
    relational: false,
    releases: "canary",
    deliveredBy: REPOSITORY,
    costAnomalyUsd: 50,
  },
  emulated: {
    organisation: "ol",
    retainData: false,
    logRetentionDays: 7,
    eventArchiveDays: 7,
    schedules: false,
    failedOnceMinutes: 0,
    machineSettings: { GatherSeconds: "1" },
    runbooks: RUNBOOKS,
    lake: "s3tables",
    dbt: "duckdb",
    network: "public",
    encryption: "aws",
    relational: false,
    releases: "at-once",
    without: EMULATOR_LACKS,
  },
};

const root = join(import.meta.dirname, "..");
const app = new App({ analyticsReporting: false, builtinCloudFormationValidation: false, context: featureFlags });
if (app.node.tryGetContext("checks") !== undefined) addSecurityChecks(app);
const chosen = chooseEnvironments(app.node.tryGetContext("environments"));
/** An emulator runs functions on this machine, so they find this machine's DuckDB. */
const layerOf = (name: EnvironmentName): string =>
  provideDuckdb(root, name === "emulated" || app.node.tryGetContext("duckdbLayer") === "host" ? "host" : "arm64");
const bundles = await bundleTasks(
  domains.map(({ pipeline }) => pipeline),
  root,
);
for (const name of chosen) {
  new EnvironmentStage(app, {
    environment: { name, ...environments[name] },
    domains,
    bundles,
    layer: layerOf(name),
    root,
  });
}
const delivered = chosen.flatMap((name) => {
  const { deliveredBy } = environments[name];
  return deliveredBy === undefined ? [] : [{ environment: name, repository: deliveredBy }];
});
if (delivered.length > 0) {
  const delivery = new Stage(app, "delivery");
  for (const props of delivered) new DeliveryStack(delivery, props);
}
app.synth();

/** `-c environments=dev,qa` limits what is synthesised; without it everything is. */
function chooseEnvironments(wanted: unknown): readonly EnvironmentName[] {
  if (wanted === undefined) return ENVIRONMENTS;
  const names = String(wanted).split(",");
  const unknown = names.filter((name) => !ENVIRONMENTS.some((known) => known === name));
  if (unknown.length > 0) {
    throw new Error(`Unknown environment ${unknown.join(", ")}. Valid are ${ENVIRONMENTS.join(", ")}.`);
  }
  return ENVIRONMENTS.filter((known) => names.includes(known));
}
