import { packSetting } from "../../core/model/packed-setting.ts";
import { ENV, type RunSettings, type Watched } from "../../core/io/settings.ts";
import { assetsIn } from "../../core/model/assets.ts";
import { landingsIn, type Landing } from "../../core/model/landings/landing.ts";
import { lanesIn, RUNS_AT_ONCE } from "../../core/model/lanes/declared-lanes.ts";
import { pingsIn } from "../../core/model/pings.ts";
import type { OriginDeclarations } from "../../core/model/origins.ts";
import type { Pipeline, TaskDeclaration } from "../../core/model/pipeline.ts";
import { dailyIn } from "../../core/model/partitioning.ts";
import { schedulesIn } from "../../core/model/schedules/declared-schedules.ts";
import type { EnvironmentProps, Names } from "../environment.ts";
import { QUERY_RESULTS } from "../lake-layout.ts";
import { machineArn, tableBucketArn, type Place } from "./literal-arns.ts";

/** What decides which run comes next, as all domains together declare it. */
export interface DeclaredRuns extends RunSettings {
  readonly landings: readonly Landing[];
  readonly watched: Watched;
}

export const declaredRuns = (environment: EnvironmentProps, pipelines: readonly Pipeline[]): DeclaredRuns => ({
  lanes: [...lanesIn(environment.name, pipelines)],
  cap: RUNS_AT_ONCE[environment.name],
  failedOnceDelayMs: environment.failedOnceMinutes * 60_000,
  assets: assetsIn(pipelines),
  pings: pingsIn(environment.name, pipelines),
  landings: landingsIn(pipelines),
  watched: {
    assets: pipelines.flatMap(({ assets }) => assets.map(({ id }) => id)).toSorted(),
    schedules: schedulesIn(environment, pipelines),
    daily: dailyIn(environment.name, pipelines),
  },
});

/**
 * What every task finds in its environment: names of things, never values of secrets. The folder of DuckDB's extensions
 * is not among them: layer and images have it where a task looks by itself, and an emulator's own environment may
 * say otherwise. Of literals and of the CDK's tokens alike: an operator's command line takes its settings here too.
 */
export const taskEnvironment = (
  place: Place,
  environment: EnvironmentProps,
  names: Names,
  {
    warehouse = false,
    starts = [],
    reads = [],
    watches = [],
    origins = [],
  }: Pick<TaskDeclaration, "warehouse" | "starts" | "reads" | "watches" | "origins">,
  { landings, watched, ...runs }: DeclaredRuns,
): Record<string, string> => ({
  [ENV.environment]: environment.name,
  [ENV.landing]: names.bucket("landing"),
  [ENV.lake]: names.bucket("lake"),
  [ENV.quarantine]: names.bucket("quarantine"),
  [ENV.artifacts]: names.bucket("artifacts"),
  [ENV.drops]: names.bucket("drops"),
  [ENV.ledgerTable]: names.ledgerTable,
  [ENV.busName]: names.bus,
  [ENV.lakeCatalog]: environment.lake === "glue" ? `glue:${place.account}` : `s3tables:${tableBucketArn(place, names)}`,
  [ENV.machineArnPrefix]: machineArn(place, names, ""),
  [ENV.secretPrefix]: names.secretPrefix,
  ...(starts.length > 0 ? { [ENV.runs]: packSetting({ ...runs, lanes: lanesOf(runs, starts) }) } : {}),
  // Lambda holds 4 KB of environment: whoever does not read what lands needs no list of it.
  ...(starts.length > 0 && reads.some(({ bucket }) => bucket === "landing")
    ? { [ENV.landings]: packSetting(landings) }
    : {}),
  ...(watches.length > 0
    ? { [ENV.watched]: packSetting(Object.fromEntries(watches.map((what) => [what, watched[what]]))) }
    : {}),
  ...(origins.length > 0 ? { [ENV.origins]: packSetting(originsOf(environment, origins)) } : {}),
  ...(warehouse ? dbtEnvironment(environment, names) : {}),
});

/** A slot of another domain's lane would be granted to a run that the task may not start. */
const lanesOf = ({ lanes }: Pick<RunSettings, "lanes">, starts: readonly string[] | "every"): RunSettings["lanes"] =>
  starts === "every" ? lanes : lanes.filter(({ domain }) => starts.includes(domain));

const originsOf = ({ origins }: Pick<EnvironmentProps, "origins">, ids: readonly string[]): OriginDeclarations =>
  Object.fromEntries(Object.entries(origins).filter(([id]) => ids.includes(id)));

/** What dbt/profiles.yml reads of the target `athena`. */
function dbtEnvironment({ dbt, lake }: EnvironmentProps, names: Names): Record<string, string> {
  if (dbt === "duckdb") return { MILLRACE_DBT_TARGET: dbt };
  return {
    MILLRACE_DBT_TARGET: dbt,
    MILLRACE_ATHENA_CATALOG: lake === "glue" ? "awsdatacatalog" : names.federatedCatalog,
    MILLRACE_ATHENA_WORKGROUP: names.workgroup,
    MILLRACE_ATHENA_RESULTS: `s3://${names.bucket(QUERY_RESULTS.bucket)}/${QUERY_RESULTS.prefix}`,
    MILLRACE_ATHENA_DATA: `s3://${names.bucket("lake")}/warehouse/`,
  };
}
