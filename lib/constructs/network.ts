import { CfnOutput, Fn } from "aws-cdk-lib";
import {
  FlowLogDestination,
  FlowLogTrafficType,
  GatewayVpcEndpointAwsService,
  IpAddresses,
  SecurityGroup,
  SubnetType,
  Vpc,
} from "aws-cdk-lib/aws-ec2";
import { Role } from "aws-cdk-lib/aws-iam";
import { Construct } from "constructs";
import type { EnvironmentProps, Names } from "../environment.ts";
import { acknowledge } from "./acknowledge.ts";
import { logGroup } from "./log-group.ts";
import { trustedService } from "./trusted-service.ts";

/**
 * Where Fargate tasks run: two public subnets, nothing that listens, no NAT. A NAT gateway costs more a month than
 * the tasks of a small installation; S3 and DynamoDB go through gateway endpoints, which are free.
 */
export class Network extends Construct {
  constructor(scope: Construct, id: string, environment: EnvironmentProps, names: Names) {
    super(scope, id);
    const vpc = new Vpc(this, "Vpc", {
      vpcName: names.prefix,
      ipAddresses: IpAddresses.cidr("10.80.0.0/20"),
      maxAzs: 2,
      natGateways: 0,
      subnetConfiguration: [{ name: "tasks", subnetType: SubnetType.PUBLIC, cidrMask: 24, mapPublicIpOnLaunch: false }],
      gatewayEndpoints: {
        S3: { service: GatewayVpcEndpointAwsService.S3 },
        DynamoDb: { service: GatewayVpcEndpointAwsService.DYNAMODB },
      },
      // It would need a custom resource with its own function; nothing uses the default group.
      restrictDefaultSecurityGroup: false,
    });
    const withoutFlowLogs = environment.without?.flowLogs;
    if (withoutFlowLogs !== undefined) acknowledge(vpc, withoutFlowLogs, "AwsSolutions-VPC7");
    else
      vpc.addFlowLog("Rejected", {
        destination: FlowLogDestination.toCloudWatchLogs(
          logGroup(this, "FlowLogs", environment, `/millrace/${environment.name}/network`),
          new Role(this, "FlowLogsRole", {
            assumedBy: trustedService(this, "vpc-flow-logs.amazonaws.com"),
            description: "Writes refused connections to their log group.",
          }),
        ),
        trafficType: FlowLogTrafficType.REJECT,
      });
    const group = new SecurityGroup(this, "Tasks", {
      // @ts-expect-error CDK declares `vpnGatewayId?: string` in the interface and `string | undefined` in the class.
      vpc,
      securityGroupName: `${names.prefix}-tasks`,
      description: "Fargate tasks: they call out and nothing calls in.",
      allowAllOutbound: true,
    });
    // Written as exports, not as references of the CDK: their names are then a contract that a person can read.
    new CfnOutput(this, "Subnets", {
      value: Fn.join(
        ",",
        vpc.publicSubnets.map(({ subnetId }) => subnetId),
      ),
      exportName: names.subnetsExport,
    });
    new CfnOutput(this, "SecurityGroup", { value: group.securityGroupId, exportName: names.securityGroupExport });
  }
}
