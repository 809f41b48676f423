import type { EnvironmentName } from "../core/model/pipeline.ts";
import type { OriginDeclarations } from "../core/model/origins.ts";
import type { EnvironmentProps } from "../lib/environment.ts";
import { EMULATOR_LACKS } from "../lib/emulator.ts";

/** The repository whose workflows deploy; forks and namesakes are nobody to AWS. */
const REPOSITORY = "example-org/millrace";
const RUNBOOKS = "https://git.example.org/millrace/blob/main/docs/runbooks";

/** What edX and its partners keep for us: names to be replaced by those that they have given. */
const edxOrigins = ({ since, account }: { readonly since: string; readonly account: string }): OriginDeclarations => ({
  "edxorg-gcs-archives": { kind: "gcs", bucket: "example-edx-archives", secret: "gcs/edxorg", since },
  "edxorg-gcs-tarballs": { kind: "gcs", bucket: "example-edx-course-tarballs", secret: "gcs/edxorg" },
  "program-reports": {
    kind: "s3",
    bucket: "example-program-reports",
    region: "us-east-1",
    roleArn: `arn:aws:iam::${account}:role/millrace-reads-reports`,
  },
});

/** The only place where environments differ. */
const environments: Readonly<Record<EnvironmentName, Omit<EnvironmentProps, "name">>> = {
  dev: {
    organisation: "ol",
    retainData: false,
    logRetentionDays: 7,
    eventArchiveDays: 7,
    schedules: true,
    failedOnceMinutes: 1,
    machineSettings: { GatherSeconds: "2", RowHash: "safe" },
    origins: {},
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
    machineSettings: { GatherSeconds: "2", RowHash: "safe" },
    origins: {},
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
    machineSettings: { GatherSeconds: "60", RowHash: "safe" },
    origins: edxOrigins({ since: "2023-10-10", account: "000000000001" }),
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
    machineSettings: { GatherSeconds: "300", RowHash: "safe" },
    origins: edxOrigins({ since: "2019-08-28", account: "000000000002" }),
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
    machineSettings: { GatherSeconds: "1", RowHash: "safe" },
    origins: {},
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

export const environmentOf = (name: EnvironmentName): EnvironmentProps => ({ name, ...environments[name] });
