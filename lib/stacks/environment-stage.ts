import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Stage } from "aws-cdk-lib";
import type { Construct } from "constructs";
import * as z from "zod";
import type { Pipeline } from "../../core/model/pipeline.ts";
import type { Bundles } from "../constructs/bundle.ts";
import { refuseMissingOrigins } from "../constructs/declared-origins.ts";
import { declaredRuns } from "../constructs/task-environment.ts";
import type { EnvironmentProps } from "../environment.ts";
import { PipelineStack } from "./pipeline-stack.ts";
import { PlatformStack } from "./platform-stack.ts";
import { RelationalStack } from "./relational-stack.ts";

export interface Domain {
  readonly pipeline: Pipeline;
  /** Path of the machine's text, relative to the repository. */
  readonly definition: string;
}

export interface EnvironmentStageProps {
  readonly environment: EnvironmentProps;
  readonly domains: readonly Domain[];
  readonly bundles: Bundles;
  readonly layer: string;
  readonly root: string;
}

/** One environment: the platform, then a stack for every domain. Domains know the platform, never each other. */
export class EnvironmentStage extends Stage {
  constructor(scope: Construct, { environment, domains, bundles, layer, root }: EnvironmentStageProps) {
    const { account, region } = environment;
    super(scope, environment.name, {
      env: { ...(account === undefined ? {} : { account }), ...(region === undefined ? {} : { region }) },
    });
    const pipelines = domains.map(({ pipeline }) => pipeline);
    refuseMissingOrigins(environment, pipelines);
    const machines = domains.map(({ pipeline, definition }) => ({
      pipeline,
      text: readFileSync(join(root, definition), "utf8"),
    }));
    const longestSeconds = Object.fromEntries(machines.flatMap(longestOf));
    const runs = { ...declaredRuns(environment, pipelines), longestSeconds };
    const platform = new PlatformStack(this, { environment, pipelines });
    if (environment.relational) new RelationalStack(this, environment).addStackDependency(platform);
    for (const { pipeline, text } of machines) {
      new PipelineStack(this, { environment, pipeline, runs, definition: text, bundles, layer }).addStackDependency(
        platform,
      );
    }
  }
}

const Limit = z.looseObject({ TimeoutSeconds: z.number() });
const SHARE_OF_LIMIT = 0.75;

/** When a run of the domain counts as stuck; runs of Express machines are nobody's to watch. */
function longestOf({ pipeline, text }: { readonly pipeline: Pipeline; readonly text: string }): [string, number][] {
  if (pipeline.machine === "express") return [];
  const seconds =
    pipeline.longestMinutes === undefined
      ? Limit.parse(JSON.parse(text)).TimeoutSeconds * SHARE_OF_LIMIT
      : pipeline.longestMinutes * 60;
  return [[pipeline.domain, Math.round(seconds)]];
}
