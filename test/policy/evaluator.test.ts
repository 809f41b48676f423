import { describe, expect, it } from "vitest";
import { authorise, readPermissions, type Request } from "../../lib/checks/policy/authorise.ts";
import { conditionsHold } from "../../lib/checks/policy/conditions.ts";
import { matchesArn, matchesText, overlap } from "../../lib/checks/policy/pattern.ts";
import { deploy } from "../../lib/checks/policy/stacks.ts";

const ROLE = "arn:aws:iam::111122223333:role/one-Role";
const BUCKET = "arn:aws:s3:::drawer";
const read: Request = { as: { role: ROLE }, action: "s3:GetObject", resource: `${BUCKET}/a/b` };

/** One role with one policy, one bucket with one, and a key. */
function world(own: readonly object[], { bucket = [], key = [] }: { bucket?: object[]; key?: object[] } = {}) {
  const document = (Statement: readonly object[]) => ({ Version: "2012-10-17", Statement });
  return readPermissions({
    one: {
      Resources: {
        Role: { Type: "AWS::IAM::Role", Properties: { AssumeRolePolicyDocument: document([]) } },
        Policy: { Type: "AWS::IAM::Policy", Properties: { PolicyDocument: document(own), Roles: [{ Ref: "Role" }] } },
        Bucket: { Type: "AWS::S3::Bucket", Properties: { BucketName: "drawer" } },
        BucketPolicy: {
          Type: "AWS::S3::BucketPolicy",
          Properties: { Bucket: { Ref: "Bucket" }, PolicyDocument: document(bucket) },
        },
        Key: { Type: "AWS::KMS::Key", Properties: { KeyPolicy: document(key) } },
      },
      Outputs: {},
    },
  });
}
const allow = { Effect: "Allow", Action: "s3:GetObject", Resource: `${BUCKET}/a/*` };
const verdict = (permissions: ReturnType<typeof world>, request: Request): string => {
  const decision = authorise(permissions, request);
  return decision.allowed ? `allowed by ${decision.by}` : decision.because;
};

