import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CloudFormationClient, CreateStackCommand, waitUntilStackCreateComplete } from "@aws-sdk/client-cloudformation";
import { DeleteTableCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { PutBucketVersioningCommand, S3Client } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startEmulator, type Emulator } from "./emulator.ts";

const root = join(import.meta.dirname, "..", "..");
const template = (bucket: string) => ({
  Resources: {
    Landing: {
      Type: "AWS::S3::Bucket",
      Properties: { BucketName: bucket, VersioningConfiguration: { Status: "Enabled" } },
      DeletionPolicy: "Retain",
      UpdateReplacePolicy: "Retain",
    },
    Ledger: {
      Type: "AWS::DynamoDB::Table",
      Properties: {
        TableName: "millrace-emulated-ledger",
        BillingMode: "PAY_PER_REQUEST",
        AttributeDefinitions: [{ AttributeName: "pk", AttributeType: "S" }],
        KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }],
      },
    },
  },
});

let emulator: Emulator;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "millrace-drift-"));
  emulator = await startEmulator();
  const client = new CloudFormationClient(clientOf());
  const StackName = "millrace-emulated-platform";
  await client.send(new CreateStackCommand({ StackName, TemplateBody: JSON.stringify(template("landing")) }));
  await waitUntilStackCreateComplete({ client, maxWaitTime: 30, minDelay: 1, maxDelay: 1 }, { StackName });
});
afterAll(async () => {
  await emulator?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const clientOf = () => ({
  region: "us-east-1",
  endpoint: emulator.url,
  credentials: { accessKeyId: "test", secretAccessKey: "test" },
});

function command(...args: readonly string[]): { readonly status: number | null; readonly output: string } {
  const [script = "", ...rest] = args;
  const env = { PATH: process.env["PATH"], ...emulator.env };
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, "bin", script), ...rest], {
    env,
    encoding: "utf8",
  });
  return { status, output: `${stdout}${stderr}` };
}

/** An assembly with this one stack, as `cdk synth` lays it out. */
function assembly(name: string, content: object): string {
  const stage = join(folder, name, "assembly-emulated");
  mkdirSync(stage, { recursive: true });
  writeFileSync(join(stage, "platform.template.json"), JSON.stringify(content));
  const properties = { templateFile: "platform.template.json", stackName: "millrace-emulated-platform" };
  writeFileSync(
    join(stage, "manifest.json"),
    JSON.stringify({ version: "1.0.0", artifacts: { platform: { type: "aws:cloudformation:stack", properties } } }),
  );
  return join(folder, name);
}

describe("npm run diff, against what is deployed", () => {
  it("says that nothing changes", () => {
    const { status, output } = command(
      "diff.ts",
      "emulated",
      "--assembly",
      assembly("same", template("landing")),
      "--fail-on-loss",
    );
    expect(output).toContain("compared with what is deployed in 000000000000, us-east-1");
    expect(output).toContain("No resource changes.");
    expect(status).toBe(0);
  });

  it("is loud about a bucket that would be another one, and fails when asked to", () => {
    const args = ["diff.ts", "emulated", "--assembly", assembly("renamed", template("landing-2"))];
    const { status, output } = command(...args, "--fail-on-loss");
    expect(output).toMatch(
      /DATA AT RISK: 1[^]*REPLACED: AWS::S3::Bucket landing-2 .*BucketName.*kept, outside of the stack/,
    );
    expect(status).toBe(1);
    expect(command(...args).status).toBe(0);
  });

  it("compares two assemblies without any account", () => {
    const { status, output } = command(
      "diff.ts",
      "emulated",
      "--assembly",
      join(folder, "renamed"),
      "--against",
      join(folder, "same"),
    );
    expect(output).toContain("REPLACED: AWS::S3::Bucket");
    expect(status).toBe(0);
  });

  it("names the folder that is no assembly", () => {
    const { status, output } = command("diff.ts", "emulated", "--assembly", folder);
    expect(output).toContain(`${folder} holds no emulated`);
    expect(status).toBe(2);
  });
});

describe("npm run drift", () => {
  it("is silent and 0 where everything is as it was deployed", () => {
    const { status, output } = command("drift.ts", "emulated");
    expect(output).toContain("Drift of emulated: 0 of 2 resources");
    expect(status).toBe(0);
  });

  it("shows what somebody changed by hand, deployed beside actual", async () => {
    await new S3Client({ ...clientOf(), forcePathStyle: true }).send(
      new PutBucketVersioningCommand({ Bucket: "landing", VersioningConfiguration: { Status: "Suspended" } }),
    );
    await new DynamoDBClient(clientOf()).send(new DeleteTableCommand({ TableName: "millrace-emulated-ledger" }));
    const { status, output } = command("drift.ts", "emulated");
    expect(output).toContain("Drift of emulated: 2 of 2 resources");
    expect(output).toContain("MODIFIED AWS::S3::Bucket landing (Landing)");
    expect(output).toContain("`/VersioningConfiguration/Status`: deployed `Enabled`, now `Suspended`");
    expect(output).toContain("DELETED AWS::DynamoDB::Table millrace-emulated-ledger (Ledger)");
    expect(status).toBe(1);
  });

  it("does not call an environment clean that is not there", () => {
    const { status, output } = command("drift.ts", "qa");
    expect(output).toContain("No stack of qa is deployed in this account and region.");
    expect(status).toBe(1);
  });
});
