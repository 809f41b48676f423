import * as z from "zod";
import { DeclaredAsset } from "../model/assets.ts";
import { Failure } from "../model/failures.ts";
import { Landing } from "../model/landings/landing.ts";
import { ScheduleDeclaration } from "../model/schedules/declaration.ts";
import { OriginDeclarations } from "../model/origins.ts";
import { ENVIRONMENTS, type BucketRole, type EnvironmentName } from "../model/pipeline.ts";
import { unpackSetting } from "../model/packed-setting.ts";

/** Settings that the stacks put into every task's environment. Nothing else is read from it. */
export interface Settings {
  readonly environment: EnvironmentName;
  readonly buckets: Readonly<Record<BucketRole, string>>;
  readonly ledgerTable: string;
  readonly busName: string;
  /** Iceberg REST catalogue of the home: `s3tables:<table bucket arn>`, `glue:<account id>`. */
  readonly lakeCatalog: string;
  /** ARNs of state machines are `<prefix><domain, in kebab-case>`. */
  readonly machineArnPrefix: string;
  /** Secret names are `<prefix>/<role>`. */
  readonly secretPrefix: string;
  /** Folder with `<name>.duckdb_extension` files. */
  readonly duckdbExtensions: string;
  /** Of the function or container as it is declared, in MB; tasks derive their own limits from it. */
  readonly memoryMb: number;
  /** What decides which run comes next; only for tasks that start runs. */
  readonly runs?: RunSettings;
  /** What is watched for landings; only for tasks that start runs and read what has landed. */
  readonly landings?: readonly Landing[];
  /** Only for tasks that declare what they watch. */
  readonly watched?: Watched;
  /** Origins that the task reads, as the environment declares them; only for tasks that read any. */
  readonly origins?: OriginDeclarations;
  /** Set by the embedded engine only: its state folder and its loopback address. */
  readonly embedded?: { readonly stateDir: string; readonly engineUrl: string; readonly catalogUrl: string };
}

export const RunSettings = z.object({
  /** All lanes of the environment. */
  lanes: z.array(z.object({ id: z.string(), domain: z.string(), slots: z.number() })),
  /** Runs at once in all lanes together. */
  cap: z.number(),
  /** How long the one re-request after a failure waits. */
  failedOnceDelayMs: z.number(),
  /** Those that declare what decides about their runs. */
  assets: z.array(DeclaredAsset).optional(),
  /** By domain: a run that takes longer, in seconds, is stuck. */
  longestSeconds: z.record(z.string(), z.number()).exactOptional(),
  /** Whose results are pinged: of a schedule, or of all runs of a domain. */
  pings: z
    .array(z.object({ domain: z.string(), schedule: z.string().exactOptional(), check: z.string() }))
    .exactOptional(),
});
export type RunSettings = z.infer<typeof RunSettings>;

/** What is looked at again and again, as all domains together declare it. */
export const Watched = z.object({
  assets: z.array(z.string()).exactOptional(),
  schedules: z.array(ScheduleDeclaration).exactOptional(),
  daily: z.array(z.object({ asset: z.string(), start: z.string(), timeZone: z.string() })).exactOptional(),
});
export type Watched = z.infer<typeof Watched>;

/** The names of the environment variables: the stacks write them, tasks read them. */
export const ENV = {
  environment: "MILLRACE_ENVIRONMENT",
  landing: "MILLRACE_BUCKET_LANDING",
  lake: "MILLRACE_BUCKET_LAKE",
  quarantine: "MILLRACE_BUCKET_QUARANTINE",
  artifacts: "MILLRACE_BUCKET_ARTIFACTS",
  drops: "MILLRACE_BUCKET_DROPS",
  ledgerTable: "MILLRACE_LEDGER_TABLE",
  busName: "MILLRACE_BUS",
  lakeCatalog: "MILLRACE_LAKE_CATALOG",
  machineArnPrefix: "MILLRACE_MACHINE_ARN_PREFIX",
  secretPrefix: "MILLRACE_SECRET_PREFIX",
  duckdbExtensions: "MILLRACE_DUCKDB_EXTENSIONS",
  memoryMb: "MILLRACE_MEMORY_MB",
  runs: "MILLRACE_RUNS",
  landings: "MILLRACE_LANDINGS",
  watched: "MILLRACE_WATCHED",
  origins: "MILLRACE_ORIGINS",
  embeddedState: "MILLRACE_EMBEDDED_STATE",
  embeddedUrl: "MILLRACE_EMBEDDED_URL",
  embeddedCatalog: "MILLRACE_EMBEDDED_CATALOG",
} as const;

/** Where nothing says it, for example in a test. */
const DEFAULT_MEMORY_MB = 2_048;

/** Lambda tells a function its own; a container's is written into its definition, for Fargate tells it nowhere else. */
export const memoryOf = (env: NodeJS.ProcessEnv): number =>
  Number(env[ENV.memoryMb] ?? env["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] ?? DEFAULT_MEMORY_MB);

export function readSettings(env: NodeJS.ProcessEnv): Settings {
  const need = (name: string): string => {
    const value = env[name];
    if (value === undefined || value === "") {
      throw new Failure("Misconfigured", `The setting ${name} is missing.`, {
        code: "setting_missing",
        what: "read the settings of the task",
        hint: `Set ${name}; the stacks do this, so deploy again or run \`npx millrace doctor\`.`,
      });
    }
    return value;
  };
  const name = need(ENV.environment);
  const environment = ENVIRONMENTS.find((known) => known === name);
  if (environment === undefined) {
    throw new Failure("Misconfigured", `${ENV.environment} is "${name}"; valid are ${ENVIRONMENTS.join(", ")}.`, {
      code: "unknown_environment",
      what: "read the settings of the task",
    });
  }
  const [stateDir, runs, landings] = [env[ENV.embeddedState], env[ENV.runs], env[ENV.landings]];
  const [watched, origins] = [env[ENV.watched], env[ENV.origins]];
  return {
    environment,
    buckets: {
      landing: need(ENV.landing),
      lake: need(ENV.lake),
      quarantine: need(ENV.quarantine),
      artifacts: need(ENV.artifacts),
      drops: need(ENV.drops),
    },
    ledgerTable: need(ENV.ledgerTable),
    busName: need(ENV.busName),
    lakeCatalog: need(ENV.lakeCatalog),
    machineArnPrefix: need(ENV.machineArnPrefix),
    secretPrefix: need(ENV.secretPrefix),
    duckdbExtensions: env[ENV.duckdbExtensions] ?? "/opt/duckdb/extensions",
    memoryMb: memoryOf(env),
    ...(runs === undefined ? {} : { runs: RunSettings.parse(unpackSetting(runs)) }),
    ...(landings === undefined ? {} : { landings: z.array(Landing).parse(unpackSetting(landings)) }),
    ...(watched === undefined ? {} : { watched: Watched.parse(unpackSetting(watched)) }),
    ...(origins === undefined ? {} : { origins: OriginDeclarations.parse(unpackSetting(origins)) }),
    ...(stateDir === undefined
      ? {}
      : { embedded: { stateDir, engineUrl: need(ENV.embeddedUrl), catalogUrl: need(ENV.embeddedCatalog) } }),
  };
}