describe("the order of evaluation", () => {
  it("denies what nothing allows, and allows what one statement does", () => {
    expect(verdict(world([]), read)).toBe("no statement allows it");
    expect(verdict(world([allow]), read)).toBe("allowed by Policy statement 1");
    expect(verdict(world([{ ...allow, Action: ["S3:getobject"] }]), read)).toBe("allowed by Policy statement 1");
    expect(verdict(world([allow]), { ...read, resource: `${BUCKET}/b/a` })).toBe("no statement allows it");
    expect(verdict(world([allow]), { ...read, action: "s3:PutObject" })).toBe("no statement allows it");
  });

  it("lets an explicit deny win, wherever it is written", () => {
    const deny = { ...allow, Effect: "Deny" };
    expect(verdict(world([allow, deny]), read)).toBe("denied by Policy statement 2");
    const everybody = { ...deny, Principal: "*", Action: "s3:*", Resource: ["*"] };
    expect(verdict(world([allow], { bucket: [everybody] }), read)).toBe("denied by BucketPolicy statement 1");
    const tls = { ...everybody, Condition: { Bool: { "aws:SecureTransport": "false" } } };
    expect(verdict(world([allow], { bucket: [tls] }), read)).toBe("allowed by Policy statement 1");
    expect(verdict(world([allow], { bucket: [tls] }), { ...read, context: { "aws:SecureTransport": "false" } })).toBe(
      "denied by BucketPolicy statement 1",
    );
    const account = { ...deny, Principal: { AWS: "arn:aws:iam::111122223333:root" } };
    expect(verdict(world([allow], { bucket: [account] }), read)).toBe("denied by BucketPolicy statement 1");
  });

  it("lets a resource's policy allow a role or a service that it names, and not one that it does not", () => {
    const grant = { ...allow, Principal: { AWS: ROLE } };
    expect(verdict(world([], { bucket: [grant] }), read)).toBe("allowed by BucketPolicy statement 1");
    const account = { ...grant, Principal: { AWS: "111122223333" } };
    expect(verdict(world([], { bucket: [account] }), read)).toBe("no statement allows it");
    const service = { ...grant, Principal: { Service: "events.amazonaws.com" } };
    const asked = (name: string): string =>
      verdict(world([], { bucket: [service] }), { ...read, as: { service: name } });
    expect(asked("events.amazonaws.com")).toBe("allowed by BucketPolicy statement 1");
    expect(asked("sns.amazonaws.com")).toBe("no statement allows it");
  });

  it("asks a key's own policy as well", () => {
    const use = { Effect: "Allow", Action: "kms:Decrypt", Resource: "*" };
    const decrypt: Request = {
      as: { role: ROLE },
      action: "kms:Decrypt",
      resource: "arn:aws:kms:us-east-1:111122223333:key/one-Key",
    };
    const owner = { ...use, Action: "kms:*", Principal: { AWS: "arn:aws:iam::111122223333:root" } };
    expect(verdict(world([use]), decrypt)).toBe("the key's own policy does not allow it");
    expect(verdict(world([use], { key: [owner] }), decrypt)).toBe("allowed by Policy statement 1");
    expect(verdict(world([], { key: [owner] }), decrypt)).toBe("no statement allows it");
    expect(verdict(world([], { key: [{ ...use, Principal: { AWS: ROLE } }] }), decrypt)).toContain("Key statement 1");
  });

  it("reads NotAction and NotResource as everything else", () => {
    const { Action: _, ...rest } = allow;
    expect(verdict(world([{ ...rest, NotAction: "s3:PutObject" }]), read)).toContain("allowed");
    expect(verdict(world([{ ...rest, NotAction: "s3:Get*" }]), read)).toBe("no statement allows it");
    const { Resource: __, ...anywhere } = allow;
    expect(verdict(world([{ ...anywhere, NotResource: `${BUCKET}/b/*` }]), read)).toContain("allowed");
    expect(verdict(world([{ ...anywhere, NotResource: `${BUCKET}/a/*` }]), read)).toBe("no statement allows it");
  });

  it("believes no condition key that AWS does not send with the action", () => {
    const conditional = { ...allow, Condition: { StringLike: { "s3:prefix": ["a/*"] } } };
    const context = { "s3:prefix": "a/b" };
    expect(verdict(world([conditional]), { ...read, context })).toBe("no statement allows it");
    const list = { ...conditional, Action: "s3:ListBucket", Resource: BUCKET };
    const listing: Request = { ...read, action: "s3:ListBucket", resource: BUCKET };
    expect(verdict(world([list]), { ...listing, context })).toContain("allowed");
    expect(verdict(world([list]), listing)).toBe("no statement allows it");
  });
});

describe("what is not known is an error, never an answer", () => {
  it.each([
    [
      { Effect: "Allow", Action: "s3:GetObject", Resource: "*", Condition: { IpAddress: { "aws:SourceIp": "::1" } } },
      /operator IpAddress/,
    ],
    [{ ...allow, Condition: { StringEquals: { "aws:PrincipalArn": "${aws:userid}" } } }, /policy variable/],
    [{ ...allow, Elsewhere: "x" }, /cannot be read/],
    [{ ...allow, Resource: { "Fn::If": ["A", "b", "c"] } }, /uses Fn::If/],
    [{ ...allow, Resource: { "Fn::GetAtt": ["Role", "Nothing"] }, Effect: "Maybe" }, /cannot be read/],
  ])("%j", (statement, message) => {
    expect(() => authorise(world([statement]), read)).toThrow(message);
  });

  it("an action without an entry, a resource that the action is not authorised on, a role that is not there", () => {
    expect(() => authorise(world([]), { ...read, action: "s3:Juggle" })).toThrow(/actions.ts what AWS authorises/);
    expect(() => authorise(world([]), { ...read, resource: BUCKET })).toThrow(/does not authorise s3:GetObject/);
    expect(() => authorise(world([]), { ...read, as: { role: "arn:aws:iam::111122223333:role/x" } })).toThrow(
      /No template/,
    );
  });

  it("a policy of a kind that is not read", () => {
    const Resources = { Policy: { Type: "AWS::Events::EventBusPolicy", Properties: {} } };
    expect(() => readPermissions({ one: { Resources, Outputs: {} } })).toThrow(/EventBusPolicy are not read/);
  });
});

