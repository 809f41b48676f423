import { PolicyStatement, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import type { ILogGroup } from "aws-cdk-lib/aws-logs";
import type { Construct } from "constructs";
import type { TaskDeclaration } from "../../core/model/pipeline.ts";
import type { EnvironmentProps, Names } from "../environment.ts";
import { statementsOf } from "./task-statements.ts";
import { trustedService } from "./trusted-service.ts";

/** The identity of one task: its declared grants and nothing else. */
export function taskRole(
  scope: Construct,
  environment: EnvironmentProps,
  names: Names,
  domain: string,
  task: TaskDeclaration,
): Role {
  const role = new Role(scope, "Role", {
    assumedBy:
      task.compute.kind === "lambda"
        ? new ServicePrincipal("lambda.amazonaws.com")
        : trustedService(scope, "ecs-tasks.amazonaws.com"),
    description: task.description.slice(0, 1000),
  });
  for (const statement of statementsOf(role, environment, names, domain, task)) role.addToPolicy(statement);
  return role;
}

/** The managed policies of AWS may write every log group of the account; a task needs its own. */
export const writeLogs = (logs: ILogGroup): PolicyStatement =>
  new PolicyStatement({ actions: ["logs:CreateLogStream", "logs:PutLogEvents"], resources: [logs.logGroupArn] });
