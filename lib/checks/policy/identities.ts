/** Where the templates are imagined to be deployed: AWS's own example account. */
export const ACCOUNT = "111122223333";
export const REGION = "us-east-1";

interface Identity {
  /** Property with the physical name; where it is absent CloudFormation makes one up, and so do we. */
  readonly name?: string;
  readonly arn: (name: string) => string;
  /** `Ref` gives the ARN; for most types it gives the name. */
  readonly refIsArn?: true;
}

const regional =
  (service: string, kind: string, separator = "/") =>
  (name: string): string =>
    `arn:aws:${service}:${REGION}:${ACCOUNT}:${kind}${separator}${name}`;

/** What the ARN of a resource looks like, for the types that policies refer to. */
const IDENTITIES: Readonly<Record<string, Identity>> = {
  "AWS::Athena::WorkGroup": { name: "Name", arn: regional("athena", "workgroup") },
  "AWS::CloudWatch::Alarm": { name: "AlarmName", arn: regional("cloudwatch", "alarm", ":") },
  "AWS::CloudWatch::CompositeAlarm": { name: "AlarmName", arn: regional("cloudwatch", "alarm", ":") },
  "AWS::DynamoDB::GlobalTable": { name: "TableName", arn: regional("dynamodb", "table") },
  "AWS::ECR::Repository": { name: "RepositoryName", arn: regional("ecr", "repository") },
  "AWS::ECS::Cluster": { name: "ClusterName", arn: regional("ecs", "cluster") },
  "AWS::ECS::TaskDefinition": {
    name: "Family",
    arn: (name) => regional("ecs", "task-definition")(`${name}:1`),
    refIsArn: true,
  },
  "AWS::Events::EventBus": { name: "Name", arn: regional("events", "event-bus") },
  "AWS::Events::Rule": { name: "Name", arn: regional("events", "rule") },
  "AWS::Glue::Database": { name: "Name", arn: regional("glue", "database") },
  "AWS::IAM::ManagedPolicy": {
    name: "ManagedPolicyName",
    arn: (name) => `arn:aws:iam::${ACCOUNT}:policy/${name}`,
    refIsArn: true,
  },
  "AWS::IAM::Role": { name: "RoleName", arn: (name) => `arn:aws:iam::${ACCOUNT}:role/${name}` },
  "AWS::KMS::Key": { arn: regional("kms", "key") },
  "AWS::Lambda::Alias": { arn: (name) => name, refIsArn: true },
  "AWS::Lambda::Function": { name: "FunctionName", arn: regional("lambda", "function", ":") },
  "AWS::Lambda::LayerVersion": {
    name: "LayerName",
    arn: (name) => regional("lambda", "layer", ":")(`${name}:1`),
    refIsArn: true,
  },
  // Only the ARN of a log group ends so: that is where its streams are.
  "AWS::Logs::LogGroup": { name: "LogGroupName", arn: (name) => regional("logs", "log-group", ":")(`${name}:*`) },
  "AWS::RDS::DBCluster": { name: "DBClusterIdentifier", arn: regional("rds", "cluster", ":") },
  "AWS::RDS::DBInstance": { name: "DBInstanceIdentifier", arn: regional("rds", "db", ":") },
  "AWS::RDS::DBProxy": { name: "DBProxyName", arn: (name) => regional("rds", "db-proxy", ":")(`prx-${name}`) },
  "AWS::S3::Bucket": { name: "BucketName", arn: (name) => `arn:aws:s3:::${name}` },
  "AWS::S3Tables::TableBucket": { name: "TableBucketName", arn: regional("s3tables", "bucket"), refIsArn: true },
  "AWS::SNS::Topic": { name: "TopicName", arn: (name) => `arn:aws:sns:${REGION}:${ACCOUNT}:${name}`, refIsArn: true },
  "AWS::SQS::Queue": { name: "QueueName", arn: (name) => `arn:aws:sqs:${REGION}:${ACCOUNT}:${name}` },
  "AWS::Scheduler::Schedule": { name: "Name", arn: (name) => regional("scheduler", "schedule")(`default/${name}`) },
  "AWS::Scheduler::ScheduleGroup": { name: "Name", arn: regional("scheduler", "schedule-group") },
  // Secrets Manager appends six random characters to every name.
  "AWS::SecretsManager::Secret": {
    name: "Name",
    arn: (name) => regional("secretsmanager", "secret", ":")(`${name}-a1B2c3`),
    refIsArn: true,
  },
  "AWS::StepFunctions::StateMachine": {
    name: "StateMachineName",
    arn: regional("states", "stateMachine", ":"),
    refIsArn: true,
  },
};

const identityOf = (type: string): Identity => {
  const identity = IDENTITIES[type];
  if (identity === undefined)
    throw new Error(`A policy refers to the ARN of ${type}: say in lib/checks/policy/identities.ts how it looks.`);
  return identity;
};

export interface Declared {
  readonly type: string;
  readonly stack: string;
  readonly logicalId: string;
  /** With every intrinsic function resolved. */
  readonly property: (name: string) => unknown;
}

/** The physical name, or one that is as unique as the one that CloudFormation would make up. */
export function nameOf({ type, stack, logicalId, property }: Declared): string {
  const name = IDENTITIES[type]?.name;
  const given = name === undefined ? undefined : property(name);
  return typeof given === "string" ? given : `${stack}-${logicalId}`;
}

export function arnOf(resource: Declared): string {
  if (resource.type === "AWS::Lambda::Alias")
    return `${functionArn(String(resource.property("FunctionName")))}:${String(resource.property("Name"))}`;
  if (resource.type === "AWS::Events::Rule") {
    const bus = resource.property("EventBusName");
    return identityOf(resource.type).arn(`${typeof bus === "string" ? `${bus}/` : ""}${nameOf(resource)}`);
  }
  return identityOf(resource.type).arn(nameOf(resource));
}

const functionArn = (nameOrArn: string): string =>
  nameOrArn.startsWith("arn:") ? nameOrArn : regional("lambda", "function", ":")(nameOrArn);

export const refOf = (resource: Declared): string =>
  IDENTITIES[resource.type]?.refIsArn === true ? arnOf(resource) : nameOf(resource);

/** Attributes that are no ARN are replaced by a word: policies only pass them on. */
export const attributeOf = (resource: Declared, attribute: string): string =>
  /arn$/i.test(attribute) ? arnOf(resource) : `${nameOf(resource)}.${attribute}`;
