import type { Pipeline } from "../../core/model/pipeline.ts";
import { COORDINATOR, OPERATIONS } from "../../core/model/platform-domains.ts";
import { badInput } from "../cli/output.ts";
import type { Line } from "./line.ts";
import { ticksOf } from "./resources.ts";
import { ofType, type Resource } from "./templates.ts";
import type { Path, Workload } from "./workload.ts";

/** What every landing starts, on its way to a run of its own. */
const LANDED_JOB = "landed";

/** So many runs of one path of one job. */
export interface PathRuns {
  readonly domain: string;
  readonly job: string;
  readonly path: Path;
  readonly runs: number;
  /** Fixed = the clock alone decides how many. */
  readonly kind: Line["kind"];
}

/**
 * How often each path runs in a month: what lands, what that announces, what the clock starts, what is told of those
 * that fail, and what the coordinator does about them all. `executions` are all but the coordinator's.
 */
export function countRuns(
  workload: Workload,
  pipelines: readonly Pipeline[],
  resources: readonly Resource[],
): { readonly paths: readonly PathRuns[]; readonly executions: number; readonly warnings: readonly string[] } {
  checkJobs(workload, pipelines);
  const jobs = jobsOf(pipelines);
  const of = (domain: string): readonly Entry[] => jobs.filter((entry) => entry.domain === domain);
  const landed = jobs.flatMap((entry) => {
    const { share } = workload.jobs[entry.name] ?? {};
    return share === undefined ? [] : pathsOf(entry, workload, share * workload.runs);
  });
  const followed = jobs.flatMap((entry) => {
    if (workload.jobs[entry.name]?.share !== undefined || [COORDINATOR, OPERATIONS].includes(entry.domain)) return [];
    const started = entry.pipeline.triggers.filter(({ job }) => job === entry.job);
    const events = started.some(({ kind }) => kind === "event") ? announcements(landed, pipelines) : 0;
    return pathsOf(entry, workload, events + ticksOfJob(entry, resources));
  });
  const work = [...landed, ...followed];
  const asked: Readonly<Record<string, number>> = {
    alert: runsIn(work) * workload.shared.alertsPerRun,
    ping: pinged(pipelines, resources),
  };
  const alerts = of(OPERATIONS).flatMap((entry) =>
    pathsOf(entry, workload, (asked[entry.job] ?? 0) + ticksOfJob(entry, resources)),
  );
  const executions = runsIn(work) + runsIn(alerts);
  const ends = { executions, containers: containersOf([...work, ...alerts], pipelines) };
  const coordinated = of(COORDINATOR).flatMap((entry) =>
    entry.job === LANDED_JOB
      ? pathsOf(entry, workload, runsIn(landed))
      : coordinatedPaths(entry, workload, ends, resources),
  );
  const warnings = jobs
    .filter(({ name }) => workload.jobs[name] === undefined)
    .map(({ name }) => `No workload is stated for ${name}: it counts as never run.`);
  return { paths: [...work, ...alerts, ...coordinated], executions, warnings };
}

const ticksOfJob = ({ domain, job, pipeline }: Entry, resources: readonly Resource[]): number =>
  pipeline.triggers
    .filter((trigger) => trigger.kind === "schedule" && trigger.job === job)
    .reduce((sum, { id }) => sum + ticksNamed(resources, domain, id), 0);

/** Starts and ends of runs that a watching service is told of: those of schedules; no domain pings all of its runs. */
const pinged = (pipelines: readonly Pipeline[], resources: readonly Resource[]): number =>
  pipelines
    .flatMap(({ domain, triggers }) =>
      triggers.flatMap((one) => (one.kind === "schedule" && one.ping !== undefined ? [{ domain, id: one.id }] : [])),
    )
    .reduce((sum, { domain, id }) => sum + 2 * ticksNamed(resources, domain, id), 0);

interface Ends {
  readonly executions: number;
  readonly containers: number;
}

