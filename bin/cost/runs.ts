import type { Pipeline } from "../../core/model/pipeline.ts";
import { badInput } from "../cli/output.ts";
import { ticksOf } from "./resources.ts";
import { ofType, type Resource } from "./templates.ts";
import type { Path, Workload } from "./workload.ts";

/** So many runs of one path of one job. */
export interface PathRuns {
  readonly domain: string;
  readonly job: string;
  readonly path: Path;
  readonly runs: number;
}

/** How often each path runs in a month: what lands, what that announces, and what the clock starts. */
export function countRuns(
  workload: Workload,
  pipelines: readonly Pipeline[],
  resources: readonly Resource[],
): { readonly paths: readonly PathRuns[]; readonly warnings: readonly string[] } {
  checkJobs(workload, pipelines);
  const warnings: string[] = [];
  const landed = jobsOf(pipelines).flatMap((entry) => {
    const { share } = workload.jobs[entry.name] ?? {};
    return share === undefined ? [] : pathsOf(entry, workload, share * workload.runs);
  });
  const followed = jobsOf(pipelines).flatMap((entry) => {
    if (workload.jobs[entry.name]?.share !== undefined) return [];
    const started = entry.pipeline.triggers.filter(({ job }) => job === entry.job);
    const events = started.some(({ kind }) => kind === "event") ? announcements(landed, pipelines) : 0;
    const ticks = started
      .filter(({ kind }) => kind === "schedule")
      .reduce((sum, { id }) => sum + ticksNamed(resources, entry.domain, id), 0);
    const paths = pathsOf(entry, workload, events + ticks);
    if (paths.length === 0) warnings.push(`No workload is stated for ${entry.name}: it counts as never run.`);
    return paths;
  });
  return { paths: [...landed, ...followed], warnings };
}

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
function pathsOf({ name, domain, job }: Entry, workload: Workload, runs: number): readonly PathRuns[] {
  const paths = workload.jobs[name]?.paths ?? [];
  let left = runs;
  return paths.map((path, index) => {
    const wanted = index === paths.length - 1 ? left : Math.min(left, path.share * runs, path.atMostPerMonth ?? runs);
    left -= wanted;
    return { domain, job, path, runs: wanted };
  });
}

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
