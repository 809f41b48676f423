import type { BucketRole } from "../../core/model/pipeline.ts";
import type { EnvironmentProps } from "../environment.ts";

/** What a task can be allowed, in words, and what that is in IAM. No action is a wildcard. */
export const ACTIONS = {
  "read objects": ["s3:GetObject", "s3:GetObjectVersion"],
  // Without it S3 answers 403 for an object that is not there, and a missing object would look like a broken grant.
  "list objects": ["s3:ListBucket"],
  // A create-only put answers with the head of what is already there, hence the read.
  "write objects": ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"],
  "delete objects": ["s3:DeleteObject"],
  "record own steps": ["dynamodb:GetItem", "dynamodb:PutItem"],
  "read items": ["dynamodb:GetItem", "dynamodb:Query"],
  "write items": [
    "dynamodb:ConditionCheckItem",
    "dynamodb:DeleteItem",
    "dynamodb:GetItem",
    "dynamodb:PutItem",
    "dynamodb:Query",
    "dynamodb:UpdateItem",
  ],
  "publish events": ["events:PutEvents"],
  "assume role": ["sts:AssumeRole"],
  "read secret": ["secretsmanager:GetSecretValue"],
  "see tables": ["s3tables:GetNamespace", "s3tables:GetTableBucket", "s3tables:ListNamespaces", "s3tables:ListTables"],
  "read tables": ["s3tables:GetTable", "s3tables:GetTableData", "s3tables:GetTableMetadataLocation"],
  "create tables": ["s3tables:CreateTable"],
  "write tables": [
    "s3tables:DeleteTable",
    "s3tables:PutTableData",
    "s3tables:RenameTable",
    "s3tables:UpdateTableMetadataLocation",
  ],
  "read databases": ["glue:GetCatalog", "glue:GetDatabase", "glue:GetDatabases", "glue:GetTable", "glue:GetTables"],
  "write databases": ["glue:CreateTable", "glue:DeleteTable", "glue:UpdateTable"],
  "run queries": [
    "athena:GetQueryExecution",
    "athena:GetQueryResults",
    "athena:GetWorkGroup",
    "athena:StartQueryExecution",
    "athena:StopQueryExecution",
  ],
  "keep query results": ["s3:AbortMultipartUpload", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject"],
  "find query results": ["s3:GetBucketLocation", "s3:ListBucketMultipartUploads"],
  decrypt: ["kms:Decrypt"],
  // A multipart upload decrypts the key of its first part.
  encrypt: ["kms:Decrypt", "kms:GenerateDataKey"],
  // What DynamoDB asks of whoever uses a table under a key of the customer.
  "encrypt items": [
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
  ],
  "start runs": ["states:StartExecution"],
  "follow runs": ["states:DescribeExecution", "states:RedriveExecution", "states:StopExecution"],
  "see containers": ["ecs:DescribeTasks"],
  "answer for containers": ["states:SendTaskFailure"],
  "answer its machine": ["states:SendTaskFailure", "states:SendTaskHeartbeat", "states:SendTaskSuccess"],
} as const satisfies Readonly<Record<string, readonly string[]>>;

/** Named by role (`bucket:landing`); `arns.ts` turns it into the ARNs of one environment. */
export type Resource =
  | { readonly kind: "objects"; readonly bucket: BucketRole; readonly prefix: string }
  | { readonly kind: "bucket"; readonly bucket: BucketRole }
  | { readonly kind: "ledger" }
  | { readonly kind: "bus" }
  | { readonly kind: "secret"; readonly role: string }
  /** Of an origin: a role or a bucket of somebody else's. */
  | { readonly kind: "foreign"; readonly arn: string }
  | { readonly kind: "table-bucket" }
  | { readonly kind: "tables" }
  /** Databases of Glue's catalogue; `federated` ones are the namespaces of the table bucket as Athena sees them. */
  | { readonly kind: "databases"; readonly namespaces: readonly string[]; readonly federated: boolean }
  | { readonly kind: "workgroup" }
  | { readonly kind: "key" }
  | { readonly kind: "machine"; readonly domain: string }
  /** Containers of the environment's cluster, running or stopped. */
  | { readonly kind: "containers" }
  /** Executions of the domain's machine. */
  | { readonly kind: "runs"; readonly domain: string };

/** What decides whether a grant is in the template of an environment. */
export type Choices = Pick<EnvironmentProps, "lake" | "dbt" | "encryption" | "origins">;

export interface Grant {
  readonly can: keyof typeof ACTIONS;
  readonly resource: Resource;
  /** IAM conditions: operator, key, values. */
  readonly conditions?: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
  /** Services that alone may use the key on the task's behalf, for example `s3`. */
  readonly via?: readonly string[];
  /** Given only where the environment has chosen so; absent = everywhere. */
  readonly only?: Partial<Omit<Choices, "origins">>;
}
