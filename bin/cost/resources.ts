import { parseSchedule } from "../../core/model/schedules/expression.ts";
import { ticksBetween } from "../../core/model/schedules/ticks.ts";
import type { Line } from "./line.ts";
import { HOURS, type PriceId } from "./prices.ts";
import { listOf, memberOf, numberIn, ofType, type Resource } from "./templates.ts";
import type { Workload } from "./workload.ts";

/** Types that have no price by themselves, whoever uses them. */
const FREE: readonly RegExp[] = [
  /^AWS::IAM::/,
  /^AWS::Lambda::(Alias|EventInvokeConfig|LayerVersion|Permission|Version)$/,
  /^AWS::CodeDeploy::/, // Free for Lambda.
  /^AWS::EC2::(FlowLog|InternetGateway|NetworkAcl\w*|Route|RouteTable|SecurityGroup\w*|Subnet\w*|VPC|VPCGatewayAttachment)$/,
  /^AWS::S3::BucketPolicy$/,
  /^AWS::S3Tables::(Namespace|Table|TablePolicy|TableBucketPolicy)$/,
  /^AWS::(SNS::TopicPolicy|SNS::TopicInlinePolicy|SQS::QueuePolicy|SNS::Subscription)$/,
  /^AWS::Events::(Rule|EventBus|EventBusPolicy)$/,
  /^AWS::KMS::Alias$/,
  /^AWS::SecretsManager::(ResourcePolicy|RotationSchedule|SecretTargetAttachment)$/,
  /^AWS::RDS::(DBSubnetGroup|DBClusterParameterGroup|DBParameterGroup|DBProxyTargetGroup|DBProxyEndpoint)$/,
  /^AWS::CE::Anomaly(Monitor|Subscription)$/,
  /^AWS::Logs::(MetricFilter|QueryDefinition|ResourcePolicy|SubscriptionFilter)$/,
  /^AWS::Scheduler::ScheduleGroup$/,
  /^AWS::Athena::NamedQuery$/,
  /^AWS::Glue::(Database|Table)$/, // Objects of the catalogue are free up to a million; requests are priced by use.
  /^AWS::LakeFormation::/,
  /^AWS::StepFunctions::StateMachine(Alias|Version)$/,
  /^AWS::SSM::Parameter$/,
  /^AWS::XRay::(Group|SamplingRule|ResourcePolicy|TransactionSearchConfig)$/,
  /^AWS::ResourceGroups::Group$/,
  /^AWS::CDK::Metadata$/,
  /^Custom::|^AWS::CloudFormation::/, // Run on deployments only, for seconds.
];

/** Types that cost by what runs and lands: bin/cost/usage.ts prices them. */
const BY_USE = new Set([
  "AWS::Athena::WorkGroup",
  "AWS::DynamoDB::GlobalTable",
  "AWS::DynamoDB::Table",
  "AWS::ECS::Cluster",
  "AWS::ECS::TaskDefinition",
  "AWS::ECR::Repository",
  "AWS::Events::Archive",
  "AWS::Lambda::Function",
  "AWS::Logs::LogGroup",
  "AWS::S3::Bucket",
  "AWS::S3Tables::TableBucket",
  "AWS::SNS::Topic",
  "AWS::SQS::Queue",
  "AWS::StepFunctions::StateMachine",
]);

type Priced = readonly (readonly [PriceId, number])[];
interface Context {
  readonly resources: readonly Resource[];
  readonly workload: Workload;
}
type Pricer = (properties: Resource["properties"], context: Context) => Priced;

const INSTANCE_HOURS: Readonly<Record<string, PriceId>> = {
  "db.t3.large": "postgresT3Large",
  "db.t4g.small": "postgresT4gSmall",
};

