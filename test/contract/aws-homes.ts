import { randomUUID } from "node:crypto";
import type { Ledger } from "../../core/io/ports.ts";
import { EXTENSIONS, lakeOptions, missingExtensions } from "../lake/temporary-lake.ts";
import type { OpenedBus } from "./bus-contract.ts";
import type { OpenedObjects } from "./objects-contract.ts";
import type { LakeHome } from "./lake-contract.ts";
import { MACHINE, type OpenedExecutions } from "./executions-contract.ts";
import type { Home, Opened } from "./opened.ts";
import type { OpenedSecrets } from "./secrets-contract.ts";
import { temporaryFolder } from "./temporary-folder.ts";
import type { OpenedTokens } from "./tokens-contract.ts";

/** test/deploy/shared-emulator.ts has started it, and has set the environment that the SDK reads. */
const home = { name: "AWS" };
const unique = (): string => randomUUID().slice(0, 8);
const keep = async (): Promise<void> => undefined;

export async function createTable(): Promise<string> {
  const { CreateTableCommand, DynamoDBClient, waitUntilTableExists } = await import("@aws-sdk/client-dynamodb");
  const client = new DynamoDBClient({});
  const TableName = `contract-${unique()}`;
  await client.send(
    new CreateTableCommand({
      TableName,
      BillingMode: "PAY_PER_REQUEST",
      AttributeDefinitions: [
        { AttributeName: "pk", AttributeType: "S" },
        { AttributeName: "sk", AttributeType: "S" },
      ],
      KeySchema: [
        { AttributeName: "pk", KeyType: "HASH" },
        { AttributeName: "sk", KeyType: "RANGE" },
      ],
    }),
  );
  await waitUntilTableExists({ client, maxWaitTime: 30 }, { TableName });
  return TableName;
}

export const awsObjectsHome: Home<OpenedObjects> = {
  ...home,
  open: async () => {
    const { CreateBucketCommand, PutBucketVersioningCommand, S3Client } = await import("@aws-sdk/client-s3");
    const { awsObjects } = await import("../../core/io/aws/objects.ts");
    const s3 = new S3Client({});
    const bucket = `contract-${unique()}`;
    await s3.send(new CreateBucketCommand({ Bucket: bucket }));
    await s3.send(new PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration: { Status: "Enabled" } }));
    return { port: awsObjects(), bucket, close: keep };
  },
};

export const awsLedgerHome: Home<Opened<Ledger>> = {
  ...home,
  open: async () => {
    const { awsLedger } = await import("../../core/io/aws/ledger.ts");
    const TableName = await createTable();
    return { port: awsLedger(TableName), close: keep };
  },
};

export async function createBus(): Promise<string> {
  const { CreateEventBusCommand, EventBridgeClient } = await import("@aws-sdk/client-eventbridge");
  const Name = `contract-${unique()}`;
  await new EventBridgeClient({}).send(new CreateEventBusCommand({ Name }));
  return Name;
}

export const awsBusHome: Home<OpenedBus> = {
  ...home,
  open: async () => {
    const { awsBus } = await import("../../core/io/aws/bus.ts");
    return { port: awsBus(await createBus()), close: keep };
  },
};

export const awsSecretsHome: Home<OpenedSecrets> = {
  ...home,
  open: async () => {
    const { CreateSecretCommand, PutSecretValueCommand, ResourceExistsException, SecretsManagerClient } =
      await import("@aws-sdk/client-secrets-manager");
    const { awsSecrets } = await import("../../core/io/aws/secrets.ts");
    const client = new SecretsManagerClient({});
    const prefix = `contract-${unique()}`;
    const store = async (role: string, text: string): Promise<void> => {
      const Name = `${prefix}/${role}`;
      await client.send(new CreateSecretCommand({ Name, SecretString: text })).catch(async (error: unknown) => {
        if (!(error instanceof ResourceExistsException)) throw error;
        await client.send(new PutSecretValueCommand({ SecretId: Name, SecretString: text }));
      });
    };
    return { port: awsSecrets(prefix), store, close: keep };
  },
};

