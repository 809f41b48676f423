import { execFile } from "node:child_process";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { promisify } from "node:util";
import {
  CloudFormationClient,
  DescribeStackEventsCommand,
  GetTemplateCommand,
  paginateDescribeStacks,
} from "@aws-sdk/client-cloudformation";
import { DynamoDBClient, paginateListTables, paginateScan } from "@aws-sdk/client-dynamodb";
import { DescribeTaskDefinitionCommand, DescribeTasksCommand, ECSClient, ListTasksCommand } from "@aws-sdk/client-ecs";
import {
  GetObjectCommand,
  ListBucketsCommand,
  ListObjectVersionsCommand,
  type ListObjectVersionsCommandOutput,
  S3Client,
} from "@aws-sdk/client-s3";
import { GetSecretValueCommand, paginateListSecrets, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import {
  DescribeExecutionCommand,
  DescribeStateMachineCommand,
  paginateGetExecutionHistory,
  paginateListExecutions,
  paginateListStateMachines,
  SFNClient,
} from "@aws-sdk/client-sfn";
import { DescribeParametersCommand, GetParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import { holds } from "../e2e/marker.ts";
import { names } from "./account.ts";
import { ROOT } from "./checkout.ts";
import type { Emulator } from "./emulator.ts";
import type { RanTask } from "./fargate.ts";

/** Where it was, and its bytes. */
type Text = readonly [place: string, bytes: Buffer];
type Source = AsyncIterable<Text> | Iterable<Text>;

const json = (place: string, value: unknown): Text => [place, Buffer.from(JSON.stringify(value))];

/**
 * Reads all that the account keeps and all that it said, and gives a search in it: the places that hold a word, each
 * with its kind first. Execution histories hold the errors' texts; events are what executions were started with and
 * what waits in queues, for the emulator keeps none of a bus.
 */
export async function searchAccount(
  emulator: Emulator,
  ran: readonly RanTask[],
): Promise<(word: string) => readonly string[]> {
  const texts: Text[] = [];
  for (const [kind, source] of Object.entries(sourcesOf(emulator, ran)))
    for await (const [place, bytes] of source) texts.push([`${kind} ${place}`, bytes]);
  return (word) => texts.filter(([, bytes]) => holds(bytes, word)).map(([place]) => place);
}

function sourcesOf(emulator: Emulator, ran: readonly RanTask[]): Readonly<Record<string, Source>> {
  const endpoint = emulator.url;
  const client = { region: "us-east-1", endpoint, credentials: { accessKeyId: "test", secretAccessKey: "test" } };
  return {
    secret: secrets(new SecretsManagerClient(client)),
    template: templates(new CloudFormationClient(client)),
    parameter: parameters(new SSMClient(client)),
    execution: executions(new SFNClient(client)),
    container: containers(new ECSClient(client), ran),
    item: items(new DynamoDBClient(client)),
    object: objects(new S3Client({ ...client, forcePathStyle: true })),
    row: rows(endpoint),
    queue: queues(endpoint),
    log: logs(endpoint),
    file: files(dirname(emulator.logFile)),
  };
}

async function* secrets(client: SecretsManagerClient): AsyncGenerator<Text> {
  for await (const { SecretList = [] } of paginateListSecrets({ client }, {})) {
    for (const { Name: SecretId = "" } of SecretList) {
      const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId }));
      yield json(SecretId, SecretString);
    }
  }
}

async function* templates(client: CloudFormationClient): AsyncGenerator<Text> {
  for await (const { Stacks = [] } of paginateDescribeStacks({ client }, {})) {
    for (const stack of Stacks) {
      const StackName = stack.StackName ?? "";
      yield json(StackName, [
        stack,
        (await client.send(new GetTemplateCommand({ StackName }))).TemplateBody,
        (await client.send(new DescribeStackEventsCommand({ StackName }))).StackEvents,
      ]);
    }
  }
}

async function* parameters(client: SSMClient): AsyncGenerator<Text> {
  const { Parameters = [] } = await client.send(new DescribeParametersCommand({}));
  for (const { Name = "" } of Parameters) yield json(Name, await client.send(new GetParameterCommand({ Name })));
}

async function* executions(client: SFNClient): AsyncGenerator<Text> {
  for await (const { stateMachines = [] } of paginateListStateMachines({ client }, {})) {
    for (const { stateMachineArn, type } of stateMachines) {
      yield json(stateMachineArn ?? "", await client.send(new DescribeStateMachineCommand({ stateMachineArn })));
      // AWS keeps executions of Express machines in logs only.
      if (type === "EXPRESS") continue;
      for await (const page of paginateListExecutions({ client }, { stateMachineArn })) {
        for (const { executionArn } of page.executions ?? []) {
          const told: unknown[] = [await client.send(new DescribeExecutionCommand({ executionArn }))];
          for await (const { events = [] } of paginateGetExecutionHistory({ client }, { executionArn }))
            told.push(...events);
          yield json(executionArn ?? "", told);
        }
      }
    }
  }
}

