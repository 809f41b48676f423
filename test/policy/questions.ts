import { environmentOf } from "../../bin/environments.ts";
import type { OriginDeclarations } from "../../core/model/origins.ts";
import type { EnvironmentName, ObjectAccess, Pipeline, TaskDeclaration } from "../../core/model/pipeline.ts";
import { authorise, type Permissions, type Request } from "../../lib/checks/policy/authorise.ts";
import { ACCOUNT, REGION } from "../../lib/checks/policy/identities.ts";
import { roleOfTask } from "../../lib/checks/policy/principals.ts";
import { ACTIONS, type Choices } from "../../lib/constructs/grant.ts";
import { withOriginSecrets } from "../../lib/constructs/grants-origin.ts";
import { namesOf, type Names } from "../../lib/environment.ts";
import { lakePrefix } from "../../lib/lake-layout.ts";

/** "Can task T do A on R?", and what its declaration says. */
export interface Question {
  readonly task: string;
  readonly action: string;
  readonly resource: string;
  readonly context?: Request["context"];
  readonly declared: boolean;
}

type Ask = Omit<Question, "task">;

const BUCKETS = ["landing", "lake", "quarantine", "artifacts", "drops"] as const;
const EVENTS = ["AssetMaterialized", "SomethingElse"];
const arn = (service: string, rest: string): string => `arn:aws:${service}:${REGION}:${ACCOUNT}:${rest}`;

/** Every question about every task of an environment: inside what is declared, just outside, and all the rest. */
export const questionsOf = (
  environment: EnvironmentName,
  declared: readonly Pipeline[],
  choices: Pick<Choices, "lake" | "dbt">,
): readonly Question[] => {
  const { origins } = environmentOf(environment);
  const pipelines = declared.map((pipeline) => ({
    ...pipeline,
    tasks: Object.fromEntries(
      Object.entries(pipeline.tasks).map(([name, task]) => [name, withOriginSecrets(task, origins)]),
    ),
  }));
  return pipelines.flatMap(({ domain, tasks }) =>
    Object.entries(tasks).flatMap(([name, task]) => {
      const names = namesOf({ name: environment, organisation: "ol" });
      const other = namesOf({ name: environment === "qa" ? "production" : "qa", organisation: "ol" });
      return [
        ...objects(task, names, other, pipelines),
        ...listings(task, names, pipelines),
        ...ledger(task, names, other),
        ...events(task, names, other, pipelines),
        ...secrets(task, names, other, pipelines),
        ...roles(task, origins),
        ...tables(task, names, other, pipelines, choices),
        ...databases(task, names, pipelines, choices),
        ...files(task, names, pipelines, choices),
        ...tokens(task, domain, names, other, pipelines),
        ...containers(task, names, other),
        ...starts(task, names, other, pipelines),
        ...never(names, pipelines),
      ].map((question) => ({ ...question, task: names.task(domain, name) }));
    }),
  );
};

/** Where the templates answer otherwise than the declaration. */
export const wrongAnswers = (permissions: Permissions, questions: readonly Question[]): readonly string[] =>
  questions.flatMap(({ task, action, resource, context = {}, declared }) => {
    const decision = authorise(permissions, { as: { role: roleOfTask(permissions, task) }, action, resource, context });
    if (decision.allowed === declared) return [];
    const where = Object.keys(context).length === 0 ? "" : ` with ${JSON.stringify(context)}`;
    return [
      `${task} ${action} on ${resource}${where} is ${declared ? "declared" : "not declared"}, and ` +
        (decision.allowed ? `allowed by ${decision.by}` : `denied: ${decision.because}`),
    ];
  });

const under = (accesses: readonly ObjectAccess[], bucket: string, key: string): boolean =>
  accesses.some((access) => access.bucket === bucket && key.startsWith(access.prefix));

/** A key below every prefix that any task declares, one beside each, and one at the root. */
function keysOf(bucket: string, pipelines: readonly Pipeline[]): readonly string[] {
  const prefixes = pipelines
    .flatMap(({ tasks }) => Object.values(tasks))
    .flatMap(({ reads = [], writes = [] }) => [...reads, ...writes])
    .filter((access) => access.bucket === bucket)
    .map(({ prefix }) => prefix);
  return [
    ...new Set(["outside", ...prefixes.flatMap((prefix) => [`${prefix}a/b.gz`, `${prefix.slice(0, -1)}-x/b.gz`])]),
  ];
}

