import type { OriginDeclarations } from "../core/model/origins.ts";
import type { BucketRole, EnvironmentName } from "../core/model/pipeline.ts";
import type { ENVIRONMENT_SUBSTITUTIONS } from "./placeholders.ts";

/** What may differ between environments. The values are literals in `bin/environments.ts`, and nowhere else. */
export interface EnvironmentProps {
  readonly name: EnvironmentName;
  /** Makes bucket names unique in the world; lower case, part of every physical bucket name. */
  readonly organisation: string;
  /**
   * Where the environment belongs, 12 digits and for example `us-east-1`: the CDK then refuses any other credentials.
   * Absent = it goes where the credentials lead, so the wrong profile deploys it beside what is there.
   */
  readonly account?: string;
  readonly region?: string;
  /** Data outlives the stack: buckets, tables and secrets are retained, deletion is protected. */
  readonly retainData: boolean;
  readonly logRetentionDays: LogRetentionDays;
  /** How long the bus keeps events for a replay. */
  readonly eventArchiveDays: number;
  /** Off = every declared schedule is deployed disabled. */
  readonly schedules: boolean;
  /** How long the one re-request after a failure waits. */
  readonly failedOnceMinutes: number;
  /** Values of placeholders in the machines' texts that are neither tasks nor platform. */
  readonly machineSettings: Readonly<Record<(typeof ENVIRONMENT_SUBSTITUTIONS)[number], string>> & {
    /**
     * How rows of weekly archives are told apart, for the life of their tables. `safe`: all different rows are; `legacy`:
     * as the replaced platform did, whose different rows may collide; `both`: as `safe`, with the old hash beside it.
     */
    readonly RowHash: "safe" | "legacy" | "both";
  };
  /** Stores of others that tasks read (docs/sources.md). One that is absent is Misconfigured for whoever reads it. */
  readonly origins: OriginDeclarations;
  /** Receives alarms; absent = nobody is subscribed. */
  readonly alarmEmail?: string;
  /** Address that alarms and dashboards put before the name of a runbook, for example `https://git.example.org/millrace/blob/main/docs/runbooks`. */
  readonly runbooks: string;
  /** The catalogue of the lake. `s3tables`: a bucket that AWS keeps compact; `glue`: Glue's catalogue over the lake bucket. */
  readonly lake: "s3tables" | "glue";
  /** What dbt runs on. `duckdb`: inside the task, over the lake's REST catalogue; `athena`: Athena, for builds that outgrow one task. */
  readonly dbt: "duckdb" | "athena";
  /**
   * Where containers run. `public`: public subnets with an address of their own, nothing listens, no fixed cost.
   * `endpoints`: isolated subnets and interface endpoints, a fixed cost per endpoint and zone (docs/cost.md).
   */
  readonly network: "public" | "endpoints";
  /** `aws`: keys of AWS, without cost; `own`: a key of this environment, whose policy and use are on record. */
  readonly encryption: "aws" | "own";
  /** Landed objects cannot be deleted by anybody for this long (S3 Object Lock, governance mode); absent = no lock. */
  readonly objectLockDays?: number;
  /** Postgres behind RDS Proxy, for domains with relational data; off until one needs it, for it costs while it idles. */
  readonly relational: boolean;
  /** How new code reaches functions. `canary`: a tenth of the calls first, taken back by itself when an alarm sounds. */
  readonly releases: "at-once" | "canary";
  /** GitHub repository, `<owner>/<name>`, whose jobs may deploy this environment; absent = people only. */
  readonly deliveredBy?: string;
  /** Who reads the drops from outside, and which folder of their bucket; absent = nobody. */
  readonly dropReaders?: readonly DropReader[];
  /** Above this much a day over what is usual, cost anomalies are reported, in US dollars; absent = no monitor. */
  readonly costAnomalyUsd?: number;
  /** Parts of the platform that are left out here, with the reason. */
  readonly without?: Readonly<Partial<Record<OptionalPart, string>>>;
}

export interface DropReader {
  /** With its final slash: `irx-drop-mitx/`. */
  readonly folder: string;
  /** ARN of a role or a user, in any account; it must exist when the platform is deployed. */
  readonly principal: string;
}

/** Parts that an emulator of AWS cannot hold (lib/emulator.ts); in AWS they are always there. */
export type OptionalPart =
  | "eventArchive"
  | "flowLogs"
  | "images"
  | "costAnomalies"
  | "savedQueries"
  | "alarmMath"
  | "canaries";

/** CloudWatch accepts only certain numbers of days; these are the ones in use. */
export type LogRetentionDays = 7 | 30 | 90 | 365;

/**
 * Physical names are literal and predictable: a template names no other environment, a person finds a thing by its
 * name, and the embedded engine reads the same names without asking anybody.
 */
export function namesOf({ name, organisation }: Pick<EnvironmentProps, "name" | "organisation">) {
  const prefix = `millrace-${name}`;
  return {
    prefix,
    bucket: (role: BucketRole | "access-logs"): string => `${prefix}-${organisation}-${role}`,
    tableBucket: `${prefix}-${organisation}-tables`,
    /** The table bucket as Glue and Athena name it, once the account's `s3tablescatalog` exists (docs/adr/011). */
    federatedCatalog: `s3tablescatalog/${prefix}-${organisation}-tables`,
    workgroup: prefix,
    keyAlias: `alias/${prefix}`,
    ledgerTable: `${prefix}-ledger`,
    bus: `${prefix}-bus`,
    alarmTopic: `${prefix}-alarms`,
    cluster: `${prefix}-tasks`,
    secretPrefix: `millrace/${name}`,
    /** A policy for people, given to nobody by the stacks. */
    operatorPolicy: `${prefix}-operator`,
    /** Names of the platform stack's exports that pipeline stacks import. */
    subnetsExport: `${prefix}-subnets`,
    securityGroupExport: `${prefix}-task-security-group`,
    keyExport: `${prefix}-key`,
    vpcExport: `${prefix}-vpc`,
    databaseSubnetsExport: `${prefix}-database-subnets`,
    relationalAddressExport: `${prefix}-relational-address`,
    relationalIdExport: `${prefix}-relational-proxy-id`,
    stack: (part: string): string => `${prefix}-${kebab(part)}`,
    machine: (domain: string): string => `${prefix}-${kebab(domain)}`,
    /** What every trigger of the domain starts, and what names its runs. */
    starter: (domain: string): string => `${prefix}-${kebab(domain)}-start`,
    task: (domain: string, task: string): string => `${prefix}-${kebab(domain)}-${task}`,
    trigger: (domain: string, id: string): string => `${prefix}-${kebab(domain)}-${kebab(id)}`,
    scheduleGroup: (domain: string): string => `${prefix}-${kebab(domain)}`,
    deadLetters: (domain: string): string => `${prefix}-${kebab(domain)}-dead-letters`,
    dashboard: (part: string): string => `${prefix}-${kebab(part)}`,
  } as const;
}

export type Names = ReturnType<typeof namesOf>;

/** Literal, for the workflows name it too: `millrace-qa-github-deploy`. */
export const deliveryRole = (name: EnvironmentName, may: "deploy" | "read"): string => `millrace-${name}-github-${may}`;

/** Ids are data and snake_case; AWS names are kebab-case. */
export const kebab = (id: string): string => id.replaceAll("_", "-");

export const pascal = (id: string): string =>
  id
    .split(/[^A-Za-z0-9]+/)
    .map((part) => part.charAt(0).toUpperCase() + part.slice(1))
    .join("");
