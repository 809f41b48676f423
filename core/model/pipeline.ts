/**
 * How a domain is declared: pure data, no CDK import. Stacks, IAM grants, the generated reference and the
 * ASL checks all read this and nothing else.
 */

import type { BackfillMode } from "./backfills/mode.ts";
import { fargateSizeProblems, type FargateCpuUnits } from "./fargate-sizes.ts";
import { laneProblems } from "./lanes/declared-lanes.ts";
import { partitioningProblems, type Partitioning } from "./partitioning.ts";
import { pingProblems } from "./pings.ts";
import { scheduleProblems } from "./schedules/problems.ts";

/** `emulated` is the one that is deployed to an emulator of AWS, to prove the others without an account. */
export const ENVIRONMENTS = ["dev", "ci", "qa", "production", "emulated"] as const;
export type EnvironmentName = (typeof ENVIRONMENTS)[number];

/** `drops`: what is delivered to others, a folder for each consumer. */
export type BucketRole = "landing" | "lake" | "quarantine" | "artifacts" | "drops";

/** Access to the objects of one bucket role under a key prefix ("" = the whole bucket). */
export interface ObjectAccess {
  readonly bucket: BucketRole;
  readonly prefix: string;
}

export interface LambdaCompute {
  readonly kind: "lambda";
  readonly memoryMb: number;
  readonly timeoutSeconds: number;
  /** Ephemeral disk; AWS gives 512 MB by default. */
  readonly diskMb?: number;
}

export interface FargateCompute {
  readonly kind: "fargate";
  readonly cpuUnits: FargateCpuUnits;
  readonly memoryMb: number;
  readonly diskGb: number;
  readonly timeoutSeconds: number;
  /**
   * The state machine declares the worker dead after this much silence. It counts from RunTask, so it holds the
   * network interface, the pull of the image and the start: minutes, not seconds.
   */
  readonly heartbeatSeconds: number;
  /** The first attempt runs on spot capacity, about a third of the price, a later one never does. Absent = yes. */
  readonly spot?: boolean;
  /** Folder under `containers/` with the Dockerfile. */
  readonly container: string;
}

export type Compute = LambdaCompute | FargateCompute;

export interface TaskDeclaration {
  /** One sentence for people. */
  readonly description: string;
  /** Path under `lambdas/` without extension: `openedx/inspect-log`. */
  readonly handler: string;
  readonly compute: Compute;
  /** The task needs the DuckDB layer. */
  readonly duckdb?: boolean;
  readonly reads?: readonly ObjectAccess[];
  readonly writes?: readonly ObjectAccess[];
  readonly ledger?: "read" | "write";
  /** Lake namespaces, for example `raw`. */
  readonly lake?: { readonly reads?: readonly string[]; readonly writes?: readonly string[] };
  /** It runs SQL over the lake on what the environment has chosen for that: DuckDB inside the task, or Athena. */
  readonly warehouse?: boolean;
  /** It calls systems outside AWS; a container can do so only where the environment's network lets it. */
  readonly internet?: boolean;
  /** Ports of systems in networks that the environment's own is connected to: a container reaches no other but 443. */
  readonly privatePorts?: readonly number[];
  /** Secret roles, for example `learn/webhook`. */
  readonly secrets?: readonly string[];
  /**
   * Stores of others that it reads, by name; what is behind a name, each environment declares. Credentials and rights
   * are derived from that.
   */
  readonly origins?: readonly string[];
  /** Event types that the task may publish. */
  readonly publishes?: readonly string[];
  /**
   * Domains whose machines it starts, asks after and stops. `every`: all of the environment whose runs are on record;
   * `resolveStarts` makes a list of it.
   */
  readonly starts?: readonly string[] | "every";
  /**
   * Domains for whose containers it answers when they cannot any more. `every`: all that have containers;
   * `resolveStarts` makes a list of it.
   */
  readonly answersFor?: readonly string[] | "every";
  /** It tells the checks that schedules and domains declare as their `ping`; `resolvePings` gives it their secrets. */
  readonly pings?: true;
  /** What all domains together declare of these, the task is told: it looks after all of them. */
  readonly watches?: readonly ("assets" | "schedules" | "daily")[];
  /** Named concurrency pools that the task takes a slot of. */
  readonly lanes?: readonly string[];
}

/**
 * An object lands in a source bucket: the coordinator has the trigger rule see its version, and the run that this
 * requests waits in the lane of the domain.
 */
export interface LandingTrigger {
  readonly kind: "landing";
  readonly id: string;
  readonly description: string;
  readonly job: string;
  /** Key prefix in the landing bucket, for example `sources/tracking-mitx/logs/`. */
  readonly prefix: string;
  /** What its runs are about: this asset, and the partition that the key names after the prefix. */
  readonly asset: string;
  /** What keys usually end with, and partitions leave out: `.log.gz`. */
  readonly extension?: string;
  /** Key suffixes that count; others are counted and ignored. Empty = all. */
  readonly suffixes?: readonly string[];
  /** Where its runs wait. Absent = the lane of the domain's own name. */
  readonly lane?: string;
}

