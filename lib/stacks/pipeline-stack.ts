import { Stack, Tags } from "aws-cdk-lib";
import { StateMachineType } from "aws-cdk-lib/aws-stepfunctions";
import type { Construct } from "constructs";
import type { Pipeline } from "../../core/model/pipeline.ts";
import { COORDINATOR } from "../../core/model/platform-domains.ts";
import type { Bundles } from "../constructs/bundle.ts";
import { deadLetterQueue } from "../constructs/dead-letter-queue.ts";
import { duckdbLayer } from "../constructs/duckdb-layer.ts";
import { FargateTask } from "../constructs/fargate-task.ts";
import { LambdaTask } from "../constructs/lambda-task.ts";
import { Machine } from "../constructs/machine.ts";
import { OperatorPolicy } from "../constructs/operator-policy.ts";
import { CanaryReleases } from "../constructs/release.ts";
import type { DeclaredRuns } from "../constructs/task-environment.ts";
import { hasStarter, Starter } from "../constructs/starter.ts";
import { Triggers } from "../constructs/triggers.ts";
import { kebab, namesOf, type EnvironmentProps } from "../environment.ts";
import { DomainOperations } from "../operations/domain-operations.ts";

export interface PipelineStackProps {
  readonly environment: EnvironmentProps;
  readonly pipeline: Pipeline;
  readonly runs: DeclaredRuns;
  /** Text of the machine, Amazon States Language. */
  readonly definition: string;
  readonly bundles: Bundles;
  /** Folder of the DuckDB layer. */
  readonly layer: string;
}

/** One domain: its machine, its tasks, what starts it, and who hears of its failures. */
export class PipelineStack extends Stack {
  constructor(scope: Construct, { environment, pipeline, runs, definition, bundles, layer }: PipelineStackProps) {
    const names = namesOf(environment);
    const { domain } = pipeline;
    super(scope, kebab(domain), {
      stackName: names.stack(domain),
      description: `Millrace ${environment.name}, ${domain}: ${pipeline.description}`.slice(0, 1024),
      terminationProtection: environment.retainData,
      analyticsReporting: false,
    });
    Tags.of(this).add("millrace:environment", environment.name);
    Tags.of(this).add("millrace:domain", domain);
    const tasks = Object.entries(pipeline.tasks);
    const duckdb = tasks.some(([, { compute, duckdb = false }]) => compute.kind === "lambda" && duckdb)
      ? duckdbLayer(this, layer)
      : undefined;
    const releases =
      environment.releases === "canary"
        ? { releases: new CanaryReleases(this, "Releases", environment, names, domain) }
        : {};
    const lambdas: LambdaTask[] = [];
    const fargates: FargateTask[] = [];
    for (const [id, task] of tasks) {
      const { compute } = task;
      const common = { environment, names, domain, task, runs, bundle: bundles(task) };
      if (compute.kind === "fargate") fargates.push(new FargateTask(this, id, { ...common, compute }));
      else {
        const layers = task.duckdb === true && duckdb !== undefined ? { duckdb } : {};
        lambdas.push(new LambdaTask(this, id, { ...common, compute, ...layers, ...releases }));
      }
    }
    const type = pipeline.machine === "express" ? StateMachineType.EXPRESS : StateMachineType.STANDARD;
    const { machine } = new Machine(this, "Machine", {
      ...{ environment, names, domain, type, definition, lambdas, fargates },
    });
    if (domain === COORDINATOR) new OperatorPolicy(this, "Operator", environment, names, pipeline);
    const deadLetters = deadLetterQueue(this, "DeadLetters", names.deadLetters(domain));
    const starter = hasStarter(pipeline)
      ? new Starter(this, "Starter", { environment, names, domain, machine, deadLetters }).machine
      : undefined;
    const recorded = [...new Set(runs.lanes.map((lane) => lane.domain))];
    new Triggers(this, "Triggers", {
      ...{ environment, names, pipeline, recorded, deadLetters },
      starter: starter ?? machine,
    });
    new DomainOperations(this, "Operations", {
      environment,
      names,
      pipeline,
      machineArn: machine.stateMachineArn,
      ...(starter === undefined ? {} : { starterArn: starter.stateMachineArn }),
      deadLetters,
    });
  }
}