const contains = (actions: readonly string[], action: string): boolean => actions.includes(action);

function objects(
  { reads = [], writes = [] }: TaskDeclaration,
  names: Names,
  other: Names,
  all: readonly Pipeline[],
): Ask[] {
  const actions = new Set([
    ...ACTIONS["read objects"],
    ...ACTIONS["write objects"],
    ...["s3:DeleteObject", "s3:DeleteObjectVersion", "s3:BypassGovernanceRetention"],
  ]);
  return BUCKETS.flatMap((bucket) =>
    keysOf(bucket, all).flatMap((key) =>
      [...actions].flatMap((action) => [
        {
          action,
          resource: `arn:aws:s3:::${names.bucket(bucket)}/${key}`,
          declared:
            (contains(ACTIONS["read objects"], action) && under(reads, bucket, key)) ||
            (contains(ACTIONS["write objects"], action) && under(writes, bucket, key)),
        },
        { action, resource: `arn:aws:s3:::${other.bucket(bucket)}/${key}`, declared: false },
      ]),
    ),
  );
}

function listings({ reads = [], writes = [] }: TaskDeclaration, names: Names, all: readonly Pipeline[]): Ask[] {
  return BUCKETS.flatMap((bucket) => {
    const ask = { action: "s3:ListBucket", resource: `arn:aws:s3:::${names.bucket(bucket)}` };
    return [
      { ...ask, declared: false },
      {
        ...ask,
        context: { "s3:prefix": "" },
        declared: [...reads, ...writes].some((one) => one.bucket === bucket && one.prefix === ""),
      },
      ...keysOf(bucket, all).map((key) => ({
        ...ask,
        context: { "s3:prefix": key },
        declared: under([...reads, ...writes], bucket, key),
      })),
    ];
  });
}

function ledger(task: TaskDeclaration, names: Names, other: Names): Ask[] {
  const resource = arn("dynamodb", `table/${names.ledgerTable}`);
  const allowedFor = (action: string, key: string): boolean => {
    if (task.ledger === "write") return contains(ACTIONS["write items"], action);
    const own = key === "run" || key.startsWith("run#");
    return (
      (own && contains(ACTIONS["record own steps"], action)) ||
      (task.ledger === "read" && contains(ACTIONS["read items"], action))
    );
  };
  const keys = ["run", "run#0190", "runner", "lease", "materialisation#a"];
  return [...ACTIONS["write items"]].flatMap((action) =>
    keys.flatMap((key) => {
      const context = { "dynamodb:LeadingKeys": [key] };
      return [
        { action, resource, context, declared: allowedFor(action, key) },
        { action, resource: arn("dynamodb", `table/${other.ledgerTable}`), context, declared: false },
      ];
    }),
  );
}

function events(task: TaskDeclaration, names: Names, other: Names, all: readonly Pipeline[]): Ask[] {
  const types = all.flatMap(({ tasks }) => Object.values(tasks).flatMap(({ publishes = [] }) => publishes));
  const action = "events:PutEvents";
  return [...new Set([...types, ...EVENTS])].flatMap((type) => {
    const context = { "events:source": "millrace", "events:detail-type": type };
    const bus = (name: string): string => arn("events", `event-bus/${name}`);
    return [
      { action, resource: bus(names.bus), context, declared: (task.publishes ?? []).includes(type) },
      { action, resource: bus(names.bus), context: { ...context, "events:source": "aws.s3" }, declared: false },
      { action, resource: bus("default"), context, declared: false },
      { action, resource: bus(other.bus), context, declared: false },
    ];
  });
}

function secrets(task: TaskDeclaration, names: Names, other: Names, all: readonly Pipeline[]): Ask[] {
  const roles = all.flatMap(({ tasks }) => Object.values(tasks).flatMap(({ secrets: own = [] }) => own));
  const secret = (prefix: string, role: string): string => arn("secretsmanager", `secret:${prefix}/${role}-a1B2c3`);
  return [...new Set([...roles, "nobody/asked"])].flatMap((role) => [
    ...["secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue"].map((action) => ({
      action,
      resource: secret(names.secretPrefix, role),
      declared: action.includes("Get") && (task.secrets ?? []).includes(role),
    })),
    { action: "secretsmanager:GetSecretValue", resource: secret(names.secretPrefix, `${role}-old`), declared: false },
    { action: "secretsmanager:GetSecretValue", resource: secret(other.secretPrefix, role), declared: false },
  ]);
}

