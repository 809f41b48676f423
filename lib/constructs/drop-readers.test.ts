import { App, Stack } from "aws-cdk-lib";
import { Match, Template } from "aws-cdk-lib/assertions";
import featureFlags from "aws-cdk-lib/recommended-feature-flags.json" with { type: "json" };
import { describe, expect, it } from "vitest";
import { environmentOf } from "../../bin/environments.ts";
import { namesOf, type DropReader } from "../environment.ts";
import { Buckets } from "./buckets.ts";
import { encryptionKey } from "./encryption-key.ts";

const LOADER = "arn:aws:iam::444455556666:role/irx-loader";
const NAME = "millrace-production-ol-drops";

function statements(dropReaders: readonly DropReader[]) {
  const environment = { ...environmentOf("production"), dropReaders };
  const stack = new Stack(new App({ analyticsReporting: false, context: featureFlags }), "Stack");
  const names = namesOf(environment);
  const key = encryptionKey(stack, environment, names);
  new Buckets(stack, "Buckets", environment, names, key);
  const template = Template.fromStack(stack);
  const [bucket = ""] = Object.keys(template.findResources("AWS::S3::Bucket", { Properties: { BucketName: NAME } }));
  const policies = template.findResources("AWS::S3::BucketPolicy", { Properties: { Bucket: { Ref: bucket } } });
  const [policy] = Object.values(policies);
  return { template, of: (policy?.["Properties"].PolicyDocument.Statement ?? []) as readonly Statement[] };
}

interface Statement {
  readonly Sid?: string;
  readonly Effect: string;
  readonly Action: unknown;
  readonly Principal: unknown;
  readonly Resource: unknown;
  readonly Condition?: Readonly<Record<string, unknown>>;
}

describe("readers of the drops", () => {
  it("read and list their own folder, and are excepted from what keeps other accounts out", () => {
    const { of, template } = statements([{ folder: "irx-drop-mitx/", principal: LOADER }]);
    const allowed = of.filter(({ Effect }) => Effect === "Allow");
    expect(allowed.map(({ Action, Principal, Condition }) => [Action, Principal, Condition])).toEqual([
      ["s3:GetObject", { AWS: LOADER }, undefined],
      ["s3:ListBucket", { AWS: LOADER }, { StringLike: { "s3:prefix": ["irx-drop-mitx/", "irx-drop-mitx/*"] } }],
    ]);
    expect(JSON.stringify(allowed[0]?.Resource)).toContain("/irx-drop-mitx/*");
    const others = of.find(({ Sid }) => Sid === "OtherAccounts");
    expect(others?.Condition).toMatchObject({ ArnNotEquals: { "aws:PrincipalArn": [LOADER] } });
    template.hasResourceProperties("AWS::KMS::Key", {
      KeyPolicy: {
        Statement: Match.arrayWith([
          Match.objectLike({ Sid: "DropReaders", Action: "kms:Decrypt", Principal: { AWS: LOADER } }),
        ]),
      },
    });
    expect(JSON.stringify(template.toJSON())).toContain(`:s3:::${NAME}`);
  });

  it("are nobody where none is declared", () => {
    const { of, template } = statements([]);
    expect(of.filter(({ Effect }) => Effect === "Allow")).toEqual([]);
    expect(of.find(({ Sid }) => Sid === "OtherAccounts")?.Condition).not.toHaveProperty("ArnNotEquals");
    expect(JSON.stringify(template.toJSON())).not.toContain("DropReaders");
  });
});
