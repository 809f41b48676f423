import { Fn, RemovalPolicy, Stack } from "aws-cdk-lib";
import { Effect, PolicyStatement, Role } from "aws-cdk-lib/aws-iam";
import { DefinitionBody, LogLevel, StateMachine, StateMachineType } from "aws-cdk-lib/aws-stepfunctions";
import { Construct } from "constructs";
import type { EnvironmentProps, Names } from "../environment.ts";
import { placeholdersOf, type PLATFORM_SUBSTITUTIONS } from "../placeholders.ts";
import { acknowledge, acknowledgeWildcard } from "./acknowledge.ts";
import type { FargateTask } from "./fargate-task.ts";
import type { LambdaTask } from "./lambda-task.ts";
import { logGroup } from "./log-group.ts";
import { dataRemoval } from "./removal.ts";
import { trustedService } from "./trusted-service.ts";

export interface MachineProps {
  readonly environment: EnvironmentProps;
  readonly names: Names;
  readonly domain: string;
  readonly type: StateMachineType;
  /** Amazon States Language with `${placeholders}`; deployed as it is written. */
  readonly definition: string;
  readonly lambdas: readonly LambdaTask[];
  readonly fargates: readonly FargateTask[];
}

/** The state machine of one domain, allowed to run the tasks of its declaration and nothing else. */
export class Machine extends Construct {
  readonly machine: StateMachine;

  constructor(scope: Construct, id: string, props: MachineProps) {
    super(scope, id);
    const { environment, names, domain, type, definition, lambdas, fargates } = props;
    const stack = Stack.of(this);
    const express = type === StateMachineType.EXPRESS;
    const cluster = stack.formatArn({ service: "ecs", resource: "cluster", resourceName: names.cluster });
    const subnets = Fn.split(",", Fn.importValue(names.subnetsExport), 2);
    const platform: Record<(typeof PLATFORM_SUBSTITUTIONS)[number], string> = {
      Cluster: cluster,
      Subnet1: Fn.select(0, subnets),
      Subnet2: Fn.select(1, subnets),
      SecurityGroup: Fn.importValue(names.securityGroupExport),
      // A public subnet has no NAT: without an address a task reaches nothing. An isolated one has endpoints.
      AssignPublicIp: environment.network === "public" ? "ENABLED" : "DISABLED",
    };
    const known: Readonly<Record<string, string>> = {
      ...environment.machineSettings,
      ...platform,
      ...Object.fromEntries(lambdas.map(({ node, arn }) => [node.id, arn])),
      ...Object.fromEntries(fargates.map((task) => [task.node.id, task.definition.taskDefinitionArn])),
    };
    const used = placeholdersOf(definition);
    const unknown = [...used].filter((key) => !(key in known));
    if (unknown.length > 0)
      throw new Error(`The machine of ${domain} uses ${unknown.join(", ")}, which nothing fills in.`);
    const role = new Role(this, "Role", {
      assumedBy: trustedService(this, "states.amazonaws.com"),
      description: `Runs the tasks of ${domain}.`,
    });
    this.machine = new StateMachine(this, "Machine", {
      stateMachineName: names.machine(domain),
      stateMachineType: type,
      definitionBody: DefinitionBody.fromString(definition),
      definitionSubstitutions: Object.fromEntries(Object.entries(known).filter(([key]) => used.has(key))),
      role,
      logs: {
        // Step Functions may write only log groups below this prefix without a policy of their own.
        destination: logGroup(this, "Logs", environment, `/aws/vendedlogs/states/${names.machine(domain)}`),
        // A standard run has its history besides; of an Express one that went well nothing is worth its price.
        level: express ? LogLevel.ERROR : LogLevel.ALL,
        includeExecutionData: express,
      },
      tracingEnabled: true,
      // Executions under way go with the machine: in an environment that keeps its data the machine stays.
      removalPolicy: express ? RemovalPolicy.DESTROY : dataRemoval(environment),
    });
    if (express)
      acknowledge(this.machine, "What it does is on record in the ledger; its errors are logged.", "AwsSolutions-SF1");
    if (lambdas.length > 0) {
      role.addToPolicy(
        new PolicyStatement({ actions: ["lambda:InvokeFunction"], resources: lambdas.map(({ arn }) => arn) }),
      );
    }
    const tasks = stack.formatArn({ service: "ecs", resource: "task", resourceName: `${names.cluster}/*` });
    for (const statement of containers(fargates, cluster, tasks)) role.addToPolicy(statement);
    acknowledgeWildcard(role, tasks, "A task has its ARN only once it runs.");
    acknowledgeWildcard(role, "*", "Log delivery and tracing have no resource-level permissions.");
  }
}

function containers(tasks: readonly FargateTask[], cluster: string, running: string): PolicyStatement[] {
  if (tasks.length === 0) return [];
  const definitions = tasks.map(({ definition }) => definition);
  const onCluster = { ArnEquals: { "ecs:cluster": cluster } };
  return [
    new PolicyStatement({
      actions: ["ecs:RunTask"],
      resources: definitions.map(({ taskDefinitionArn }) => taskDefinitionArn),
      conditions: onCluster,
    }),
    // Tags of the definition are passed on to the task, which costs are reported by.
    new PolicyStatement({
      actions: ["ecs:TagResource"],
      resources: [running],
      conditions: { StringEquals: { "ecs:CreateAction": "RunTask" } },
    }),
    new PolicyStatement({
      effect: Effect.ALLOW,
      actions: ["iam:PassRole"],
      resources: definitions.flatMap(({ taskRole, executionRole }) => [
        taskRole.roleArn,
        ...(executionRole === undefined ? [] : [executionRole.roleArn]),
      ]),
      conditions: { StringEquals: { "iam:PassedToService": "ecs-tasks.amazonaws.com" } },
    }),
  ];
}