/** Roles of others: those of the origins that the task reads, and no other. */
const roles = (task: TaskDeclaration, origins: OriginDeclarations): Ask[] => [
  ...Object.entries(origins).flatMap(([id, origin]): Ask[] =>
    origin.kind === "s3" && origin.roleArn !== undefined
      ? [
          { action: "sts:AssumeRole", resource: origin.roleArn, declared: (task.origins ?? []).includes(id) },
          { action: "sts:AssumeRole", resource: `${origin.roleArn}-admin`, declared: false },
        ]
      : [],
  ),
  { action: "sts:AssumeRole", resource: `arn:aws:iam::${ACCOUNT}:role/admin`, declared: false },
];

const namespacesOf = (all: readonly Pipeline[]): readonly string[] => {
  const lakes = all.flatMap(({ tasks }) => Object.values(tasks).map(({ lake = {} }) => lake));
  return [...new Set([...lakes.flatMap(({ reads = [], writes = [] }) => [...reads, ...writes]), "undeclared"])];
};

function tables(
  { lake = {} }: TaskDeclaration,
  names: Names,
  other: Names,
  all: readonly Pipeline[],
  choices: Pick<Choices, "lake">,
): Ask[] {
  const { reads = [], writes = [] } = choices.lake === "s3tables" ? lake : {};
  return namespacesOf(all).flatMap((namespace) => {
    const context = { "s3tables:namespace": namespace };
    const [read, written] = [[...reads, ...writes].includes(namespace), writes.includes(namespace)];
    const ask = (actions: readonly string[], path: string, declared: boolean): Ask[] =>
      actions.flatMap((action) => [
        { action, resource: arn("s3tables", `bucket/${names.tableBucket}${path}`), context, declared },
        { action, resource: arn("s3tables", `bucket/${other.tableBucket}${path}`), context, declared: false },
      ]);
    return [
      ...ask(ACTIONS["read tables"], "/table/0f9a", read),
      ...ask(ACTIONS["write tables"], "/table/0f9a", written),
      ...ask(ACTIONS["create tables"], "", written),
      ...ask(["s3tables:CreateNamespace", "s3tables:DeleteNamespace"], "", false),
    ];
  });
}

/** Tables as Glue has them: of its own catalogue, and of the table bucket's, which only Athena goes through. */
function databases(
  { lake = {}, warehouse = false }: TaskDeclaration,
  names: Names,
  all: readonly Pipeline[],
  choices: Pick<Choices, "lake" | "dbt">,
): Ask[] {
  return namespacesOf(all).flatMap((namespace) =>
    ["", `${names.federatedCatalog}/`].flatMap((parent) => {
      const granted =
        parent === "" ? choices.lake === "glue" : choices.lake === "s3tables" && choices.dbt === "athena" && warehouse;
      const { reads = [], writes = [] } = granted ? lake : {};
      const ask = (actions: readonly string[], declared: boolean): Ask[] =>
        actions.map((action) => ({
          action,
          resource: arn("glue", `table/${parent}${namespace}/some_model`),
          declared,
        }));
      return [
        ...ask(["glue:GetTable"], [...reads, ...writes].includes(namespace)),
        ...ask(ACTIONS["write databases"], writes.includes(namespace)),
      ];
    }),
  );
}

/** Files of tables: in the lake bucket if Glue is the catalogue, and then nobody's who may not touch the table. */
function files(
  { lake = {}, warehouse = false }: TaskDeclaration,
  names: Names,
  all: readonly Pipeline[],
  choices: Pick<Choices, "lake" | "dbt">,
): Ask[] {
  const { reads = [], writes = [] } = choices.lake === "glue" ? lake : {};
  return namespacesOf(all).flatMap((namespace) => {
    const resource = `arn:aws:s3:::${names.bucket("lake")}/${lakePrefix(namespace)}some_table/data/a.parquet`;
    return [
      { action: "s3:GetObject", resource, declared: [...reads, ...writes].includes(namespace) },
      { action: "s3:PutObject", resource, declared: writes.includes(namespace) },
      {
        action: "s3:DeleteObject",
        resource,
        declared: warehouse && choices.dbt === "athena" && writes.includes(namespace),
      },
    ];
  });
}

