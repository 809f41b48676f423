import { ArnFormat, Stack } from "aws-cdk-lib";
import { ManagedPolicy, PolicyStatement } from "aws-cdk-lib/aws-iam";
import type { Construct } from "constructs";
import type { Pipeline, TaskDeclaration } from "../../core/model/pipeline.ts";
import type { EnvironmentProps, Names } from "../environment.ts";
import { acknowledgeWildcard } from "./acknowledge.ts";
import { statementsOf } from "./task-statements.ts";

/**
 * What the command line needs to act on the environment: it decides as the coordinator's tasks do, so it may what they
 * may, and it leaves the manifests of backfills. Attached to nobody: who operates an environment, the account says.
 */
export class OperatorPolicy extends ManagedPolicy {
  constructor(scope: Construct, id: string, environment: EnvironmentProps, names: Names, coordinator: Pipeline) {
    super(scope, id, {
      managedPolicyName: names.operatorPolicy,
      description: `Operate Millrace ${environment.name} from the command line.`,
    });
    this.addStatements(...statementsOf(this, environment, names, coordinator.domain, operatorOf(coordinator)));
    // Whether the environment is there, and from which declarations. The ARN of a stack ends in a generated id.
    const stack = Stack.of(this).formatArn({
      service: "cloudformation",
      resource: "stack",
      resourceName: `${names.stack("platform")}/*`,
      arnFormat: ArnFormat.SLASH_RESOURCE_NAME,
    });
    this.addStatements(
      new PolicyStatement({
        actions: ["cloudformation:DescribeStackEvents", "cloudformation:DescribeStacks"],
        resources: [stack],
      }),
    );
    acknowledgeWildcard(this, stack, "The ARN of a stack ends in a generated id.");
  }
}

function operatorOf({ tasks }: Pipeline): TaskDeclaration {
  const own = Object.values(tasks);
  const starts = new Set(own.flatMap((task) => (Array.isArray(task.starts) ? task.starts : [])));
  const reads = new Map(own.flatMap(({ reads = [] }) => reads.map((read) => [`${read.bucket}/${read.prefix}`, read])));
  return {
    description: "A person at the command line.",
    handler: "",
    compute: { kind: "lambda", memoryMb: 128, timeoutSeconds: 1 },
    ledger: "write",
    reads: [...reads.values()],
    writes: [{ bucket: "artifacts", prefix: "backfills/" }],
    starts: [...starts],
  };
}
