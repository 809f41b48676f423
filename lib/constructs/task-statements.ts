import { Stack } from "aws-cdk-lib";
import { PolicyStatement } from "aws-cdk-lib/aws-iam";
import type { IConstruct } from "constructs";
import type { TaskDeclaration } from "../../core/model/pipeline.ts";
import type { EnvironmentProps, Names } from "../environment.ts";
import { acknowledgeWildcard } from "./acknowledge.ts";
import { arnsOf } from "./arns.ts";
import { ACTIONS, type Grant, type Resource } from "./grant.ts";
import { grantsOf } from "./grants.ts";

/** Why a grant of this kind ends in a wildcard. */
const WILDCARDS: Readonly<Partial<Record<Resource["kind"], string>>> = {
  containers: "A container has its ARN only once it runs.",
  runs: "Which runs a domain has is known only once they run.",
  foreign: "A bucket of somebody else's, whose policy says what of it we may read.",
  objects: "Everything below the declared key prefix.",
  tables: "ARNs of tables hold a generated id; a condition names the namespaces.",
  databases: "Every table of the declared namespaces: which there are, the tasks decide.",
};

/** What a declaration grants, as statements for `holder`, a role or a policy, whose wildcards are accepted one by one. */
export function statementsOf(
  holder: IConstruct,
  environment: EnvironmentProps,
  names: Names,
  domain: string,
  task: TaskDeclaration,
): readonly PolicyStatement[] {
  const stack = Stack.of(holder);
  return grantsOf(domain, task, environment).map((grant) => {
    const resources = arnsOf(stack, names, grant.resource);
    const reason = WILDCARDS[grant.resource.kind];
    if (reason !== undefined)
      for (const arn of resources.filter((one) => one.endsWith("*"))) acknowledgeWildcard(holder, arn, reason);
    return new PolicyStatement({
      actions: [...ACTIONS[grant.can]],
      resources: [...resources],
      conditions: conditionsOf(stack, grant),
    });
  });
}

const conditionsOf = (stack: Stack, { conditions = {}, via }: Grant) => ({
  ...conditions,
  ...(via === undefined
    ? {}
    : { StringEquals: { "kms:ViaService": via.map((service) => `${service}.${stack.region}.${stack.urlSuffix}`) } }),
});
