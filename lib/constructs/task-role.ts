import { Stack } from "aws-cdk-lib";
import { PolicyStatement, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import type { ILogGroup } from "aws-cdk-lib/aws-logs";
import type { Construct } from "constructs";
import type { TaskDeclaration } from "../../core/model/pipeline.ts";
import type { EnvironmentProps, Names } from "../environment.ts";
import { acknowledgeWildcard } from "./acknowledge.ts";
import { arnsOf } from "./arns.ts";
import { ACTIONS, type Grant, type Resource } from "./grant.ts";
import { grantsOf } from "./grants.ts";
import { trustedService } from "./trusted-service.ts";

/** Why a grant of this kind ends in a wildcard. */
const WILDCARDS: Readonly<Partial<Record<Resource["kind"], string>>> = {
  containers: "A container has its ARN only once it runs.",
  runs: "Which runs a domain has is known only once they run.",
  objects: "Everything below the declared key prefix.",
  tables: "ARNs of tables hold a generated id; a condition names the namespaces.",
  databases: "Every table of the declared namespaces: which there are, the tasks decide.",
};

/** The identity of one task: its declared grants and nothing else. */
export function taskRole(
  scope: Construct,
  environment: EnvironmentProps,
  names: Names,
  domain: string,
  task: TaskDeclaration,
): Role {
  const stack = Stack.of(scope);
  const role = new Role(scope, "Role", {
    assumedBy:
      task.compute.kind === "lambda"
        ? new ServicePrincipal("lambda.amazonaws.com")
        : trustedService(scope, "ecs-tasks.amazonaws.com"),
    description: task.description.slice(0, 1000),
  });
  for (const grant of grantsOf(domain, task, environment)) {
    const resources = arnsOf(stack, names, grant.resource);
    role.addToPolicy(
      new PolicyStatement({
        actions: [...ACTIONS[grant.can]],
        resources: [...resources],
        conditions: conditionsOf(stack, grant),
      }),
    );
    const reason = WILDCARDS[grant.resource.kind];
    if (reason === undefined) continue;
    for (const arn of resources.filter((one) => one.endsWith("*"))) acknowledgeWildcard(role, arn, reason);
  }
  return role;
}

const conditionsOf = (stack: Stack, { conditions = {}, via }: Grant) => ({
  ...conditions,
  ...(via === undefined
    ? {}
    : { StringEquals: { "kms:ViaService": via.map((service) => `${service}.${stack.region}.${stack.urlSuffix}`) } }),
});

/** The managed policies of AWS may write every log group of the account; a task needs its own. */
export const writeLogs = (logs: ILogGroup): PolicyStatement =>
  new PolicyStatement({ actions: ["logs:CreateLogStream", "logs:PutLogEvents"], resources: [logs.logGroupArn] });