/** A domain event on the bus. */
export interface EventTrigger {
  readonly kind: "event";
  readonly id: string;
  readonly description: string;
  readonly job: string;
  readonly event: string;
  /** EventBridge pattern on `detail`. */
  readonly detail?: Readonly<Record<string, unknown>>;
}

export interface ScheduleTrigger {
  readonly kind: "schedule";
  readonly id: string;
  readonly description: string;
  readonly job: string;
  /** EventBridge Scheduler expression: `cron(0 4 * * ? *)` or `rate(5 minutes)`. */
  readonly expression: string;
  /** In a zone with daylight saving a local time that is skipped has no tick, one that is repeated has one. */
  readonly timeZone: string;
  readonly environments: readonly EnvironmentName[];
  /** Added to the input of its runs. */
  readonly input?: Readonly<Record<string, string>>;
  /** After downtime: start what was missed once, for its newest tick, or not at all. */
  readonly misfire: "run-once" | "skip";
  /** A tick may start a run while the one before still runs. Absent = no: it is skipped. */
  readonly overlap?: boolean;
  /** No success for longer than this is an error even though nothing failed. Absent = 1.5 times the gap between ticks. */
  readonly maximumSilenceHours?: number;
  /** Each tick's run must have succeeded this long after the tick; takes the place of the silence. */
  readonly endsWithinHours?: number;
  /** Secret role `healthchecks/<id>` of the check that is told how each of its runs ended. Without a value nobody is. */
  readonly ping?: string;
}

/** A run of any other domain of the environment has ended, well or not. Only for machines whose runs send no such event. */
export interface RunEndedTrigger {
  readonly kind: "run-ended";
  readonly id: string;
  readonly description: string;
  readonly job: string;
}

/** A container of the environment has stopped, however it ended. The run gets its ARN as `worker`, and nothing else. */
export interface WorkerStoppedTrigger {
  readonly kind: "worker-stopped";
  readonly id: string;
  readonly description: string;
  readonly job: string;
}

export type Trigger = LandingTrigger | EventTrigger | ScheduleTrigger | RunEndedTrigger | WorkerStoppedTrigger;

export interface AssetDeclaration {
  /** Path-like, snake_case: `mitxonline/openedx/raw_data/tracking_logs`. */
  readonly id: string;
  readonly description: string;
  readonly partition: string;
  /** Absent = `dynamic`: whoever finds a partition adds it. */
  readonly partitioning?: Partitioning;
  /** Raw lake tables that hold it. */
  readonly tables: readonly string[];
  /**
   * Raised by hand when the same input would give other output: then everything that was ever made of it runs again.
   * The constant that its tasks record with what they make.
   */
  readonly codeVersion?: string;
  /**
   * Makes a partition from nothing but its key: the machine is started with `{job, item: {asset, partition}}`. Absent =
   * something from outside starts its runs, and what ran before says how it runs again.
   */
  readonly job?: string;
  /** Of its own requests. Absent = the lane of the domain's own name. */
  readonly lane?: string;
  /**
   * Assets, of whichever domain, that the same partition is made of. A new version of one requests a run; none runs
   * while one of them does, or before all of them are there. What is outside is observed, and not declared.
   */
  readonly upstreams?: readonly string[];
}

export interface LaneDeclaration {
  readonly id: string;
  readonly description: string;
  /** Runs, or tasks that take it themselves, at once: 1 to 200, for the ledger keeps all of them in one item. */
  readonly slots: number;
  /** Where it is another number. */
  readonly slotsIn?: Readonly<Partial<Record<EnvironmentName, number>>>;
}

export interface JobDeclaration {
  readonly description: string;
  /** For an operator's execution. */
  readonly exampleInput: unknown;
  /** Values of `input.mode` that mean something to its tasks. Absent = `missing-only` and `all`, which are not told apart. */
  readonly modes?: readonly BackfillMode[];
}

export interface Pipeline {
  /** snake_case; also the folder under `state-machines/` and `lambdas/`. */
  readonly domain: string;
  readonly description: string;
  /**
   * `express`: its runs take seconds, are repeated whole after a crash, and are on record only by what they do; triggers
   * start the machine itself. Absent = `standard`: every run is on record, is named by a starter, and may take days.
   */
  readonly machine?: "standard" | "express";
  /** A run that takes longer raises an alert. Absent = three quarters of the machine's own limit, which ends it. */
  readonly longestMinutes?: number;
  /** As of a schedule, for every run of the domain. */
  readonly ping?: string;
  /** Jobs of the machine: the values of `input.job`. */
  readonly jobs: Readonly<Record<string, JobDeclaration>>;
  /** Key = ASL state = substitution = metric = console label, PascalCase. */
  readonly tasks: Readonly<Record<string, TaskDeclaration>>;
  readonly triggers: readonly Trigger[];
  readonly assets: readonly AssetDeclaration[];
  /** A run that names none has the lane of the domain's own name, of 8 slots unless it is declared here. */
  readonly lanes: readonly LaneDeclaration[];
}

