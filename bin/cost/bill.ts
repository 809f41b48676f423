import type { Pipeline } from "../../core/model/pipeline.ts";
import { jobUsage, sharedUsage } from "./data.ts";
import { withFreeTier, type Line } from "./line.ts";
import { peerLines } from "./peer.ts";
import { priceResources } from "./resources.ts";
import { countRuns, runsIn } from "./runs.ts";
import type { Resource } from "./templates.ts";
import { pathUsage } from "./usage.ts";
import type { Workload } from "./workload.ts";

export interface Bill {
  /** Runs from outside, as asked for. */
  readonly runs: number;
  /** All runs that are on record, with those that follow from them; what the coordinator does is none. */
  readonly executions: number;
  readonly fargateHours: number;
  readonly lines: readonly Line[];
  /** Dagster that is always on, with the same work. */
  readonly peer: readonly Line[];
  readonly warnings: readonly string[];
}

/** The bill of one environment's templates under a workload. */
export function billOf(
  resources: readonly Resource[],
  pipelines: readonly Pipeline[],
  workload: Workload,
  { freeTier = false }: { readonly freeTier?: boolean } = {},
): Bill {
  const fixed = priceResources({ resources, workload });
  const counted = countRuns(workload, pipelines, resources);
  const used = counted.paths.map((path) => pathUsage(path, resources, pipelines, workload));
  const fargateHours = used.reduce((sum, usage) => sum + usage.fargateHours, 0);
  const perPath = used.flatMap(({ lines }) => lines);
  const perJob = Object.keys(workload.jobs).flatMap((name) => {
    const [domain = "", job] = name.split("/");
    const own = counted.paths.filter((path) => path.domain === domain && path.job === job);
    return jobUsage(domain, name, runsIn(own), own[0]?.kind ?? "variable", resources, workload);
  });
  const logGb = perPath.filter(({ price }) => price === "logIngested").reduce((sum, { quantity }) => sum + quantity, 0);
  const shared = sharedUsage(counted.paths, fargateHours, logGb, resources, workload);
  const lines = merged([...fixed.lines, ...perPath, ...perJob, ...shared]);
  const peer = peerLines(lines, counted.paths, workload);
  return {
    runs: workload.runs,
    executions: counted.executions,
    fargateHours,
    lines: freeTier ? withFreeTier(lines) : lines,
    peer: freeTier ? withFreeTier(peer) : peer,
    warnings: [...new Set([...fixed.warnings, ...counted.warnings, ...used.flatMap(({ warnings }) => warnings)])],
  };
}

/** Lines of the same thing are one line. */
function merged(lines: readonly Line[]): readonly Line[] {
  const found = new Map<string, Line>();
  for (const line of lines) {
    const key = JSON.stringify([line.domain, line.what, line.price, line.kind]);
    found.set(key, { ...line, quantity: line.quantity + (found.get(key)?.quantity ?? 0) });
  }
  return [...found.values()].filter(({ quantity }) => quantity > 0);
}