function tokens(
  { compute, answersFor = [] }: TaskDeclaration,
  domain: string,
  names: Names,
  other: Names,
  all: readonly Pipeline[],
): Ask[] {
  const machine = (name: string): string => arn("states", `stateMachine:${name}`);
  return ACTIONS["answer its machine"].flatMap((action) => [
    ...all.map((pipeline) => ({
      action,
      resource: machine(names.machine(pipeline.domain)),
      declared:
        (compute.kind === "fargate" && pipeline.domain === domain) ||
        (action === "states:SendTaskFailure" && answersFor.includes(pipeline.domain)),
    })),
    { action, resource: machine(other.machine(domain)), declared: false },
  ]);
}

/** Containers: whoever answers for them may see them, and nobody stops one or sees those of another environment. */
function containers({ answersFor = [] }: TaskDeclaration, names: Names, other: Names): Ask[] {
  const container = (cluster: string): string => arn("ecs", `task/${cluster}/0123456789abcdef`);
  return [
    { action: "ecs:DescribeTasks", resource: container(names.cluster), declared: answersFor.length > 0 },
    { action: "ecs:DescribeTasks", resource: container(other.cluster), declared: false },
    { action: "ecs:StopTask", resource: container(names.cluster), declared: false },
  ];
}

/** Runs of other machines: by name, and never those of the starters or of another environment. */
function starts(
  { starts: declared = [] }: TaskDeclaration,
  names: Names,
  other: Names,
  all: readonly Pipeline[],
): Ask[] {
  return all.flatMap(({ domain }) => {
    const ask = (machine: string, may: boolean): Ask[] => [
      { action: "states:StartExecution", resource: arn("states", `stateMachine:${machine}`), declared: may },
      ...["states:DescribeExecution", "states:RedriveExecution", "states:StopExecution"].map((action) => ({
        action,
        resource: arn("states", `execution:${machine}:course-a-1`),
        declared: may,
      })),
    ];
    return [
      ...ask(names.machine(domain), declared.includes(domain)),
      ...ask(names.starter(domain), false),
      ...ask(other.machine(domain), false),
    ];
  });
}

/** What no task is ever declared to do. */
function never(names: Names, all: readonly Pipeline[]): Ask[] {
  const role = `arn:aws:iam::${ACCOUNT}:role/${names.prefix}-any`;
  const ask = (resource: string, ...actions: readonly string[]): Ask[] =>
    actions.map((action) => ({ action, resource, declared: false }));
  return [
    ...ask(role, "iam:CreateRole", "iam:PutRolePolicy", "iam:AttachRolePolicy", "iam:UpdateAssumeRolePolicy"),
    ...ask(role, "iam:PassRole", "sts:AssumeRole"),
    ...ask(arn("dynamodb", `table/${names.ledgerTable}`), "dynamodb:Scan", "dynamodb:DeleteTable"),
    ...BUCKETS.flatMap((bucket) =>
      ask(`arn:aws:s3:::${names.bucket(bucket)}`, "s3:DeleteBucket", "s3:PutBucketPolicy", "s3:ListBucketVersions"),
    ),
    ...ask(arn("sns", names.alarmTopic), "sns:Publish", "sns:Subscribe"),
    ...all.flatMap(({ domain, tasks }) => [
      ...ask(arn("states", `stateMachine:${names.machine(domain)}`), "states:UpdateStateMachine"),
      ...ask(arn("sqs", `${names.machine(domain)}-dead-letters`), "sqs:SendMessage", "sqs:ReceiveMessage"),
      ...Object.keys(tasks).flatMap((task) => [
        ...ask(
          arn("lambda", `function:${names.task(domain, task)}`),
          "lambda:InvokeFunction",
          "lambda:UpdateFunctionCode",
        ),
        ...ask(arn("ecs", `task-definition/${names.task(domain, task)}:1`), "ecs:RunTask"),
      ]),
    ]),
  ];
}