/** Declares a domain. Mistakes that a type cannot hold are refused here, at build time. */
export function definePipeline(pipeline: Pipeline): Pipeline {
  const problems = [
    ...(/^[a-z][a-z0-9_]*$/.test(pipeline.domain) ? [] : [`domain "${pipeline.domain}" is not snake_case`]),
    ...Object.keys(pipeline.tasks)
      .filter((name) => !/^[A-Z][A-Za-z0-9]*$/.test(name))
      .map((name) => `task "${name}" is not PascalCase`),
    ...duplicates(pipeline.triggers.map((trigger) => trigger.id)).map((id) => `trigger "${id}" is declared twice`),
    ...duplicates(pipeline.lanes.map((lane) => lane.id)).map((id) => `lane "${id}" is declared twice`),
    ...pipeline.lanes.flatMap(laneProblems),
    ...duplicates(pipeline.assets.map((asset) => asset.id)).map((id) => `asset "${id}" is declared twice`),
    ...Object.entries(pipeline.jobs)
      .filter(([, { modes }]) => modes?.includes("missing-only") === false)
      .map(([job]) => `job "${job}" leaves out the mode missing-only, which every run without a mode has`),
    ...pipeline.triggers
      .filter((trigger) => !(trigger.job in pipeline.jobs))
      .map((trigger) => `trigger "${trigger.id}" starts the undeclared job "${trigger.job}"`),
    ...pipeline.triggers
      .filter(
        (trigger) =>
          trigger.kind === "landing" &&
          trigger.lane !== undefined &&
          !pipeline.lanes.some(({ id }) => id === trigger.lane),
      )
      .map((trigger) => `trigger "${trigger.id}" uses a lane that is not declared`),
    ...pipeline.triggers
      .filter((trigger) => trigger.kind === "landing" && !pipeline.assets.some(({ id }) => id === trigger.asset))
      .map((trigger) => `trigger "${trigger.id}" is about an asset that is not declared`),
    ...pipeline.triggers
      .filter((trigger) => trigger.kind === "landing" && kindOf(pipeline, trigger.asset) === "tuple")
      .map((trigger) => `trigger "${trigger.id}" has one text for a partition, and its asset several parts`),
    ...pipeline.triggers
      .filter((trigger) => trigger.kind === "run-ended" && pipeline.machine !== "express")
      .map((trigger) => `trigger "${trigger.id}" would be started by its own runs: declare the machine as express`),
    ...pipeline.triggers
      .filter((trigger) => trigger.kind === "worker-stopped" && pipeline.machine !== "express")
      .map(
        (trigger) =>
          `trigger "${trigger.id}" gives a starter no event to name a run by: declare the machine as express`,
      ),
    ...pipeline.assets.flatMap((asset) => assetProblems(pipeline, asset)),
    ...pingProblems(pipeline),
    ...pipeline.triggers.flatMap((trigger) => (trigger.kind === "schedule" ? scheduleProblems(trigger) : [])),
    ...Object.entries(pipeline.tasks).flatMap(([name, { compute }]) =>
      compute.kind === "fargate" ? fargateSizeProblems(compute).map((problem) => `task "${name}" has ${problem}`) : [],
    ),
    ...Object.entries(pipeline.tasks).flatMap(([name, task]) =>
      (task.lanes ?? [])
        .filter((lane) => !pipeline.lanes.some((declared) => declared.id === lane))
        .map((lane) => `task "${name}" uses the undeclared lane "${lane}"`),
    ),
  ];
  if (problems.length > 0) {
    throw new Error(`Pipeline "${pipeline.domain}" is wrong: ${problems.join("; ")}.`);
  }
  return pipeline;
}

function assetProblems({ jobs, lanes, domain, machine }: Pipeline, asset: AssetDeclaration): string[] {
  const { id, job, lane, upstreams = [] } = asset;
  const known = lane === undefined || lane === domain || lanes.some((one) => one.id === lane);
  return [
    ...partitioningProblems(id, asset.partitioning),
    ...(job === undefined || job in jobs ? [] : [`asset "${id}" is made by the undeclared job "${job}"`]),
    ...(job !== undefined && machine === "express" ? [`asset "${id}" is made by an express machine`] : []),
    ...(known ? [] : [`asset "${id}" uses the undeclared lane "${lane}"`]),
    ...(job === undefined && (lane !== undefined || upstreams.length > 0)
      ? [`asset "${id}" has a lane or upstreams, and no job that makes it`]
      : []),
    ...duplicates(upstreams).map((upstream) => `asset "${id}" has the upstream "${upstream}" twice`),
  ];
}

const kindOf = ({ assets }: Pipeline, asset: string): Partitioning["kind"] =>
  assets.find(({ id }) => id === asset)?.partitioning?.kind ?? "dynamic";

function duplicates(values: readonly string[]): string[] {
  return [...new Set(values.filter((value, index) => values.indexOf(value) !== index))];
}