it.each([
  ["StringEquals", ["a"], "a", true],
  ["StringEquals", ["a"], "A", false],
  ["StringEquals", ["a"], undefined, false],
  ["StringEqualsIfExists", ["a"], undefined, true],
  ["StringNotEquals", ["a", "b"], "b", false],
  ["StringNotEquals", ["a", "b"], "c", true],
  ["StringNotEquals", ["a"], undefined, true],
  ["StringLike", ["a/*"], "a/b", true],
  ["StringLike", ["a/?"], "a/bc", false],
  ["ArnLike", ["arn:aws:sqs:*:1:q"], "arn:aws:sqs:us-east-1:1:q", true],
  ["ArnLike", ["arn:aws:sqs:*:q"], "arn:aws:sqs:us-east-1:1:q", false],
  ["NumericLessThan", ["1.2"], "1.1", true],
  ["NumericLessThan", ["1.2"], "1.2", false],
  ["Null", ["true"], undefined, true],
  ["Null", ["true"], "x", false],
  ["ForAllValues:StringLike", ["run", "run#*"], ["run", "run#1"], true],
  ["ForAllValues:StringLike", ["run", "run#*"], ["run", "lease"], false],
  // As AWS does: nothing asked for is nothing refused.
  ["ForAllValues:StringLike", ["run"], undefined, true],
  ["ForAnyValue:StringEquals", ["a"], ["b", "a"], true],
  ["ForAnyValue:StringEquals", ["a"], undefined, false],
] as const)("%s %j of %j is %s", (operator, wanted, given, expected) => {
  const context = given === undefined ? {} : { KEY: given };
  expect(conditionsHold({ [operator]: { key: wanted } }, context)).toBe(expected);
});

it("wildcards stay within their part of an ARN; special characters mean themselves", () => {
  expect(matchesArn("arn:aws:s3:::a*", "arn:aws:s3:::abc/d:e")).toBe(true);
  expect(matchesArn("arn:aws:*", "arn:aws:s3:::abc")).toBe(false);
  expect(matchesText("a.b(c)*", "a.b(c)d")).toBe(true);
  expect(matchesText("a.b", "axb")).toBe(false);
});

it("knows whether a pattern can name a kind of resource", () => {
  expect(overlap("arn:aws:s3:::drawer/a/*", "arn:aws:s3:::*/**")).toBe(true);
  expect(overlap("arn:aws:s3:::drawer", "arn:aws:s3:::*/**")).toBe(false);
  expect(overlap("arn:aws:s3:::drawer/a/*", "arn:aws:s3:::*")).toBe(false);
  expect(overlap("arn:aws:s3tables:us-east-1:1:bucket/b/table/*", "arn:aws:s3tables:*:*:bucket/*")).toBe(false);
  expect(overlap("arn:aws:s3tables:us-east-1:1:bucket/b/*", "arn:aws:s3tables:*:*:bucket/*/table/*")).toBe(true);
});

it("resolves references between the stacks of an environment", () => {
  const [, user] = deploy({
    platform: {
      Resources: { Queue: { Type: "AWS::SQS::Queue", Properties: {} } },
      Outputs: {
        Out: { Value: { "Fn::GetAtt": ["Queue", "Arn"] }, Export: { Name: { "Fn::Sub": "q-${AWS::Region}" } } },
      },
    },
    domain: {
      Resources: {
        User: {
          Type: "Any",
          Properties: {
            Arn: { "Fn::ImportValue": "q-us-east-1" },
            Part: { "Fn::Select": [5, { "Fn::Split": [":", { "Fn::ImportValue": "q-us-east-1" }] }] },
            Sub: { "Fn::Sub": "${AWS::AccountId}/${User}/${!Literal}" },
          },
        },
      },
      Outputs: {},
    },
  });
  expect(user?.property("Arn")).toBe("arn:aws:sqs:us-east-1:111122223333:platform-Queue");
  expect(user?.property("Part")).toBe("platform-Queue");
  expect(user?.property("Sub")).toBe("111122223333/domain-User/${Literal}");
});
