import type { BucketRole, Pipeline, TaskDeclaration } from "../../core/model/pipeline.ts";
import { EVENT_SOURCE } from "../../core/model/events.ts";

/**
 * Every permission of a task, derived from its declaration and from nothing else. Pure: resources are named by
 * role (`bucket:landing/sources/*`); `arns.ts` turns them into ARNs of one environment.
 */
export interface Grant {
  readonly actions: readonly string[];
  readonly resource: Resource;
  readonly conditions?: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
}

export type Resource =
  | { readonly kind: "objects"; readonly bucket: BucketRole; readonly prefix: string }
  | { readonly kind: "bucket"; readonly bucket: BucketRole }
  | { readonly kind: "ledger" }
  | { readonly kind: "bus" }
  | { readonly kind: "secret"; readonly role: string }
  | { readonly kind: "table-bucket" }
  | { readonly kind: "tables" }
  | { readonly kind: "machine"; readonly domain: string };

const READ_OBJECTS = ["s3:GetObject", "s3:GetObjectVersion"];
/** A create-only put answers with the head of what is already there, hence the read. */
const WRITE_OBJECTS = ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"];
const READ_ITEMS = ["dynamodb:GetItem", "dynamodb:Query"];
const WRITE_ITEMS = [
  "dynamodb:ConditionCheckItem",
  "dynamodb:DeleteItem",
  "dynamodb:GetItem",
  "dynamodb:PutItem",
  "dynamodb:Query",
  "dynamodb:UpdateItem",
];
const READ_TABLES = ["s3tables:GetTable", "s3tables:GetTableData", "s3tables:GetTableMetadataLocation"];
const WRITE_TABLES = [
  "s3tables:CreateTable",
  "s3tables:DeleteTable",
  "s3tables:PutTableData",
  "s3tables:RenameTable",
  "s3tables:UpdateTableMetadataLocation",
];

export function grantsOf(domain: string, task: TaskDeclaration): Grant[] {
  return [
    ...(task.reads ?? []).flatMap(({ bucket, prefix }) => [
      objects(READ_OBJECTS, bucket, prefix),
      listing(bucket, prefix),
    ]),
    ...(task.writes ?? []).map(({ bucket, prefix }) => objects(WRITE_OBJECTS, bucket, prefix)),
    ledger(task.ledger),
    ...(task.publishes === undefined ? [] : [publishing(task.publishes)]),
    ...(task.secrets ?? []).map((role): Grant => ({
      actions: ["secretsmanager:GetSecretValue"],
      resource: { kind: "secret", role },
    })),
    ...lake(task.lake?.reads ?? [], task.lake?.writes ?? []),
    ...(task.compute.kind === "fargate" ? [answering(domain)] : []),
  ];
}

const objects = (actions: readonly string[], bucket: BucketRole, prefix: string): Grant => ({
  actions,
  resource: { kind: "objects", bucket, prefix },
});

/** Without it S3 answers 403 for an object that is not there, and a missing object would look like a broken grant. */
const listing = (bucket: BucketRole, prefix: string): Grant => ({
  actions: ["s3:ListBucket"],
  resource: { kind: "bucket", bucket },
  ...(prefix === "" ? {} : { conditions: { StringLike: { "s3:prefix": [`${prefix}*`] } } }),
});

/** Every task puts its own steps on record; what else it may touch in the ledger is declared. */
function ledger(access: "read" | "write" | undefined): Grant {
  if (access === "write") return { actions: WRITE_ITEMS, resource: { kind: "ledger" } };
  const records: Grant = {
    actions: ["dynamodb:GetItem", "dynamodb:PutItem"],
    resource: { kind: "ledger" },
    conditions: { "ForAllValues:StringLike": { "dynamodb:LeadingKeys": ["run", "run#*"] } },
  };
  return access === undefined
    ? records
    : { actions: [...READ_ITEMS, "dynamodb:PutItem"], resource: { kind: "ledger" } };
}

const publishing = (types: readonly string[]): Grant => ({
  actions: ["events:PutEvents"],
  resource: { kind: "bus" },
  conditions: { StringEquals: { "events:source": [EVENT_SOURCE], "events:detail-type": types } },
});

/** Table ARNs hold a generated id, so a namespace is granted by condition. */
function lake(reads: readonly string[], writes: readonly string[]): Grant[] {
  const all = [...new Set([...reads, ...writes])];
  if (all.length === 0) return [];
  const inNamespaces = (namespaces: readonly string[]) => ({
    conditions: { StringEquals: { "s3tables:namespace": namespaces } },
  });
  return [
    {
      actions: ["s3tables:GetNamespace", "s3tables:GetTableBucket", "s3tables:ListNamespaces", "s3tables:ListTables"],
      resource: { kind: "table-bucket" },
    },
    { actions: READ_TABLES, resource: { kind: "tables" }, ...inNamespaces(all) },
    ...(writes.length === 0
      ? []
      : [
          {
            actions: ["s3tables:CreateNamespace"],
            resource: { kind: "table-bucket" },
            ...inNamespaces(writes),
          } as const,
          { actions: WRITE_TABLES, resource: { kind: "tables" }, ...inNamespaces(writes) } as const,
        ]),
  ];
}

const answering = (domain: string): Grant => ({
  actions: ["states:SendTaskFailure", "states:SendTaskHeartbeat", "states:SendTaskSuccess"],
  resource: { kind: "machine", domain },
});

/** One row a grant, sorted: the table that people review. Columns: task, actions, resource, condition. */
export function grantTable(pipelines: readonly Pipeline[]): readonly (readonly [string, string, string, string])[] {
  return pipelines
    .flatMap(({ domain, tasks }) =>
      Object.entries(tasks).flatMap(([name, task]) =>
        grantsOf(domain, task).map(
          (grant) =>
            [`${domain}.${name}`, grant.actions.join(" "), resourceText(grant.resource), conditionText(grant)] as const,
        ),
      ),
    )
    .sort((a, b) => (a.join("\t") < b.join("\t") ? -1 : 1));
}

function resourceText(resource: Resource): string {
  switch (resource.kind) {
    case "objects":
      return `bucket:${resource.bucket}/${resource.prefix}*`;
    case "bucket":
      return `bucket:${resource.bucket}`;
    case "secret":
      return `secret:${resource.role}`;
    case "machine":
      return `machine:${resource.domain}`;
    case "ledger":
    case "bus":
    case "table-bucket":
    case "tables":
      return resource.kind;
  }
}

const conditionText = ({ conditions = {} }: Grant): string =>
  Object.values(conditions)
    .flatMap((keys) => Object.entries(keys).map(([key, values]) => `${key} in ${values.join(",")}`))
    .join("; ");
