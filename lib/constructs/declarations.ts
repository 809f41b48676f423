import { createHash } from "node:crypto";
import { schedulesIn } from "../../core/model/schedules/declared-schedules.ts";
import type { Pipeline } from "../../core/model/pipeline.ts";
import type { EnvironmentProps } from "../environment.ts";
import { declaredRuns } from "./task-environment.ts";

/** Name of the platform stack's output that has it. */
export const DECLARATIONS_OUTPUT = "Declarations";

/**
 * Digest of what an operator's command line takes from its checkout: lanes, landings, schedules, assets. Where it
 * differs from the deployed one, the two would decide differently.
 */
export function declarationsDigest(environment: EnvironmentProps, pipelines: readonly Pipeline[]): string {
  const declared = {
    runs: declaredRuns(environment, pipelines),
    schedules: schedulesIn(environment, pipelines),
    domains: pipelines.map(({ domain, machine, assets }) => [domain, machine, assets.map(({ id }) => id)]),
  };
  return createHash("sha256").update(JSON.stringify(declared)).digest("hex").slice(0, 16);
}
