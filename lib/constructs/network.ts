import { CfnOutput, Fn } from "aws-cdk-lib";
import {
  FlowLogDestination,
  FlowLogTrafficType,
  IpAddresses,
  Peer,
  Port,
  SecurityGroup,
  SubnetType,
  Vpc,
  type ISubnet,
} from "aws-cdk-lib/aws-ec2";
import { Role } from "aws-cdk-lib/aws-iam";
import { Construct } from "constructs";
import type { Pipeline } from "../../core/model/pipeline.ts";
import type { EnvironmentProps, Names } from "../environment.ts";
import { acknowledge } from "./acknowledge.ts";
import { containerActions, GatewayEndpoints, InterfaceEndpoints } from "./endpoints.ts";
import { logGroup } from "./log-group.ts";
import { trustedService } from "./trusted-service.ts";

/**
 * Where containers run, without NAT: a NAT gateway costs more a month than the tasks of a small installation. Nothing
 * listens; S3 and DynamoDB go through gateway endpoints, which are free.
 *
 * `public`: a public subnet in two zones, every container with an address of its own while it runs.
 * `endpoints`: an isolated subnet in two zones and an interface endpoint for each service that containers call, for
 * 0.01 USD an hour, zone and endpoint (us-east-1). No container reaches the internet, so one that declares to need it
 * is refused. Functions run outside the network in either kind.
 *
 * An environment's kind is for good: pipelines import the subnets, and CloudFormation changes no export in use. To
 * change it, delete the pipeline stacks first; they hold no data.
 */
export class Network extends Construct {
  private readonly vpc: Vpc;

  constructor(
    scope: Construct,
    id: string,
    environment: EnvironmentProps,
    names: Names,
    pipelines: readonly Pipeline[],
  ) {
    super(scope, id);
    const isolated = environment.network === "endpoints";
    if (isolated) refuseInternet(pipelines);
    this.vpc = new Vpc(this, "Vpc", {
      vpcName: names.prefix,
      ipAddresses: IpAddresses.cidr("10.80.0.0/20"),
      maxAzs: 2,
      natGateways: 0,
      subnetConfiguration: [
        isolated
          ? { name: "tasks", subnetType: SubnetType.PRIVATE_ISOLATED, cidrMask: 24 }
          : { name: "tasks", subnetType: SubnetType.PUBLIC, cidrMask: 24, mapPublicIpOnLaunch: false },
        ...(environment.relational
          ? [{ name: "database", subnetType: SubnetType.PRIVATE_ISOLATED, cidrMask: 26 }]
          : []),
      ],
      // It would need a custom resource with its own function; nothing uses the default group.
      restrictDefaultSecurityGroup: false,
    });
    this.flowLogs(environment);
    const group = new SecurityGroup(this, "Tasks", {
      // @ts-expect-error CDK declares `vpnGatewayId?: string` in the interface and `string | undefined` in the class.
      vpc: this.vpc,
      securityGroupName: `${names.prefix}-tasks`,
      description: "Fargate tasks: they call out and nothing calls in.",
      allowAllOutbound: false,
    });
    // Gateway endpoints have public addresses; where a subnet has no other way out, the routes see to that.
    group.addEgressRule(Peer.anyIpv4(), Port.tcp(443), "AWS and whom a task calls, by TLS");
    for (const port of privatePorts(pipelines)) {
      for (const range of PRIVATE_RANGES) group.addEgressRule(Peer.ipv4(range), Port.tcp(port), "Connected networks");
    }
    if (environment.relational) {
      group.addEgressRule(Peer.ipv4(this.vpc.vpcCidrBlock), Port.tcp(5432), "The database proxy");
    }
    const actions = containerActions(environment, pipelines);
    if (actions.length > 0) {
      new GatewayEndpoints(this, "Gateways", this.vpc, actions);
      if (isolated) new InterfaceEndpoints(this, "Endpoints", this.vpc, group, names, actions);
    }
    // Written as exports, not as references of the CDK: their names are then a contract that a person can read.
    const exported = (output: string, value: string, exportName: string) =>
      new CfnOutput(this, output, { value, exportName });
    exported("Subnets", idsOf(this.subnets("tasks")), names.subnetsExport);
    exported("SecurityGroup", group.securityGroupId, names.securityGroupExport);
    if (!environment.relational) return;
    exported("Id", this.vpc.vpcId, names.vpcExport);
    exported("DatabaseSubnets", idsOf(this.subnets("database")), names.databaseSubnetsExport);
  }

  private subnets(subnetGroupName: string): readonly ISubnet[] {
    return this.vpc.selectSubnets({ subnetGroupName }).subnets;
  }

  private flowLogs(environment: EnvironmentProps): void {
    const without = environment.without?.flowLogs;
    if (without !== undefined) return acknowledge(this.vpc, without, "AwsSolutions-VPC7");
    this.vpc.addFlowLog("Rejected", {
      destination: FlowLogDestination.toCloudWatchLogs(
        logGroup(this, "FlowLogs", environment, `/millrace/${environment.name}/network`),
        new Role(this, "FlowLogsRole", {
          assumedBy: trustedService(this, "vpc-flow-logs.amazonaws.com"),
          description: "Writes refused connections to their log group.",
        }),
      ),
      trafficType: FlowLogTrafficType.REJECT,
    });
  }
}

/** RFC 1918. How the networks are connected (peering, a transit gateway) is for whoever owns both. */
const PRIVATE_RANGES = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"];

const privatePorts = (pipelines: readonly Pipeline[]): readonly number[] => [
  ...new Set(
    pipelines
      .flatMap(({ tasks }) => Object.values(tasks))
      .flatMap((task) => (task.compute.kind === "fargate" ? (task.privatePorts ?? []) : [])),
  ),
];

const idsOf = (subnets: readonly ISubnet[]): string =>
  Fn.join(
    ",",
    subnets.map(({ subnetId }) => subnetId),
  );

function refuseInternet(pipelines: readonly Pipeline[]): void {
  const stranded = pipelines.flatMap(({ domain, tasks }) =>
    Object.entries(tasks)
      .filter(([, { compute, internet = false }]) => compute.kind === "fargate" && internet)
      .map(([name]) => `${domain}.${name}`),
  );
  if (stranded.length === 0) return;
  throw new Error(
    `${stranded.join(", ")} would be stranded: the environment's network is "endpoints", which has no way to the ` +
      'internet. Make it a Lambda, which runs outside the network, or choose network "public".',
  );
}
