import { execFile } from "node:child_process";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { CloudFormationClient, CreateStackCommand, DescribeStacksCommand } from "@aws-sdk/client-cloudformation";
import { PutParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { namesOf } from "../../lib/environment.ts";
import { startEmulator, type Emulator } from "../../test/deploy/emulator.ts";
import { startAwsJson } from "../../test/standins/aws-json.ts";
import { inspect } from "./inspect.ts";
import { lossesOf } from "./losses.ts";
import { quotaNeeds } from "./quotas.ts";
import { stageOf, type StageStack } from "./stage.ts";

const BOOTSTRAP = "/cdk-bootstrap/hnb659fds/version";
const names = namesOf({ name: "emulated", organisation: "ol" });
const before = { ...process.env };

let emulator: Emulator;
let standIn: Awaited<ReturnType<typeof startAwsJson>>;
let stacks: readonly StageStack[];
const quotas = new Map<string, number>();
const secrets = new Map<string, Readonly<Record<string, unknown>>>();

beforeAll(async () => {
  [emulator, standIn, stacks] = await Promise.all([
    startEmulator(),
    startAwsJson({
      "ServiceQuotasV20190624.GetServiceQuota": ({ QuotaCode }) => {
        const Value = quotas.get(String(QuotaCode));
        return Value === undefined ? { __type: "NoSuchResourceException", message: "none" } : { Quota: { Value } };
      },
      // MiniStack gives every secret a current version, AWS only one with a value.
      "secretsmanager.DescribeSecret": ({ SecretId }) =>
        secrets.get(String(SecretId)) ?? { __type: "ResourceNotFoundException", message: "none" },
    }),
    stageOf("emulated"),
  ]);
  Object.assign(process.env, emulator.env, {
    AWS_ENDPOINT_URL_SERVICE_QUOTAS: standIn.url,
    AWS_ENDPOINT_URL_SECRETS_MANAGER: standIn.url,
  });
  for (const { code, needed } of quotaNeeds(resources())) quotas.set(code, needed);
});

afterAll(async () => {
  await Promise.all([emulator.stop(), standIn.close()]);
  for (const key of Object.keys(process.env)) if (!(key in before)) Reflect.deleteProperty(process.env, key);
  Object.assign(process.env, before);
});

const resources = () => stacks.flatMap((stack) => stack.resources);
const bootstrap = (Value: string) =>
  new SSMClient().send(new PutParameterCommand({ Name: BOOTSTRAP, Value, Type: "String", Overwrite: true }));

describe("before a deployment", () => {
  it("a region that is not bootstrapped is said with the command to bootstrap it", async () => {
    const { findings, unchecked } = await inspect(stacks);
    expect(unchecked).toEqual([]);
    expect(findings).toMatchObject([
      {
        check: "bootstrap",
        what: expect.stringContaining("not bootstrapped"),
        next: expect.stringContaining("cdk bootstrap aws://000000000000/us-east-1"),
      },
    ]);
  });

  it("a bootstrap stack that is too old is not enough", async () => {
    await bootstrap("5");
    expect((await inspect(stacks)).findings).toMatchObject([
      { check: "bootstrap", what: "the bootstrap stack has version 5, 6 is needed" },
    ]);
  });

  it("nothing is left to say when all is there", async () => {
    await bootstrap("30");
    expect(await inspect(stacks)).toEqual({ findings: [], unchecked: [] });
  });

  it("another account or region than the app names ends the inspection", async () => {
    const elsewhere = stacks.map((stack) => ({ ...stack, account: "111111111111", region: "eu-west-1" }));
    expect((await inspect(elsewhere)).findings).toMatchObject([
      {
        check: "account",
        what: expect.stringMatching(/account 000000000000, expected is 111111111111; region us-east-1, .* eu-west-1/),
      },
    ]);
    const here = stacks.map((stack) => ({ ...stack, account: "000000000000", region: "us-east-1" }));
    expect((await inspect(here)).findings).toEqual([]);
  });

  it("credentials that are not there are said, with how to sign in", async () => {
    const { AWS_ACCESS_KEY_ID: key, AWS_SECRET_ACCESS_KEY: secret } = emulator.env;
    Reflect.deleteProperty(process.env, "AWS_ACCESS_KEY_ID");
    Reflect.deleteProperty(process.env, "AWS_SECRET_ACCESS_KEY");
    Object.assign(process.env, {
      AWS_EC2_METADATA_DISABLED: "true",
      AWS_CONFIG_FILE: "/none",
      AWS_SHARED_CREDENTIALS_FILE: "/none",
    });
    try {
      expect((await inspect(stacks)).findings).toMatchObject([
        { check: "account", what: "AWS does not know who is asking", next: expect.stringContaining("AWS_PROFILE") },
      ]);
    } finally {
      Object.assign(process.env, { AWS_ACCESS_KEY_ID: key, AWS_SECRET_ACCESS_KEY: secret });
    }
  });
});

describe("quotas", () => {
  it("are those of the templates: every task once, on spot where its state starts it there", () => {
    const needs = Object.fromEntries(quotaNeeds(resources()).map(({ name, needed }) => [name, needed]));
    expect(needs).toMatchObject({
      "Fargate On-Demand vCPU resource count": 8,
      "Fargate Spot vCPU resource count": 6,
      "VPCs per Region": 1,
      "Concurrent executions": 100,
    });
  });

  it("that are too small are findings with code and console, those that cannot be read are not", async () => {
    quotas.set("L-B99A9384", 10);
    quotas.delete("L-36FBB829");
    const { findings, unchecked } = await inspect(stacks);
    expect(findings).toMatchObject([
      {
        check: "quota",
        what: expect.stringMatching(/^Concurrent executions \(lambda L-B99A9384\) is 10, \d+ are needed$/),
        next: expect.stringContaining(
          "https://us-east-1.console.aws.amazon.com/servicequotas/home/services/lambda/quotas/L-B99A9384",
        ),
      },
    ]);
    expect(unchecked).toEqual([expect.stringContaining("L-36FBB829")]);
    for (const { code, needed } of quotaNeeds(resources())) quotas.set(code, needed);
  });
});

describe("after a deployment", () => {
  it("a secret without a value is named, never read", async () => {
    const name = `${names.secretPrefix}/learn/webhook`;
    secrets.set(name, { Name: name });
    expect((await inspect(stacks)).findings).toMatchObject([
      { check: "secret", what: `${name} has no value`, next: expect.stringContaining("put-secret-value") },
    ]);
    secrets.set(name, { Name: name, VersionIdsToStages: { one: ["AWSCURRENT"] } });
    expect((await inspect(stacks)).findings).toEqual([]);
  });

  it("a stack that was rolled back is said with the resource that failed first", async () => {
    const StackName = names.stack("platform");
    const cloudFormation = new CloudFormationClient();
    const missing = "arn:aws:lambda:us-east-1:000000000000:function:none";
    await cloudFormation.send(
      new CreateStackCommand({
        StackName,
        TemplateBody: JSON.stringify({
          Resources: {
            Topic: { Type: "AWS::SNS::Topic", Properties: { TopicName: "one" } },
            Broken: { Type: "Custom::Broken", DependsOn: ["Topic"], Properties: { ServiceToken: missing } },
          },
        }),
      }),
    );
    const status = async (): Promise<string> =>
      (await cloudFormation.send(new DescribeStacksCommand({ StackName }))).Stacks?.[0]?.StackStatus ?? "";
    while ((await status()).endsWith("_IN_PROGRESS")) await pause(50);
    expect((await inspect(stacks)).findings).toMatchObject([
      {
        check: "stack",
        what: `${StackName} is ROLLBACK_COMPLETE`,
        why: expect.stringMatching(/^Broken \(Custom::Broken\): .*none/),
        next: expect.stringContaining("deploy again"),
      },
    ]);
    const [finding] = (await inspect(stacks)).findings;
    expect(finding?.next).not.toContain("First");
  });

  it("where data is retained, what stands in the way of the next first deploy is said as well", async () => {
    const qa = (await stageOf("qa")).flatMap((stack) =>
      stack.name === namesOf({ name: "qa", organisation: "ol" }).stack("platform")
        ? [{ ...stack, name: names.stack("platform") }]
        : [],
    );
    const next = (await inspect(qa)).findings.find(({ check }) => check === "stack")?.next;
    expect(next).toContain("update-termination-protection --no-enable-termination-protection --stack-name");
    // Everything else goes with the roll-back; deletion of the ledger is refused.
    expect(next).toMatch(/its name is taken: millrace-qa-ledger\.$/);
  });

  it("the command says it in one line each, and in its exit code", async () => {
    const millrace = (...args: string[]) =>
      new Promise<{ code: unknown; stdout: string }>((done) => {
        execFile(
          process.execPath,
          [join(import.meta.dirname, "..", "millrace.ts"), "preflight", ...args],
          { env: process.env },
          (error, stdout) => done({ code: error?.code ?? 0, stdout }),
        );
      });
    const { code, stdout } = await millrace("emulated");
    expect(code).toBe(1);
    expect(stdout.trimEnd().split("\n")).toEqual([expect.stringMatching(/^stack: .* is ROLLBACK_COMPLETE \(Broken/)]);
    expect(await millrace("prod")).toMatchObject({ code: 2 });
  });
});

describe("a destroy", () => {
  it("is said for what it deletes, where nothing is retained", () => {
    const { findings, retained } = lossesOf(stacks);
    expect(retained).toEqual([]);
    const said = findings.map(({ what }) => what);
    for (const name of [names.bucket("landing"), names.tableBucket, names.ledgerTable])
      expect(
        said.some((what) => what.includes(`${name} would be deleted`)),
        name,
      ).toBe(true);
    expect(findings.find(({ what }) => what.includes(names.bucket("landing")))?.why).toContain("DELETE_FAILED");
  });

  it("is refused where stacks are protected, and data is retained there", async () => {
    const { findings, retained } = lossesOf(await stageOf("qa"));
    expect(findings.filter(({ what }) => what.includes("would be deleted"))).toEqual([]);
    expect(findings.length).toBeGreaterThan(1);
    for (const { why } of findings) expect(why).toContain("termination protection");
    const kept = namesOf({ name: "qa", organisation: "ol" });
    for (const name of [kept.bucket("landing"), kept.tableBucket, kept.ledgerTable])
      expect(
        retained.some((text) => text.endsWith(` ${name}`)),
        name,
      ).toBe(true);
  });
});
