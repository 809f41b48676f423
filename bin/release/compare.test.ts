import { describe, expect, it } from "vitest";
import { compareTemplates, isLoss } from "./compare.ts";
import { comparePermissions } from "./permissions.ts";
import { report } from "./report.ts";
import { loadResourceTypes } from "./resource-types.ts";
import { parseTemplate, type Templates } from "./template.ts";

const types = loadResourceTypes();
const stack = (Resources: Readonly<Record<string, unknown>>): Templates =>
  new Map([["millrace-qa-platform", parseTemplate("test", JSON.stringify({ Resources }))]]);
const compare = (before: Readonly<Record<string, unknown>>, after: Readonly<Record<string, unknown>>) =>
  compareTemplates(stack(before), stack(after), types);

const bucket = (BucketName: string, rest: Readonly<Record<string, unknown>> = {}) => ({
  Type: "AWS::S3::Bucket",
  Properties: { BucketName },
  DeletionPolicy: "Retain",
  UpdateReplacePolicy: "Retain",
  ...rest,
});
const policy = (...Statement: readonly unknown[]) => ({
  Type: "AWS::IAM::Policy",
  Properties: { PolicyName: "Task", PolicyDocument: { Version: "2012-10-17", Statement } },
});

describe("a comparison of templates", () => {
  it("finds nothing where only metadata or the order of keys differ", () => {
    const before = {
      Landing: bucket("landing"),
      CDKMetadata: { Type: "AWS::CDK::Metadata", Properties: { Analytics: 1 } },
    };
    const after = { Landing: { Metadata: { "aws:cdk:path": "x" }, ...bucket("landing") } };
    expect(compare(before, after)).toEqual([]);
  });

  it("calls a new name of a bucket what it is: another, empty bucket", () => {
    const [change] = compare({ Landing: bucket("landing") }, { Landing: bucket("landing-2") });
    expect(change).toMatchObject({ kind: "replaced", paths: ["BucketName"], fate: "kept, outside of the stack" });
    expect(change !== undefined && isLoss(change)).toBe(true);
    const [deleted] = compare(
      { Landing: bucket("landing", { UpdateReplacePolicy: "Delete" }) },
      { Landing: bucket("landing-2", { UpdateReplacePolicy: "Delete" }) },
    );
    expect(deleted).toMatchObject({ kind: "replaced", fate: "deleted" });
  });

  it.each([
    ["AWS::DynamoDB::GlobalTable", "KeySchema"],
    ["AWS::SecretsManager::Secret", "Name"],
    ["AWS::S3Tables::TableBucket", "TableBucketName"],
    ["AWS::RDS::DBCluster", "DBClusterIdentifier"],
    ["AWS::StepFunctions::StateMachine", "StateMachineName"],
  ])("knows that %s is replaced by another %s, and that data goes with it", (Type, property) => {
    const changes = compare(
      { It: { Type, Properties: { [property]: "a" } } },
      { It: { Type, Properties: { [property]: "b" } } },
    );
    expect(changes).toMatchObject([{ kind: "replaced", isStateful: true, paths: [property], fate: "deleted" }]);
  });

  it("changes in place what can be changed in place, and names every leaf", () => {
    const lambda = (Timeout: number, MILLRACE_BUS: string) => ({
      Type: "AWS::Lambda::Function",
      Properties: { FunctionName: "inspect", Timeout, Environment: { Variables: { MILLRACE_BUS, KEPT: "x" } } },
    });
    expect(compare({ It: lambda(30, "a") }, { It: lambda(60, "b") })).toMatchObject([
      { kind: "changed", name: "inspect", isStateful: false, paths: ["Timeout", "Environment.Variables.MILLRACE_BUS"] },
    ]);
  });

  it("follows a replacement to those who name it", () => {
    const stackOf = (name: string) => ({
      Key: { Type: "AWS::Lambda::Function", Properties: { FunctionName: name } },
      Version: { Type: "AWS::Lambda::Version", Properties: { FunctionName: { Ref: "Key" } } },
      Alias: {
        Type: "AWS::Lambda::Alias",
        Properties: { Name: "live", FunctionVersion: { "Fn::GetAtt": ["Version", "Version"] } },
      },
    });
    const kinds = compare(stackOf("a"), stackOf("b")).map(({ id, kind, paths }) => [id, kind, paths]);
    expect(kinds).toEqual([
      ["Key", "replaced", ["FunctionName"]],
      ["Version", "replaced", ["FunctionName"]],
      ["Alias", "changed", ["FunctionVersion"]],
    ]);
  });

  it("tells a removal that keeps the thing from one that does not; logs are copies", () => {
    const queue = { Type: "AWS::SQS::Queue", Properties: { QueueName: "dead-letters" } };
    const logs = { Type: "AWS::Logs::LogGroup", Properties: { LogGroupName: "/aws/lambda/x" } };
    const changes = compare({ Landing: bucket("landing"), Queue: queue, Logs: logs }, {});
    expect(changes.map((change) => [change.id, change.kind, change.fate, isLoss(change)])).toEqual([
      ["Landing", "removed", "kept, outside of the stack", true],
      ["Queue", "removed", "deleted", true],
      ["Logs", "removed", "deleted", false],
    ]);
  });

  it("takes a lost guard for a loss", () => {
    const table = (on: boolean, DeletionPolicy: string) => ({
      Type: "AWS::DynamoDB::GlobalTable",
      Properties: { TableName: "ledger", Replicas: [{ Region: "us-east-1", DeletionProtectionEnabled: on }] },
      DeletionPolicy,
      UpdateReplacePolicy: "Retain",
    });
    const [change] = compare({ Ledger: table(true, "Retain") }, { Ledger: table(false, "Delete") });
    expect(change).toMatchObject({
      kind: "changed",
      guardsLost: ["DeletionPolicy Retain -> Delete", "DeletionProtectionEnabled off"],
    });
    expect(change !== undefined && isLoss(change)).toBe(true);
  });
});

