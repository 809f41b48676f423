import { EVENT_SOURCE } from "../../core/model/events.ts";
import type { OriginDeclarations } from "../../core/model/origins.ts";
import type { ObjectAccess, Pipeline, TaskDeclaration } from "../../core/model/pipeline.ts";
import type { Choices, Grant, Resource } from "./grant.ts";
import { keyGrants } from "./grants-key.ts";
import { originGrants, withOriginSecrets } from "./grants-origin.ts";
import { athenaGrants, lakeGrants } from "./grants-lake.ts";

export { ACTIONS } from "./grant.ts";

/** Every permission of a task in one environment, derived from its declaration and from nothing else. */
export const grantsOf = (domain: string, task: TaskDeclaration, { lake, dbt, encryption, origins }: Choices): Grant[] =>
  everyGrant(domain, withOriginSecrets(task, origins), origins).filter(
    ({ only = {} }) =>
      (only.lake ?? lake) === lake && (only.dbt ?? dbt) === dbt && (only.encryption ?? encryption) === encryption,
  );

/** In any environment: what depends on its choices says so. */
function everyGrant(domain: string, task: TaskDeclaration, origins: OriginDeclarations): Grant[] {
  const { reads = [], writes = [], secrets = [], lake = {}, publishes, compute, warehouse = false } = task;
  return [
    ...reads.map((access) => objects("read objects", access)),
    ...writes.map((access) => objects("write objects", access)),
    ...listings([...reads, ...writes]),
    ...ledger(task.ledger),
    ...(publishes === undefined ? [] : [publishing(publishes)]),
    ...secrets.map((role): Grant => ({ can: "read secret", resource: { kind: "secret", role } })),
    ...originGrants(task.origins ?? [], origins),
    ...lakeGrants(lake.reads ?? [], lake.writes ?? []),
    ...(warehouse ? athenaGrants(lake.reads ?? [], lake.writes ?? []) : []),
    ...starting(task.starts),
    ...answeringFor(task.answersFor),
    ...keyGrants(task),
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

function starting(starts: TaskDeclaration["starts"] = []): readonly Grant[] {
  if (starts === "every")
    throw new Error("Whom it starts is not resolved: take the task from state-machines/index.ts.");
  return starts.flatMap((domain): Grant[] => [
    { can: "start runs", resource: { kind: "machine", domain } },
    { can: "follow runs", resource: { kind: "runs", domain } },
  ]);
}

function answeringFor(domains: TaskDeclaration["answersFor"] = []): readonly Grant[] {
  if (domains === "every")
    throw new Error("For whom it answers is not resolved: take the task from state-machines/index.ts.");
  if (domains.length === 0) return [];
  return [
    { can: "see containers", resource: { kind: "containers" } },
    ...domains.map((domain): Grant => ({ can: "answer for containers", resource: { kind: "machine", domain } })),
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
export const grantTable = (pipelines: readonly Pipeline[], origins: OriginDeclarations): readonly GrantRow[] =>
  pipelines.flatMap(({ domain, tasks }) =>
    Object.entries(tasks).flatMap(([name, task]) =>
      everyGrant(domain, withOriginSecrets(task, origins), origins).map(
        ({ can, resource, conditions = {}, via = [], only = {} }) => ({
          task: `${domain}.${name}`,
          can,
          resource: resourceText(resource),
          where: [
            ...Object.values(conditions).flatMap((keys) =>
              Object.entries(keys).map(([key, values]) => `${key} = ${values.join(" | ")}`),
            ),
            ...(via.length === 0 ? [] : [`via ${via.join(" | ")}`]),
            ...Object.entries(only).map(([choice, value]) => `if ${choice} is ${value}`),
          ].join(", "),
        }),
      ),
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
    case "foreign":
      return resource.arn;
    case "machine":
    case "runs":
      return resource.domain;
    case "databases":
      return `${resource.federated ? "table-bucket databases" : "databases"} ${resource.namespaces.join(" | ")}`;
    case "ledger":
    case "bus":
    case "table-bucket":
    case "tables":
    case "workgroup":
    case "key":
    case "containers":
      return resource.kind;
  }
}
