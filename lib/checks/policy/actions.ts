/** What AWS authorises an action on, and which condition keys of the service it then knows. */
export interface Action {
  /** Kinds of ARN without `arn:aws:`; `*` stays within a path segment, `**` does not. None = only `*` is accepted. */
  readonly on: readonly string[];
  /** Condition keys besides the global `aws:…` ones. A condition on any other key is never met. */
  readonly keys: readonly string[];
}

const OBJECT = "s3:::*/**";
const BUCKET = "s3:::*";
const TABLE = "dynamodb:*:*:table/*";
const TABLE_BUCKET = "s3tables:*:*:bucket/*";
const LAKE_TABLE = "s3tables:*:*:bucket/*/table/*";
const KEY = "kms:*:*:key/*";
const ROLE = "iam::*:role/**";
const MACHINE = "states:*:*:stateMachine:*";
const WORKGROUP = "athena:*:*:workgroup/*";
const CATALOG = ["glue:*:*:catalog", "glue:*:*:catalog/**", "glue:*:*:database/*", "glue:*:*:database/**"];
const GLUE_TABLE = [...CATALOG, "glue:*:*:table/*/*", "glue:*:*:table/**"];
const STREAM = "logs:*:*:log-group:**:log-stream:**";
const REPOSITORY = "ecr:*:*:repository/**";

const S3 = ["s3:TlsVersion", "s3:ResourceAccount"];
const ITEMS = ["dynamodb:LeadingKeys", "dynamodb:Attributes", "dynamodb:Select", "dynamodb:ReturnValues"];
const IN_NAMESPACE = ["s3tables:namespace", "s3tables:tableName"];
const KMS = ["kms:ViaService", "kms:CallerAccount", "kms:EncryptionContext:*", "kms:GrantIsForAWSResource"];

const all = (actions: string, on: readonly string[], keys: readonly string[] = []): Record<string, Action> =>
  Object.fromEntries(actions.split(" ").map((action) => [action, { on, keys }]));

/**
 * The actions that the templates use or must never allow, from the Service Authorization Reference
 * (https://docs.aws.amazon.com/service-authorization/latest/reference/). An action that is missing here is an error of
 * the checks, never an answer.
 */
