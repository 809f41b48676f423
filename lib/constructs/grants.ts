import { EVENT_SOURCE } from "../../core/model/events.ts";
import type { BucketRole, ObjectAccess, Pipeline, TaskDeclaration } from "../../core/model/pipeline.ts";

/** What a task can be allowed, in words, and what that is in IAM. No action is a wildcard. */
export const ACTIONS = {
  "read objects": ["s3:GetObject", "s3:GetObjectVersion"],
  // Without it S3 answers 403 for an object that is not there, and a missing object would look like a broken grant.
  "list objects": ["s3:ListBucket"],
  // A create-only put answers with the head of what is already there, hence the read.
  "write objects": ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"],
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
  "read secret": ["secretsmanager:GetSecretValue"],
  "see tables": ["s3tables:GetNamespace", "s3tables:GetTableBucket", "s3tables:ListNamespaces", "s3tables:ListTables"],
  "read tables": ["s3tables:GetTable", "s3tables:GetTableData", "s3tables:GetTableMetadataLocation"],
  "create namespaces": ["s3tables:CreateNamespace"],
  "create tables": ["s3tables:CreateTable"],
  "write tables": [
    "s3tables:DeleteTable",
    "s3tables:PutTableData",
    "s3tables:RenameTable",
    "s3tables:UpdateTableMetadataLocation",
  ],
  "answer its machine": ["states:SendTaskFailure", "states:SendTaskHeartbeat", "states:SendTaskSuccess"],
} as const satisfies Readonly<Record<string, readonly string[]>>;

/** Named by role (`bucket:landing`); `arns.ts` turns it into the ARN of one environment. */
export type Resource =
  | { readonly kind: "objects"; readonly bucket: BucketRole; readonly prefix: string }
  | { readonly kind: "bucket"; readonly bucket: BucketRole }
  | { readonly kind: "ledger" }
  | { readonly kind: "bus" }
  | { readonly kind: "secret"; readonly role: string }
  | { readonly kind: "table-bucket" }
  | { readonly kind: "tables" }
  | { readonly kind: "machine"; readonly domain: string };

export interface Grant {
  readonly can: keyof typeof ACTIONS;
  readonly resource: Resource;
  /** IAM conditions: operator, key, values. */
  readonly conditions?: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
}

/** Every permission of a task, derived from its declaration and from nothing else. */
export function grantsOf(domain: string, task: TaskDeclaration): Grant[] {
  const { reads = [], writes = [], secrets = [], lake, publishes, compute } = task;
  return [
    ...reads.map((access) => objects("read objects", access)),
    ...writes.map((access) => objects("write objects", access)),
    ...listings([...reads, ...writes]),
    ...ledger(task.ledger),
    ...(publishes === undefined ? [] : [publishing(publishes)]),
    ...secrets.map((role): Grant => ({ can: "read secret", resource: { kind: "secret", role } })),
    ...tables(lake?.reads ?? [], lake?.writes ?? []),
    ...(compute.kind === "fargate" ? [answering(domain)] : []),
  ];
}

const objects = (can: Grant["can"], { bucket, prefix }: ObjectAccess): Grant => ({
  can,
  resource: { kind: "objects", bucket, prefix },
});

function listings(accesses: readonly ObjectAccess[]): readonly Grant[] {
  const byBucket = Map.groupBy(accesses, ({ bucket }) => bucket);
  return [...byBucket].map(([bucket, own]) => ({
    can: "list objects",
    resource: { kind: "bucket", bucket },
    conditions: { StringLike: { "s3:prefix": [...new Set(own.map(({ prefix }) => `${prefix}*`))] } },
  }));
}

/** Every task puts its own steps on record; what else it may touch in the ledger is declared. */
function ledger(access: "read" | "write" | undefined): readonly Grant[] {
  const resource: Resource = { kind: "ledger" };
  if (access === "write") return [{ can: "write items", resource }];
  const records: Grant = {
    can: "record own steps",
    resource,
    conditions: { "ForAllValues:StringLike": { "dynamodb:LeadingKeys": ["run", "run#*"] } },
  };
  return access === undefined ? [records] : [records, { can: "read items", resource }];
}

const publishing = (types: readonly string[]): Grant => ({
  can: "publish events",
  resource: { kind: "bus" },
  conditions: { StringEquals: { "events:source": [EVENT_SOURCE], "events:detail-type": types } },
});

/** ARNs of tables hold a generated id, so a namespace is granted by condition. */
function tables(reads: readonly string[], writes: readonly string[]): readonly Grant[] {
  const all = [...new Set([...reads, ...writes])];
  if (all.length === 0) return [];
  const within = (namespaces: readonly string[]) => ({ StringEquals: { "s3tables:namespace": namespaces } });
  const reading: readonly Grant[] = [
    { can: "see tables", resource: { kind: "table-bucket" } },
    { can: "read tables", resource: { kind: "tables" }, conditions: within(all) },
  ];
  if (writes.length === 0) return reading;
  return [
    ...reading,
    // AWS sends no namespace with it; an empty namespace holds nothing and hides nothing.
    { can: "create namespaces", resource: { kind: "table-bucket" } },
    // A table that is not there yet has no ARN, so AWS authorises this on the bucket.
    { can: "create tables", resource: { kind: "table-bucket" }, conditions: within(writes) },
    { can: "write tables", resource: { kind: "tables" }, conditions: within(writes) },
  ];
}

const answering = (domain: string): Grant => ({ can: "answer its machine", resource: { kind: "machine", domain } });

export interface GrantRow {
  /** `openedx.CommitRows` */
  readonly task: string;
  readonly can: string;
  readonly resource: string;
  /** What narrows it further; empty = nothing. */
  readonly where: string;
}

/** One row a grant, in the order of the declarations: the table that people review. */
export const grantTable = (pipelines: readonly Pipeline[]): readonly GrantRow[] =>
  pipelines.flatMap(({ domain, tasks }) =>
    Object.entries(tasks).flatMap(([name, task]) =>
      grantsOf(domain, task).map(({ can, resource, conditions = {} }) => ({
        task: `${domain}.${name}`,
        can,
        resource: resourceText(resource),
        where: Object.values(conditions)
          .flatMap((keys) => Object.entries(keys).map(([key, values]) => `${key} = ${values.join(" | ")}`))
          .join(", "),
      })),
    ),
  );

function resourceText(resource: Resource): string {
  switch (resource.kind) {
    case "objects":
      return `${resource.bucket}/${resource.prefix}*`;
    case "bucket":
      return resource.bucket;
    case "secret":
      return resource.role;
    case "machine":
      return resource.domain;
    case "ledger":
    case "bus":
    case "table-bucket":
    case "tables":
      return resource.kind;
  }
}
