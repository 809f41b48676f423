import { Stack } from "aws-cdk-lib";
import {
  GatewayVpcEndpointAwsService,
  InterfaceVpcEndpointAwsService,
  Peer,
  Port,
  SecurityGroup,
  type Vpc,
} from "aws-cdk-lib/aws-ec2";
import { AnyPrincipal, PolicyStatement } from "aws-cdk-lib/aws-iam";
import { Construct } from "constructs";
import type { Pipeline } from "../../core/model/pipeline.ts";
import type { EnvironmentProps, Names } from "../environment.ts";
import { bucketArn } from "./arns.ts";
import { ACTIONS } from "./grant.ts";
import { grantsOf } from "./grants.ts";

/** Services with an interface endpoint, by the prefix of their actions. Those that no container calls get none. */
const INTERFACES: Readonly<Record<string, InterfaceVpcEndpointAwsService>> = {
  athena: InterfaceVpcEndpointAwsService.ATHENA,
  events: InterfaceVpcEndpointAwsService.EVENTBRIDGE,
  glue: InterfaceVpcEndpointAwsService.GLUE,
  logs: InterfaceVpcEndpointAwsService.CLOUDWATCH_LOGS,
  s3tables: InterfaceVpcEndpointAwsService.S3_TABLES,
  secretsmanager: InterfaceVpcEndpointAwsService.SECRETS_MANAGER,
  states: InterfaceVpcEndpointAwsService.STEP_FUNCTIONS,
  sts: InterfaceVpcEndpointAwsService.STS,
};

/** What starting a container calls before any code of ours runs. */
const PULL = [
  "ecr:BatchCheckLayerAvailability",
  "ecr:BatchGetImage",
  "ecr:GetAuthorizationToken",
  "ecr:GetDownloadUrlForLayer",
];

/**
 * What containers may ask of AWS, derived from their declarations; `kms` is not among it, for the services that hold
 * data use the key on a task's behalf.
 */
export function containerActions(environment: EnvironmentProps, pipelines: readonly Pipeline[]): readonly string[] {
  const containers = pipelines.flatMap(({ domain, tasks }) =>
    Object.values(tasks)
      .filter(({ compute }) => compute.kind === "fargate")
      .map((task) => ({ domain, task })),
  );
  if (containers.length === 0) return [];
  const granted = containers.flatMap(({ domain, task }) =>
    grantsOf(domain, task, environment).flatMap(({ can }): readonly string[] => ACTIONS[can]),
  );
  // dbt's Athena adapter asks whose catalogue it is in.
  const identity = granted.some((action) => action.startsWith("athena:")) ? ["sts:GetCallerIdentity"] : [];
  return [...new Set([...granted, ...identity, "logs:CreateLogStream", "logs:PutLogEvents"])].sort();
}

/** Ways to S3 and DynamoDB that cost nothing and let through only what a container of this account may do. */
export class GatewayEndpoints extends Construct {
  constructor(scope: Construct, id: string, vpc: Vpc, actions: readonly string[]) {
    super(scope, id);
    const stack = Stack.of(this);
    const s3 = vpc.addGatewayEndpoint("S3", { service: GatewayVpcEndpointAwsService.S3 });
    // Files of a table bucket are objects of S3 that are authorised as data of tables.
    s3.addToPolicy(ofThisAccount(stack, of(actions, "s3", "s3tables")));
    s3.addToPolicy(
      new PolicyStatement({
        sid: "LayersOfImages",
        principals: [new AnyPrincipal()],
        actions: ["s3:GetObject"],
        // ECR keeps layers in a bucket of its own and signs their addresses itself.
        resources: [`${bucketArn(stack, `prod-${stack.region}-starport-layer-bucket`)}/*`],
      }),
    );
    const dynamodb = vpc.addGatewayEndpoint("DynamoDb", { service: GatewayVpcEndpointAwsService.DYNAMODB });
    dynamodb.addToPolicy(ofThisAccount(stack, of(actions, "dynamodb")));
  }
}

/** For subnets without a way out: one endpoint, in every zone, for each service that a container calls. */
export class InterfaceEndpoints extends Construct {
  constructor(scope: Construct, id: string, vpc: Vpc, tasks: SecurityGroup, names: Names, actions: readonly string[]) {
    super(scope, id);
    const stack = Stack.of(this);
    const group = new SecurityGroup(this, "Group", {
      // @ts-expect-error CDK declares `vpnGatewayId?: string` in the interface and `string | undefined` in the class.
      vpc,
      securityGroupName: `${names.prefix}-endpoints`,
      description: "Endpoints of AWS services: containers call in and nothing calls out.",
      allowAllOutbound: false,
    });
    group.addIngressRule(Peer.securityGroupId(tasks.securityGroupId), Port.tcp(443), "Containers");
    const add = (name: string, service: InterfaceVpcEndpointAwsService, allowed: readonly string[]): void =>
      vpc
        .addInterfaceEndpoint(name, { service, securityGroups: [group], open: false })
        .addToPolicy(ofThisAccount(stack, allowed));
    add("EcrApi", InterfaceVpcEndpointAwsService.ECR, PULL);
    add("EcrDocker", InterfaceVpcEndpointAwsService.ECR_DOCKER, PULL);
    for (const [prefix, service] of Object.entries(INTERFACES)) {
      const allowed = of(actions, prefix);
      if (allowed.length > 0) add(prefix, service, allowed);
    }
  }
}

const of = (actions: readonly string[], ...prefixes: readonly string[]): readonly string[] =>
  actions.filter((action) => prefixes.some((prefix) => action.startsWith(`${prefix}:`)));

/** Which resources, the roles say; that nobody else's role is used from inside, this says. */
const ofThisAccount = ({ account }: Stack, actions: readonly string[]): PolicyStatement =>
  new PolicyStatement({
    sid: "RolesOfThisAccount",
    principals: [new AnyPrincipal()],
    actions: [...actions],
    resources: ["*"],
    conditions: { StringEquals: { "aws:PrincipalAccount": account } },
  });
