import { Duration, Size, Stack } from "aws-cdk-lib";
import {
  Architecture,
  Code,
  Function as LambdaFunction,
  LoggingFormat,
  Runtime,
  Tracing,
  type ILayerVersion,
} from "aws-cdk-lib/aws-lambda";
import { Construct } from "constructs";
import type { LambdaCompute, TaskDeclaration } from "../../core/model/pipeline.ts";
import type { EnvironmentProps, Names } from "../environment.ts";
import { acknowledge, acknowledgeWildcard } from "./acknowledge.ts";
import type { Bundle } from "./bundle.ts";
import { logGroup } from "./log-group.ts";
import { KEPT_VERSIONS, type CanaryReleases } from "./release.ts";
import { taskEnvironment, type DeclaredRuns } from "./task-environment.ts";
import { taskRole, writeLogs } from "./task-role.ts";

export interface TaskProps<C> {
  readonly environment: EnvironmentProps;
  readonly names: Names;
  readonly domain: string;
  readonly task: TaskDeclaration;
  /** Of the environment; tasks that start runs get it. */
  readonly runs: DeclaredRuns;
  readonly compute: C;
  readonly bundle: Bundle;
}

export interface LambdaTaskProps extends TaskProps<LambdaCompute> {
  readonly duckdb?: ILayerVersion;
  /** Absent = new code takes all calls at once. */
  readonly releases?: CanaryReleases;
}

/** A short step: one function, called synchronously by its state machine and by nobody else. */
export class LambdaTask extends Construct {
  readonly lambda: LambdaFunction;
  /** What a machine calls: the function, or its alias where releases are canaries. */
  readonly arn: string;

  constructor(scope: Construct, id: string, props: LambdaTaskProps) {
    super(scope, id);
    const { environment, names, domain, task, runs, compute, bundle, duckdb, releases } = props;
    const stack = Stack.of(this);
    const functionName = names.task(domain, id);
    const logs = logGroup(this, "Logs", environment, `/aws/lambda/${functionName}`);
    const role = taskRole(this, environment, names, domain, task);
    role.addToPolicy(writeLogs(logs));
    this.lambda = new LambdaFunction(this, "Function", {
      functionName,
      description: task.description.slice(0, 256),
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      handler: "index.handler",
      code: Code.fromAsset(bundle.directory, { assetHash: bundle.hash }),
      memorySize: compute.memoryMb,
      timeout: Duration.seconds(compute.timeoutSeconds),
      ...(compute.diskMb === undefined ? {} : { ephemeralStorageSize: Size.mebibytes(compute.diskMb) }),
      ...(duckdb === undefined ? {} : { layers: [duckdb] }),
      environment: taskEnvironment(stack, environment, names, task, runs),
      role,
      logGroup: logs,
      // Powertools' lines are JSON already and stay as they are; what Lambda itself says (a time-out, too little memory)
      // becomes JSON too, so that one query finds both.
      loggingFormat: LoggingFormat.JSON,
      tracing: Tracing.ACTIVE,
      currentVersionOptions: KEPT_VERSIONS,
    });
    this.arn = releases === undefined ? this.lambda.functionArn : releases.release(this.lambda, functionName);
    acknowledgeWildcard(role, "*", "Tracing has no resource-level permission.");
    acknowledge(role, "Every wildcard is accepted one by one, with its reason.", "Serverless-LambdaStarPermissions");
    acknowledge(
      this.lambda,
      "Called synchronously by its state machine: a failure is the state's, which records it. There is no asynchronous edge.",
      "Serverless-LambdaAsyncFailureDestination",
      "Serverless-LambdaDLQ",
    );
  }
}
