import { execFile } from "node:child_process";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import {
  CloudFormationClient,
  DescribeStacksCommand,
  UpdateTerminationProtectionCommand,
} from "@aws-sdk/client-cloudformation";
import { DynamoDBClient, QueryCommand } from "@aws-sdk/client-dynamodb";
import { ListObjectsV2Command, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { PutSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import {
  DescribeExecutionCommand,
  DescribeStateMachineCommand,
  ListExecutionsCommand,
  SFNClient,
  StartExecutionCommand,
} from "@aws-sdk/client-sfn";
import { namesOf } from "../../lib/environment.ts";
import { ROOT } from "./checkout.ts";
import type { Emulator } from "./emulator.ts";

export const names = namesOf({ name: "emulated", organisation: "ol" });
const TABLES = `arn:aws:s3tables:us-east-1:000000000000:bucket/${names.tableBucket}`;
const SETTLE_MS = 200_000;

export type Account = ReturnType<typeof accountOf>;

export interface Run {
  readonly name: string;
  readonly status: string;
  readonly input: unknown;
  readonly error: string | undefined;
  readonly cause: string | undefined;
}

export interface LedgerRow {
  readonly sk: string;
  readonly rev: number;
  readonly data: unknown;
}

/** What an operator does and sees in the deployed environment, through AWS's own API and its console's answers. */
export function accountOf({ env, log }: Emulator) {
  const client = {
    region: "us-east-1",
    endpoint: env["AWS_ENDPOINT_URL"] ?? "",
    credentials: { accessKeyId: "test", secretAccessKey: "test" },
  };
  const s3 = new S3Client({ ...client, forcePathStyle: true });
  const sfn = new SFNClient(client);
  const dynamo = new DynamoDBClient(client);
  const cloudFormation = new CloudFormationClient(client);
  const secrets = new SecretsManagerClient(client);

  const runs = async (domain: string): Promise<readonly Run[]> => {
    const { executions = [] } = await sfn.send(
      new ListExecutionsCommand({ stateMachineArn: machineArn(domain), maxResults: 1_000 }),
    );
    const found = await Promise.all(
      executions.map(({ executionArn }) => sfn.send(new DescribeExecutionCommand({ executionArn }))),
    );
    return found
      .toSorted((left, right) => Number(left.startDate) - Number(right.startDate))
      .map(({ name = "", status = "", input = "null", error, cause }) => {
        const parsed: unknown = JSON.parse(input);
        return { name, status, input: parsed, error, cause };
      });
  };

  /** Our stacks: name to status. */
  const stacks = async (): Promise<Readonly<Record<string, string>>> => {
    const { Stacks = [] } = await cloudFormation.send(new DescribeStacksCommand({}));
    return Object.fromEntries(
      Stacks.filter(({ StackName = "" }) => StackName.startsWith(names.prefix)).map((stack) => [
        stack.StackName,
        stack.StackStatus,
      ]),
    );
  };

  return {
    land: async (Key: string, Body: Buffer): Promise<void> => {
      await s3.send(new PutObjectCommand({ Bucket: names.bucket("landing"), Key, Body }));
    },
    landed: async (): Promise<readonly (string | undefined)[]> => {
      const { Contents = [] } = await s3.send(
        new ListObjectsV2Command({ Bucket: names.bucket("landing"), Prefix: "sources/" }),
      );
      return Contents.map(({ Key }) => Key);
    },
    setSecret: async (role: string, fields: Readonly<Record<string, string>>): Promise<void> => {
      const SecretId = `${names.secretPrefix}/${role}`;
      await secrets.send(new PutSecretValueCommand({ SecretId, SecretString: JSON.stringify(fields) }));
    },
    start: async (domain: string, input: unknown): Promise<void> => {
      await sfn.send(new StartExecutionCommand({ stateMachineArn: machineArn(domain), input: JSON.stringify(input) }));
    },
    /** Executions of a domain's machine, oldest first. */
    runs,
    /** Waits until the domain has had `count` executions and none is under way; fails with the emulator's log. */
    settled: async (domain: string, count: number): Promise<readonly Run[]> => {
      for (const giveUpAt = Date.now() + SETTLE_MS; Date.now() < giveUpAt; await pause(100)) {
        const found = await runs(domain);
        if (found.length >= count && found.every(({ status }) => status !== "RUNNING")) return found;
      }
      throw new Error(`${domain} had not ${count} ended runs in time. The emulator says:\n${log()}`);
    },
    machine: async (domain: string): Promise<string> => {
      const found = await sfn.send(new DescribeStateMachineCommand({ stateMachineArn: machineArn(domain) }));
      return found.definition ?? "";
    },
    /** One partition of the ledger, as it is stored. */
    ledger: async (pk: string): Promise<readonly LedgerRow[]> => {
      const { Items = [] } = await dynamo.send(
        new QueryCommand({
          TableName: names.ledgerTable,
          KeyConditionExpression: "pk = :pk",
          ExpressionAttributeValues: { ":pk": { S: pk } },
        }),
      );
      return Items.map(({ sk, rev, data }) => {
        const value: unknown = JSON.parse(data?.S ?? "null");
        return { sk: sk?.S ?? "", rev: Number(rev?.N), data: value };
      });
    },
    /** `namespace.table` to its number of rows, as pyiceberg reads them through the catalogue. */
    tables: async (): Promise<Readonly<Record<string, number>>> => {
      const python = join(ROOT, ".tools", "python", "bin", "python");
      const { stdout } = await promisify(execFile)(python, ["-c", COUNT_ROWS, `${client.endpoint}/iceberg`, TABLES]);
      return JSON.parse(stdout) as Record<string, number>;
    },
    /** What an operator must do on purpose before stacks with data can be deleted. */
    liftProtection: async (): Promise<void> => {
      for (const StackName of Object.keys(await stacks())) {
        await cloudFormation.send(
          new UpdateTerminationProtectionCommand({ StackName, EnableTerminationProtection: false }),
        );
      }
    },
    stacks,
  };
}

const machineArn = (domain: string): string =>
  `arn:aws:states:us-east-1:000000000000:stateMachine:${names.machine(domain)}`;

const COUNT_ROWS = `
import json, sys
from pyiceberg.catalog import load_catalog
lake = load_catalog("lake", type="rest", uri=sys.argv[1], warehouse=sys.argv[2])
tables = [table for namespace in lake.list_namespaces() for table in lake.list_tables(namespace)]
print(json.dumps({".".join(table): lake.load_table(table).scan().count() for table in tables}))
`;