describe("a comparison of permissions", () => {
  const read = {
    Effect: "Allow",
    Action: ["s3:GetObject", "s3:PutObject"],
    Resource: { "Fn::GetAtt": ["Landing", "Arn"] },
  };

  it("shows single rights that come and go, in words", () => {
    const less = { ...read, Action: "s3:GetObject" };
    const trust = { Effect: "Allow", Action: "sts:AssumeRole", Principal: { Service: "lambda.amazonaws.com" } };
    const role = {
      Type: "AWS::IAM::Role",
      Properties: {
        AssumeRolePolicyDocument: { Statement: [trust] },
        ManagedPolicyArns: ["arn:aws:iam::aws:policy/X"],
      },
    };
    const changes = comparePermissions(stack({ Task: policy(read) }), stack({ Task: policy(less), Role: role }));
    expect(changes.map(({ sign, text }) => `${sign} ${text}`)).toEqual([
      "+ Managed policy arn:aws:iam::aws:policy/X (Role)",
      '+ Allow sts:AssumeRole to {"Service":"lambda.amazonaws.com"} (Role)',
      "- Allow s3:PutObject on <Landing.Arn> (Task)",
    ]);
  });

  it("sees a condition that is dropped", () => {
    const bound = { ...read, Action: "s3:ListBucket", Condition: { StringLike: { "s3:prefix": ["sources/*"] } } };
    const { Condition: _, ...free } = bound;
    const changes = comparePermissions(stack({ Task: policy(bound) }), stack({ Task: policy(free) }));
    expect(changes.map(({ sign }) => sign)).toEqual(["+", "-"]);
  });
});

it("a report begins with what could be lost, and never shortens it", () => {
  const many = (name: string): Readonly<Record<string, unknown>> => ({
    ...Object.fromEntries(Array.from({ length: 100 }, (_, at) => [`B${at}`, bucket(`${name}-${at}`)])),
    Function: { Type: "AWS::Lambda::Function", Properties: { FunctionName: "f", Timeout: name.length } },
  });
  const changes = compare(many("old"), many("newer"));
  const text = report(
    { environment: "qa", against: "x", changes, permissions: [], abandoned: ["millrace-qa-gone"] },
    false,
  );
  expect(text.match(/REPLACED/g)).toHaveLength(100);
  expect(text.indexOf("DATA AT RISK: 100")).toBeLessThan(text.indexOf("AWS::Lambda::Function f"));
  expect(text).toContain("| millrace-qa-platform | 0 | 1 | 100 | 0 |");
  expect(text).toContain("millrace-qa-gone: a deploy leaves it alone");
});
