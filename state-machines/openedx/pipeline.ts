import {
  definePipeline,
  type AssetDeclaration,
  type Compute,
  type LandingTrigger,
  type ObjectAccess,
  type TaskDeclaration,
} from "../../core/model/pipeline.ts";
import { COURSE_ENTITIES } from "../../lambdas/course-archive/sources/entities.ts";
import { COURSE_ARCHIVE_CODE, TRACKING_LOG_CODE } from "../../lambdas/openedx/sources/code-versions.ts";
import { deployments } from "../../lambdas/openedx/sources/deployments.ts";
import { jobModes } from "../../lambdas/openedx/sources/modes.ts";
import { trackingLogSources } from "../../lambdas/openedx/sources/tracking-logs.ts";
import { Announce, CommitRows, RecordFailure } from "../shared-tasks.ts";

/** A retried attempt must find room to spool the object and DuckDB's spill files. */
const LOG_DISK_MB = 4096;

/** Room for the largest log and the largest course export. */
const worker: Compute = {
  kind: "fargate",
  cpuUnits: 1024,
  memoryMb: 4096,
  diskGb: 50,
  timeoutSeconds: 14_400,
  heartbeatSeconds: 300,
  container: "worker",
};

/** What a reload loads once more. */
const stagedBefore: readonly ObjectAccess[] = [
  { bucket: "lake", prefix: "staging/" },
  { bucket: "artifacts", prefix: "commits/" },
];

const normalise: Omit<TaskDeclaration, "description" | "compute"> = {
  handler: "openedx/normalise-log",
  duckdb: true,
  reads: [{ bucket: "landing", prefix: "sources/" }, ...stagedBefore],
  writes: [
    ...deployments.map(({ id }) => ({ bucket: "landing" as const, prefix: `${id}/` })),
    { bucket: "lake", prefix: "staging/" },
    { bucket: "quarantine", prefix: "quarantine/tracking_logs/" },
    { bucket: "artifacts", prefix: "accounting/tracking_logs/" },
    { bucket: "artifacts", prefix: "commits/" },
  ],
  ledger: "write",
  lake: { reads: ["raw"] },
};

export const openedx = definePipeline({
  domain: "openedx",
  description: "Tracking logs and course archives of the Open edX installations, from landing to the raw tables.",
  jobs: {
    tracking_log: {
      description: "One shard of a tracking log: verified, accounted for line by line, committed to its raw table.",
      modes: jobModes.tracking_log,
      exampleInput: {
        job: "tracking_log",
        bucket: "<landing bucket>",
        key: "sources/tracking-mitxonline/logs/2026-01-15/shard.log.gz",
      },
    },
    course_archive: {
      description: "One course export: unpacked safely, its rows committed, MIT Learn told once per new version.",
      modes: jobModes.course_archive,
      exampleInput: {
        job: "course_archive",
        bucket: "<landing bucket>",
        key: "sources/course-exports-mitxonline/course-v1:Org+Course+Run.tar.gz",
      },
    },
  },
  tasks: {
    InspectLog: {
      description: "Looks at a landed tracking log: its source, its date, its size, and whether it is new.",
      handler: "openedx/inspect-log",
      compute: { kind: "lambda", memoryMb: 512, timeoutSeconds: 60 },
      reads: [{ bucket: "landing", prefix: "sources/" }],
      writes: [{ bucket: "quarantine", prefix: "quarantine/tracking_logs/" }],
      ledger: "write",
    },
    NormaliseLog: {
      description: "Verifies and normalises one tracking log of up to 1 GB raw.",
      compute: { kind: "lambda", memoryMb: 2048, timeoutSeconds: 900, diskMb: LOG_DISK_MB },
      ...normalise,
    },
    NormaliseLargeLog: {
      description: "Verifies and normalises one tracking log that is too large for a Lambda.",
      compute: worker,
      ...normalise,
    },
    ExtractCourse: {
      description: "Unpacks one course export and stages its rows, files and manifest.",
      handler: "openedx/extract-course",
      compute: worker,
      duckdb: true,
      reads: [{ bucket: "landing", prefix: "sources/" }, ...stagedBefore],
      writes: [
        ...deployments.flatMap(({ id, coursePrefix }) =>
          coursePrefix === undefined ? [] : [{ bucket: "landing" as const, prefix: `${id}/openedx/` }],
        ),
        { bucket: "lake", prefix: "staging/" },
        { bucket: "quarantine", prefix: "quarantine/course_archives/" },
        { bucket: "artifacts", prefix: "commits/" },
      ],
      ledger: "write",
    },
    CommitRows,
    Announce,
    NotifyLearn: {
      description: "Sends MIT Learn one signed webhook per course and content version.",
      handler: "learn-webhook/notify-learn",
      compute: { kind: "lambda", memoryMb: 512, timeoutSeconds: 240 },
      reads: deployments
        .filter(({ announcesContent }) => announcesContent)
        .map(({ id }) => ({ bucket: "landing" as const, prefix: `${id}/openedx/raw_data/course_xml/` })),
      ledger: "write",
      internet: true,
      secrets: ["learn/webhook"],
      lanes: ["learn-webhook"],
    },
    RecordFailure,
  },
  triggers: deployments.flatMap(landings),
  assets: deployments.flatMap(assetsOf),
  lanes: [
    {
      id: "openedx",
      description: "Runs of the domain; a day has some hundred shards.",
      slots: 8,
      slotsIn: { production: 50 },
    },
    { id: "learn-webhook", description: "All outbound webhooks to MIT Learn.", slots: 4 },
  ],
});

function logSource(id: string): (typeof trackingLogSources)[number] {
  const source = trackingLogSources.find((known) => known.id === id);
  if (source === undefined) throw new Error(`lambdas/openedx/sources/tracking-logs.ts has no row for ${id}.`);
  return source;
}

function courseAsset(id: string): string {
  return `${id}/openedx/raw_data/course_xml`;
}

function landings({ id, trackingPrefix, coursePrefix }: (typeof deployments)[number]): LandingTrigger[] {
  const log: LandingTrigger = {
    kind: "landing",
    id: `tracking_log_${id}`,
    description: `A tracking-log shard of ${id} lands.`,
    job: "tracking_log",
    prefix: trackingPrefix,
    asset: logSource(id).asset,
    extension: ".log.gz",
  };
  if (coursePrefix === undefined) return [log];
  return [
    log,
    {
      kind: "landing",
      id: `course_archive_${id}`,
      description: `A course export of ${id} lands.`,
      job: "course_archive",
      prefix: coursePrefix,
      asset: courseAsset(id),
      extension: ".tar.gz",
    },
  ];
}

function assetsOf({ id, coursePrefix }: (typeof deployments)[number]): AssetDeclaration[] {
  const source = logSource(id);
  const log: AssetDeclaration = {
    id: source.asset,
    description: `Tracking-log events of ${id}, one row per line that is a JSON object.`,
    partition: "log date",
    tables: [`raw.${source.table}`],
    codeVersion: TRACKING_LOG_CODE,
  };
  if (coursePrefix === undefined) return [log];
  return [
    log,
    {
      id: courseAsset(id),
      description: `Course exports of ${id}: metadata, videos, blocks, policy, signatories, static assets and their words.`,
      partition: "course id",
      tables: COURSE_ENTITIES.map((entity) => `raw.raw__${id}__openedx__xml__${entity}`),
      codeVersion: COURSE_ARCHIVE_CODE,
    },
  ];
}
