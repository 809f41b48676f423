import { Stack } from "aws-cdk-lib";
import { PolicyStatement, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import type { ILogGroup } from "aws-cdk-lib/aws-logs";
import type { Construct } from "constructs";
import type { TaskDeclaration } from "../../core/model/pipeline.ts";
import type { Names } from "../environment.ts";
import { acknowledgeWildcard } from "./acknowledge.ts";
import { ACTIONS, grantsOf } from "./grants.ts";
import { arnOf } from "./arns.ts";
import { trustedService } from "./trusted-service.ts";

/** The identity of one task: its declared grants and nothing else. */
export function taskRole(scope: Construct, names: Names, domain: string, task: TaskDeclaration): Role {
  const role = new Role(scope, "Role", {
    assumedBy:
      task.compute.kind === "lambda"
        ? new ServicePrincipal("lambda.amazonaws.com")
        : trustedService(scope, "ecs-tasks.amazonaws.com"),
    description: task.description.slice(0, 1000),
  });
  for (const { can, resource, conditions } of grantsOf(domain, task)) {
    const arn = arnOf(Stack.of(scope), names, resource);
    role.addToPolicy(
      new PolicyStatement({
        actions: [...ACTIONS[can]],
        resources: [arn],
        ...(conditions === undefined ? {} : { conditions }),
      }),
    );
    if (resource.kind === "objects") acknowledgeWildcard(role, arn, "Everything below the declared key prefix.");
    if (resource.kind === "tables")
      acknowledgeWildcard(role, arn, "ARNs of tables hold a generated id; a condition names the namespaces.");
  }
  return role;
}

/** The managed policies of AWS may write every log group of the account; a task needs its own. */
export const writeLogs = (logs: ILogGroup): PolicyStatement =>
  new PolicyStatement({ actions: ["logs:CreateLogStream", "logs:PutLogEvents"], resources: [logs.logGroupArn] });