export const AUTHORISED: Readonly<Record<string, Action>> = {
  ...all("s3:GetObject s3:GetObjectVersion s3:AbortMultipartUpload s3:ListMultipartUploadParts", [OBJECT], S3),
  ...all(
    "s3:PutObject s3:PutObjectRetention",
    [OBJECT],
    [...S3, "s3:if-none-match", "s3:x-amz-server-side-encryption"],
  ),
  ...all("s3:DeleteObject s3:DeleteObjectVersion s3:BypassGovernanceRetention", [OBJECT], S3),
  ...all("s3:ListBucket s3:ListBucketVersions", [BUCKET], [...S3, "s3:prefix", "s3:delimiter"]),
  ...all("s3:GetBucketLocation s3:ListBucketMultipartUploads s3:PutBucketPolicy s3:DeleteBucket", [BUCKET], S3),
  ...all(
    "dynamodb:GetItem dynamodb:PutItem dynamodb:Query dynamodb:UpdateItem dynamodb:DeleteItem dynamodb:ConditionCheckItem",
    [TABLE],
    ITEMS,
  ),
  ...all("dynamodb:Scan dynamodb:DeleteTable", [TABLE]),
  ...all("events:PutEvents", ["events:*:*:event-bus/*"], ["events:source", "events:detail-type"]),
  ...all(
    "secretsmanager:GetSecretValue secretsmanager:DescribeSecret secretsmanager:PutSecretValue",
    ["secretsmanager:*:*:secret:**"],
    ["secretsmanager:VersionStage"],
  ),
  ...all("s3tables:GetTableBucket s3tables:ListNamespaces s3tables:CreateNamespace", [TABLE_BUCKET]),
  ...all(
    "s3tables:GetNamespace s3tables:ListTables s3tables:CreateTable s3tables:DeleteNamespace",
    [TABLE_BUCKET],
    ["s3tables:namespace"],
  ),
  ...all(
    "s3tables:GetTable s3tables:GetTableData s3tables:GetTableMetadataLocation s3tables:DeleteTable " +
      "s3tables:PutTableData s3tables:RenameTable s3tables:UpdateTableMetadataLocation",
    [LAKE_TABLE],
    IN_NAMESPACE,
  ),
  ...all("glue:GetCatalog glue:GetDatabase glue:GetDatabases glue:CreateDatabase", CATALOG),
  ...all(
    "glue:GetTable glue:GetTables glue:CreateTable glue:UpdateTable glue:DeleteTable glue:GetTableVersion " +
      "glue:GetTableVersions glue:GetPartition glue:GetPartitions",
    GLUE_TABLE,
  ),
  ...all("lakeformation:GetDataAccess", []),
  ...all(
    "athena:StartQueryExecution athena:StopQueryExecution athena:GetQueryExecution athena:GetQueryResults " +
      "athena:GetWorkGroup athena:BatchGetQueryExecution",
    [WORKGROUP],
  ),
  ...all("athena:GetDataCatalog athena:ListDatabases athena:GetTableMetadata", ["athena:*:*:datacatalog/**"]),
  ...all("kms:Decrypt kms:Encrypt kms:DescribeKey kms:CreateGrant kms:ScheduleKeyDeletion", [KEY], KMS),
  ...all("kms:GenerateDataKey kms:GenerateDataKeyWithoutPlaintext kms:ReEncryptFrom kms:ReEncryptTo", [KEY], KMS),
  ...all("rds-db:connect", ["rds-db:*:*:dbuser:**"]),
  // The reference names no resource for these three; AWS authorises them on the machine of the token, as an error
  // message of AWS shows (https://github.com/NOAA-OWP/hydrovis/issues/837) and the CDK's own grants rely on.
  ...all("states:SendTaskSuccess states:SendTaskFailure states:SendTaskHeartbeat", [MACHINE]),
  ...all("states:StartExecution states:UpdateStateMachine states:DeleteStateMachine", [MACHINE]),
  ...all("states:DescribeExecution states:StopExecution states:RedriveExecution", ["states:*:*:execution:**"]),
  ...all("lambda:InvokeFunction lambda:UpdateFunctionCode lambda:UpdateAlias lambda:GetAlias", [
    "lambda:*:*:function:**",
  ]),
  ...all("lambda:GetProvisionedConcurrencyConfig", ["lambda:*:*:function:*:*"]),
  ...all("cloudwatch:DescribeAlarms", ["cloudwatch:*:*:alarm:*"]),
  ...all("ecs:RunTask", ["ecs:*:*:task-definition/**"], ["ecs:cluster", "ecs:capacity-provider"]),
  ...all("ecs:StopTask ecs:DescribeTasks", ["ecs:*:*:task/*/*", "ecs:*:*:task/*"], ["ecs:cluster"]),
  ...all("ecs:TagResource", ["ecs:*:*:task/*/*", "ecs:*:*:task/*", "ecs:*:*:task-definition/**"], ["ecs:CreateAction"]),
  ...all("iam:PassRole", [ROLE], ["iam:PassedToService", "iam:AssociatedResourceArn"]),
  ...all("iam:CreateRole iam:PutRolePolicy iam:AttachRolePolicy iam:UpdateAssumeRolePolicy sts:AssumeRole", [ROLE]),
  ...all("sqs:SendMessage sqs:ReceiveMessage sqs:DeleteMessage sqs:PurgeQueue", ["sqs:*:*:*"]),
  ...all("sns:Publish sns:Subscribe", ["sns:*:*:*"], ["sns:Protocol", "sns:Endpoint"]),
  ...all("logs:CreateLogStream logs:PutLogEvents", [STREAM]),
  ...all("logs:DescribeLogStreams logs:DeleteLogGroup", ["logs:*:*:log-group:**"]),
  ...all(
    "logs:CreateLogDelivery logs:GetLogDelivery logs:UpdateLogDelivery logs:DeleteLogDelivery logs:ListLogDeliveries " +
      "logs:PutResourcePolicy logs:DescribeResourcePolicies logs:DescribeLogGroups",
    [],
  ),
  ...all("xray:PutTraceSegments xray:PutTelemetryRecords xray:GetSamplingRules xray:GetSamplingTargets", []),
  ...all("cloudwatch:PutMetricData", [], ["cloudwatch:namespace"]),
  ...all("ecr:BatchCheckLayerAvailability ecr:BatchGetImage ecr:GetDownloadUrlForLayer", [REPOSITORY]),
  ...all("ecr:GetAuthorizationToken", []),
};

/** The action as AWS spells it; names are not case-sensitive in policies. */
export function authorised(action: string): Action {
  const found = AUTHORISED[action];
  if (found === undefined)
    throw new Error(`Say in lib/checks/policy/actions.ts what AWS authorises ${action} on, from its reference.`);
  return found;
}