/** A table bucket of its own, a bucket for staged files and a ledger. */
export const awsLakeHome: LakeHome = {
  ...home,
  noRenameOrDrop: "S3 Tables does; the emulator's catalogue does not know the routes",
  ...(missingExtensions === undefined ? {} : { skip: missingExtensions }),
  open: async () => {
    const { CreateBucketCommand, S3Client } = await import("@aws-sdk/client-s3");
    const { awsLake } = await import("../../core/io/aws/lake.ts");
    const { awsLedger } = await import("../../core/io/aws/ledger.ts");
    const [Bucket, folder] = [`contract-${unique()}`, temporaryFolder()];
    await new S3Client({}).send(new CreateBucketCommand({ Bucket }));
    const target = awsLake({
      lakeCatalog: `s3tables:${await createTableBucket()}`,
      duckdbExtensions: EXTENSIONS,
      buckets: { lake: Bucket },
    });
    return {
      port: target,
      options: lakeOptions(folder.path),
      ledger: awsLedger(await createTable()),
      stagedAt: (id) => `s3://${Bucket}/staged/${id}.parquet`,
      close: async () => folder.remove(),
    };
  },
};

/** One request, for which a client of its own would be a package more. The emulator reads only the scope of it. */
async function createTableBucket(): Promise<string> {
  const scope = "Credential=test/20260101/us-east-1/s3tables/aws4_request";
  const answer = await fetch(`${process.env["AWS_ENDPOINT_URL"]}/buckets`, {
    method: "PUT",
    headers: { authorization: `AWS4-HMAC-SHA256 ${scope}, SignedHeaders=host, Signature=none` },
    body: JSON.stringify({ name: `contract-${unique()}` }),
  });
  const { arn } = (await answer.json()) as { arn: string };
  return arn;
}

/** A machine whose one task leaves its token in a table, where the suite finds it by the execution's name. */
export const awsTokensHome: Home<OpenedTokens> = {
  ...home,
  open: async () => {
    const sdk = await import("@aws-sdk/client-sfn");
    const { awsTokens } = await import("../../core/io/aws/tokens.ts");
    const sfn = new sdk.SFNClient({});
    const TableName = await createTable();
    const item = {
      pk: { S: "token" },
      sk: { S: "{% $states.context.Execution.Name %}" },
      rev: { N: "1" },
      data: { S: "{% $states.context.Task.Token %}" },
    };
    const definition = {
      QueryLanguage: "JSONata",
      StartAt: "Hold",
      States: {
        Hold: {
          Type: "Task",
          Resource: "arn:aws:states:::aws-sdk:dynamodb:putItem.waitForTaskToken",
          Arguments: { TableName, Item: item },
          TimeoutSeconds: 300,
          End: true,
        },
      },
    };
    const { stateMachineArn } = await sfn.send(
      new sdk.CreateStateMachineCommand({
        name: `contract-${unique()}`,
        definition: JSON.stringify(definition),
        roleArn: "arn:aws:iam::000000000000:role/contract",
      }),
    );
    const executions = new Map<string, string | undefined>();
    return {
      port: awsTokens(),
      waiting: async () => {
        const name = unique();
        const started = await sfn.send(new sdk.StartExecutionCommand({ stateMachineArn, name }));
        const token = await until(() => readToken(TableName, name));
        executions.set(token, started.executionArn);
        return token;
      },
      outcome: async (token) => {
        const executionArn = executions.get(token);
        return until(async () => {
          const found = await sfn.send(new sdk.DescribeExecutionCommand({ executionArn }));
          if (found.status === "SUCCEEDED") return { output: JSON.parse(found.output ?? "null") };
          return found.status === "FAILED" ? { error: found.error, cause: found.cause } : undefined;
        });
      },
      close: keep,
    };
  },
};

export const awsExecutionsHome: Home<OpenedExecutions> = {
  ...home,
  open: async () => {
    const { CreateStateMachineCommand, SFNClient } = await import("@aws-sdk/client-sfn");
    const { awsExecutions } = await import("../../core/io/aws/executions.ts");
    const prefix = `contract-${unique()}-`;
    const { stateMachineArn = "" } = await new SFNClient({}).send(
      new CreateStateMachineCommand({
        name: `${prefix}course-runs`,
        definition: JSON.stringify({ QueryLanguage: "JSONata", ...MACHINE }),
        roleArn: "arn:aws:iam::000000000000:role/contract",
      }),
    );
    return { port: awsExecutions(stateMachineArn.slice(0, -"course-runs".length)), close: keep };
  },
};

async function readToken(TableName: string, name: string): Promise<string | undefined> {
  const { DynamoDBClient, GetItemCommand } = await import("@aws-sdk/client-dynamodb");
  const Key = { pk: { S: "token" }, sk: { S: name } };
  const { Item } = await new DynamoDBClient({}).send(new GetItemCommand({ TableName, Key, ConsistentRead: true }));
  return Item?.["data"]?.S;
}

async function until<T>(look: () => Promise<T | undefined>): Promise<T> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    const found = await look();
    if (found !== undefined) return found;
    await new Promise((done) => setTimeout(done, 100));
  }
  throw new Error("It did not come to pass in 20 s.");
}