async function* containers(client: ECSClient, ran: readonly RanTask[]): AsyncGenerator<Text> {
  const cluster = names.cluster;
  for (const desiredStatus of ["RUNNING", "STOPPED"] as const) {
    const { taskArns = [] } = await client.send(new ListTasksCommand({ cluster, desiredStatus }));
    if (taskArns.length === 0) continue;
    const { tasks = [] } = await client.send(new DescribeTasksCommand({ cluster, tasks: taskArns }));
    for (const task of tasks) {
      const { taskDefinitionArn: taskDefinition } = task;
      const definition = await client.send(new DescribeTaskDefinitionCommand({ taskDefinition }));
      yield json(task.taskArn ?? "", [task, definition.taskDefinition]);
    }
  }
  for (const [index, { container, log }] of ran.entries()) yield [`${container} ${index}, its log`, Buffer.from(log)];
}

async function* items(client: DynamoDBClient): AsyncGenerator<Text> {
  for await (const { TableNames = [] } of paginateListTables({ client }, {})) {
    for (const TableName of TableNames) {
      for await (const { Items = [] } of paginateScan({ client }, { TableName }))
        for (const item of Items) yield json(`${TableName} ${item["pk"]?.S} ${item["sk"]?.S}`, item);
    }
  }
}

/** Every version of every object; a table bucket is listed here as any other, which AWS would not do. */
async function* objects(client: S3Client): AsyncGenerator<Text> {
  const { Buckets = [] } = await client.send(new ListBucketsCommand({}));
  for (const { Name: Bucket = "" } of Buckets) {
    let [KeyMarker, VersionIdMarker]: (string | undefined)[] = [];
    do {
      const page: ListObjectVersionsCommandOutput = await client.send(
        new ListObjectVersionsCommand({ Bucket, KeyMarker, VersionIdMarker }),
      );
      for (const { Key = "", VersionId, Size } of page.Versions ?? []) {
        const at = { Bucket, Key, ...(VersionId === "null" ? {} : { VersionId }) };
        const { Body } = await client.send(new GetObjectCommand(at));
        yield [`${Bucket}/${Key} (${Size})`, Buffer.from((await Body?.transformToByteArray()) ?? [])];
      }
      [KeyMarker, VersionIdMarker] = [page.NextKeyMarker, page.NextVersionIdMarker];
    } while (KeyMarker !== undefined);
  }
}

/** Table files are compressed, so their rows are read. */
async function* rows(endpoint: string): AsyncGenerator<Text> {
  const python = join(ROOT, ".tools", "python", "bin", "python");
  const tables = `arn:aws:s3tables:us-east-1:000000000000:bucket/${names.tableBucket}`;
  const { stdout } = await promisify(execFile)(python, ["-c", READ_ROWS, `${endpoint}/iceberg`, tables], {
    maxBuffer: 256 * 1_024 * 1_024,
  });
  for (const [place, row] of JSON.parse(stdout) as [string, string][]) yield [place, Buffer.from(row)];
}

const READ_ROWS = `
import json, sys
from pyiceberg.catalog import load_catalog
lake = load_catalog("lake", type="rest", uri=sys.argv[1], warehouse=sys.argv[2])
tables = [table for namespace in lake.list_namespaces() for table in lake.list_tables(namespace)]
print(json.dumps([(".".join(table), repr(row)) for table in tables for row in lake.load_table(table).scan().to_arrow().to_pylist()]))
`;

async function* queues(endpoint: string): AsyncGenerator<Text> {
  yield ["all", Buffer.from(await (await fetch(`${endpoint}/_ministack/sqs/messages`)).text())];
}

/** Three requests, for which a client of its own would be a package more. */
async function* logs(endpoint: string): AsyncGenerator<Text> {
  const ask = async (operation: string, input: object, left = 5): Promise<Record<string, unknown>> => {
    const answer = await fetch(endpoint, {
      method: "POST",
      headers: {
        "content-type": "application/x-amz-json-1.1",
        "x-amz-target": `Logs_20140328.${operation}`,
        authorization:
          "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/logs/aws4_request, SignedHeaders=host, Signature=none",
      },
      body: JSON.stringify(input),
    });
    if (answer.ok) return (await answer.json()) as Record<string, unknown>;
    // The emulator trips over a log that another thread writes to.
    if (left === 0) throw new Error(`${operation}: HTTP ${answer.status} ${await answer.text()}`);
    await setTimeout(200);
    return ask(operation, input, left - 1);
  };
  const { logGroups } = (await ask("DescribeLogGroups", { limit: 50 })) as { logGroups: { logGroupName: string }[] };
  for (const { logGroupName } of logGroups) {
    let nextToken: unknown;
    do {
      const page = await ask("FilterLogEvents", { logGroupName, ...(nextToken === undefined ? {} : { nextToken }) });
      for (const event of page["events"] as unknown[]) yield json(logGroupName, event);
      nextToken = page["nextToken"];
    } while (nextToken !== undefined);
  }
}

/** The emulator's own log, and what functions left in their temporary folder. */
function* files(folder: string): Generator<Text> {
  for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    if (statSync(join(folder, name), { throwIfNoEntry: false })?.isFile() === true)
      yield [name, readFileSync(join(folder, name))];
  }
}