/** Types that cost because they exist: what of which price one resource is. */
const FIXED: Readonly<Record<string, Pricer>> = {
  "AWS::CloudWatch::Alarm": ({ Metrics, ThresholdMetricId }) => [
    ThresholdMetricId === undefined ? ["alarm", alarmMetrics(Metrics)] : ["anomalyAlarm", 1],
  ],
  "AWS::CloudWatch::CompositeAlarm": () => [["compositeAlarm", 1]],
  "AWS::CloudWatch::Dashboard": () => [["dashboard", 1]],
  "AWS::KMS::Key": () => [["key", 1]],
  "AWS::SecretsManager::Secret": () => [["secret", 1]],
  "AWS::EC2::VPCEndpoint": ({ VpcEndpointType, SubnetIds }) =>
    VpcEndpointType === "Interface" ? [["endpoint", listOf(SubnetIds).length * HOURS]] : [],
  "AWS::EC2::NatGateway": () => [["nat", HOURS]],
  "AWS::EC2::EIP": () => [["publicAddress", HOURS]],
  "AWS::ElasticLoadBalancingV2::LoadBalancer": () => [["loadBalancer", HOURS]],
  "AWS::Scheduler::Schedule": (properties) => [["scheduleTick", ticksOf(properties)]],
  "AWS::Glue::TableOptimizer": () => [["glueOptimizer", 1]],
  "AWS::RDS::DBCluster": (properties, { workload: { shared } }) => [
    ["auroraStorage", shared.relationalGb],
    ["auroraIo", shared.relationalIo],
    ["aurora", acuOf(properties, shared.relationalAcu) * HOURS],
  ],
  "AWS::RDS::DBInstance": ({ DBInstanceClass, AllocatedStorage, MultiAZ, ManageMasterUserPassword }) => {
    // A serverless instance is billed by the capacity of its cluster.
    if (DBInstanceClass === "db.serverless") return [];
    const hour = INSTANCE_HOURS[String(DBInstanceClass)];
    if (hour === undefined) throw new Error(`The class ${String(DBInstanceClass)} has no price here.`);
    // A standby in another zone is billed like the instance itself, and so is its disk.
    const instances = MultiAZ === true ? 2 : 1;
    return [
      [hour, instances * HOURS],
      ["postgresDisk", instances * numberIn(AllocatedStorage, 20)],
      ...(ManageMasterUserPassword === true ? [["secret", 1] as const] : []),
    ];
  },
  // With Aurora Serverless v2 behind it, a proxy costs as much as for 8 ACU at least; the instances here have 2 vCPUs.
  "AWS::RDS::DBProxy": (_, { resources }) =>
    ofType(resources, "AWS::RDS::DBCluster").length > 0 ? [["proxyAcu", 8 * HOURS]] : [["proxyCpu", 2 * HOURS]],
};

/** What is paid for existing, and a warning for everything that neither has a price nor is known to have none. */
export function priceResources(context: Context): {
  readonly lines: readonly Line[];
  readonly warnings: readonly string[];
} {
  const lines: Line[] = [];
  const warnings: string[] = [];
  for (const { type, id, domain, properties } of context.resources) {
    const pricer = FIXED[type];
    if (pricer === undefined) {
      if (!BY_USE.has(type) && !FREE.some((free) => free.test(type)))
        warnings.push(`${type} (${id}) has no price: add it to bin/cost/resources.ts.`);
      continue;
    }
    try {
      for (const [price, quantity] of pricer(properties, context))
        lines.push({ domain, what: whatOf(type, properties), price, quantity, kind: "fixed" });
    } catch (error) {
      warnings.push(`${type} (${id}) has no price: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return { lines, warnings };
}

/** Monthly ticks of a schedule, as an average over a year; 0 when it is off. */
export function ticksOf({ State, ScheduleExpression, ScheduleExpressionTimezone }: Resource["properties"]): number {
  if (State === "DISABLED" || typeof ScheduleExpression !== "string") return 0;
  const zone = typeof ScheduleExpressionTimezone === "string" ? ScheduleExpressionTimezone : "UTC";
  const key = `${ScheduleExpression} ${zone}`;
  const counted = COUNTED_TICKS.get(key) ?? countTicks(ScheduleExpression, zone);
  COUNTED_TICKS.set(key, counted);
  return counted;
}

/** A year of ticks takes a tenth of a second to walk through, and break-even asks for many bills. */
const COUNTED_TICKS = new Map<string, number>();

function countTicks(expression: string, zone: string): number {
  const from = new Date("2026-01-01T00:00:00Z");
  const until = new Date(from.getTime() + 365 * 86_400_000 - 1);
  return ticksBetween(parseSchedule(expression, zone, from), from, until, Infinity).length / 12;
}

/** An alarm on an expression is billed by the metrics that the expression reads. */
const alarmMetrics = (metrics: unknown): number =>
  Math.max(1, listOf(metrics).filter((metric) => memberOf(metric, "MetricStat") !== undefined).length);

const acuOf = (properties: Resource["properties"], average: number): number =>
  numberIn(memberOf(properties["ServerlessV2ScalingConfiguration"], "MinCapacity"), 0) + average;

const whatOf = (type: string, properties: Resource["properties"]): string => {
  if (type === "AWS::EC2::VPCEndpoint") return `endpoint ${endpointName(properties["ServiceName"])}`;
  const one = (type.split("::").at(-1) ?? type).replaceAll(/\B([A-Z])(?=[a-z])/g, " $1").toLowerCase();
  return `${one.replace(/(?<=[^aeiou])y$/, "ie")}s`;
};

/** `com.amazonaws.us-east-1.ecr.dkr` is `ecr.dkr`; the region may be a reference. */
export const endpointName = (service: unknown): string => {
  const joined = listOf(memberOf(service, "Fn::Join"))[1];
  const text = typeof service === "string" ? service : String(listOf(joined).at(-1) ?? "");
  return text.replace(/^com\.amazonaws\.[a-z0-9-]+\.|^\./, "");
};
