import type { Stack } from "aws-cdk-lib";
import { PolicyStatement, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import type { ILogGroup } from "aws-cdk-lib/aws-logs";
import type { Construct } from "constructs";
import type { TaskDeclaration } from "../../core/model/pipeline.ts";
import type { Names } from "../environment.ts";
import { acknowledge } from "./acknowledge.ts";
import { grantsOf } from "./grants.ts";
import { statementsOf } from "./statements.ts";

/** The identity of one task: its declared grants and nothing else. */
export function taskRole(
  scope: Construct,
  { stack, names, domain, task }: { stack: Stack; names: Names; domain: string; task: TaskDeclaration },
): Role {
  const role = new Role(scope, "Role", {
    assumedBy: new ServicePrincipal(
      task.compute.kind === "lambda" ? "lambda.amazonaws.com" : "ecs-tasks.amazonaws.com",
    ),
    description: task.description.slice(0, 1000),
  });
  for (const statement of statementsOf(stack, names, grantsOf(domain, task))) role.addToPolicy(statement);
  acknowledge(
    role,
    "Wildcards end a declared key prefix, a log group's streams, a secret's random suffix or a table's generated id; tracing has no resource-level permission.",
    "AwsSolutions-IAM5",
    "Serverless-LambdaStarPermissions",
  );
  return role;
}

/** The managed policies of AWS may write every log group of the account; a task needs its own. */
export const writeLogs = (logs: ILogGroup): PolicyStatement =>
  new PolicyStatement({ actions: ["logs:CreateLogStream", "logs:PutLogEvents"], resources: [`${logs.logGroupArn}:*`] });