/** Every end of a run or a container, every tick of its own schedules, and by the job without a trigger those of all other domains. */
function coordinatedPaths(entry: Entry, workload: Workload, ends: Ends, resources: readonly Resource[]) {
  const triggers = entry.pipeline.triggers.filter(({ job }) => job === entry.job);
  if (triggers.some(({ kind }) => kind === "run-ended")) return pathsOf(entry, workload, ends.executions);
  if (triggers.some(({ kind }) => kind === "worker-stopped")) return pathsOf(entry, workload, ends.containers);
  const others = ofType(resources, "AWS::Scheduler::Schedule").filter(({ domain }) => domain !== entry.domain);
  const ticks =
    triggers.length > 0
      ? triggers.map(({ id }) => ticksNamed(resources, entry.domain, id))
      : others.map(({ properties }) => ticksOf(properties));
  const sum = ticks.reduce((total, one) => total + one, 0);
  return pathsOf(entry, workload, sum, "fixed");
}

export const runsIn = (paths: readonly PathRuns[]): number => paths.reduce((sum, { runs }) => sum + runs, 0);

interface Entry {
  readonly name: string;
  readonly domain: string;
  readonly job: string;
  readonly pipeline: Pipeline;
}

const jobsOf = (pipelines: readonly Pipeline[]): readonly Entry[] =>
  pipelines.flatMap((pipeline) =>
    Object.keys(pipeline.jobs).map((job) => ({
      name: `${pipeline.domain}/${job}`,
      domain: pipeline.domain,
      job,
      pipeline,
    })),
  );

function checkJobs(workload: Workload, pipelines: readonly Pipeline[]): void {
  const known = jobsOf(pipelines);
  for (const [name, { paths }] of Object.entries(workload.jobs)) {
    const entry = known.find((one) => one.name === name);
    if (entry === undefined)
      throw badInput(
        `The workload names the job ${name}, which no domain has.`,
        `Jobs are ${known.map((one) => one.name).join(", ")}.`,
      );
    const unknown = paths.flatMap(({ seconds }) =>
      Object.keys(seconds).filter((task) => !(task in entry.pipeline.tasks)),
    );
    if (unknown.length > 0)
      throw badInput(
        `The workload gives ${name} the task ${unknown.join(", ")}, which its domain has not.`,
        `Tasks are ${Object.keys(entry.pipeline.tasks).join(", ")}.`,
      );
  }
}

/** In the order of the workload; the last path takes the rest. */
function pathsOf(
  { name, domain, job }: Entry,
  workload: Workload,
  runs: number,
  kind: Line["kind"] = "variable",
): readonly PathRuns[] {
  const paths = workload.jobs[name]?.paths ?? [];
  let left = runs;
  return paths.map((path, index) => {
    const wanted = index === paths.length - 1 ? left : Math.min(left, path.share * runs, path.atMostPerMonth ?? runs);
    left -= wanted;
    return { domain, job, path, runs: wanted, kind };
  });
}

const containersOf = (paths: readonly PathRuns[], pipelines: readonly Pipeline[]): number =>
  paths.reduce((sum, { domain, path, runs }) => {
    const tasks = pipelines.find((pipeline) => pipeline.domain === domain)?.tasks ?? {};
    const containers = Object.keys(path.seconds).filter((task) => tasks[task]?.compute.kind === "fargate");
    return sum + runs * containers.length;
  }, 0);

/** Runs that tell the other domains about what they made. */
const announcements = (landed: readonly PathRuns[], pipelines: readonly Pipeline[]): number =>
  landed.reduce((sum, run) => sum + (announces(run, pipelines) ? run.runs : 0), 0);

export const announces = ({ domain, path }: PathRuns, pipelines: readonly Pipeline[]): boolean => {
  const tasks = pipelines.find((pipeline) => pipeline.domain === domain)?.tasks ?? {};
  return Object.keys(path.seconds).some((task) => (tasks[task]?.publishes ?? []).length > 0);
};

function ticksNamed(resources: readonly Resource[], domain: string, trigger: string): number {
  const schedule = ofType(resources, "AWS::Scheduler::Schedule").find(
    (one) => one.domain === domain && String(one.properties["Name"]).endsWith(`-${trigger.replaceAll("_", "-")}`),
  );
  return schedule === undefined ? 0 : ticksOf(schedule.properties);
}
