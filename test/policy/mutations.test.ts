import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readPermissions } from "../../lib/checks/policy/authorise.ts";
import { lintPermissions } from "../../lib/checks/policy/lint.ts";
import type { Stacks } from "../../lib/checks/policy/stacks.ts";
import { domains } from "../../state-machines/index.ts";
import { synthesised } from "./assembly.ts";
import { questionsOf, wrongAnswers } from "./questions.ts";

/** The checks can fail: each mutation is a mistake that somebody could make, in a copy of the real templates. */
let assembly: ReturnType<typeof synthesised>;
beforeAll(() => {
  assembly = synthesised(["dev"]);
});
afterAll(() => assembly.remove());

interface LooseStatement {
  Effect: string;
  Action: string | string[];
  Resource?: unknown;
  Principal?: unknown;
  Condition?: Record<string, Record<string, unknown>>;
}

const questions = questionsOf(
  "dev",
  domains.map(({ pipeline }) => pipeline),
  { lake: "s3tables", dbt: "duckdb" },
);

/** Changes the first statement of that action in the policies of that logical id, and says what the checks find. */
function mutate(policy: RegExp, action: string, change: (statement: LooseStatement) => void): readonly string[] {
  const stacks = structuredClone<Stacks>(assembly.stacks("dev"));
  const statements = Object.values(stacks).flatMap(({ Resources }) =>
    Object.entries(Resources)
      .filter(([id]) => policy.test(id))
      .flatMap(([, { Properties }]) => {
        const document = Properties["PolicyDocument"] ?? Properties["AssumeRolePolicyDocument"];
        return (document as { Statement: LooseStatement[] }).Statement;
      }),
  );
  const found = statements.find(({ Action }) => [Action].flat().includes(action));
  if (found === undefined) throw new Error(`No statement of ${String(policy)} has ${action}.`);
  change(found);
  const permissions = readPermissions(stacks);
  return [
    ...wrongAnswers(permissions, questions),
    ...lintPermissions(permissions, "dev").map(({ at, message }) => `${at}: ${message}`),
  ];
}

describe("a statement that is wider than its declaration is found", () => {
  it.each<[string, RegExp, string, (statement: LooseStatement) => void, RegExp]>([
    [
      "a whole bucket",
      /^InspectLogRoleDefault/,
      "s3:GetObject",
      (s) => (s.Resource = "arn:aws:s3:::millrace-dev-ol-landing/*"),
      /not declared, and allowed/,
    ],
    [
      "another environment",
      /^InspectLogRoleDefault/,
      "s3:GetObject",
      (s) => (s.Resource = "arn:aws:s3:::millrace-*-ol-landing/sources/*"),
      /too wide/,
    ],
    [
      "one more action",
      /^InspectLogRoleDefault/,
      "s3:GetObject",
      (s) => (s.Action = [s.Action, "s3:DeleteObject"].flat()),
      /s3:DeleteObject on .* not declared, and allowed/,
    ],
    ["a wildcard action", /^InspectLogRoleDefault/, "s3:GetObject", (s) => (s.Action = "s3:*"), /is a wildcard/],
    [
      "every secret",
      /^NotifyLearnRoleDefault/,
      "secretsmanager:GetSecretValue",
      (s) => (s.Resource = "*"),
      /although AWS lets it name/,
    ],
    [
      "a listing without its condition",
      /^NotifyLearnRoleDefault/,
      "s3:ListBucket",
      (s) => delete s.Condition,
      /ListBucket on .* not declared/,
    ],
    [
      "events of another source",
      /^AnnounceRoleDefault/,
      "events:PutEvents",
      (s) => delete s.Condition?.["StringEquals"]?.["events:source"],
      /aws\.s3.* not declared/,
    ],
    [
      "every namespace",
      /^CommitRowsRoleDefault/,
      "s3tables:PutTableData",
      (s) => delete s.Condition,
      /s3tables:PutTableData .* not declared/,
    ],
    [
      "another domain's machine",
      /^BuildModelsRoleDefault/,
      "states:SendTaskSuccess",
      (s) => (s.Resource = "arn:aws:states:us-east-1:111122223333:stateMachine:millrace-dev-*"),
      /SendTaskSuccess .*openedx is not declared/,
    ],
    [
      "everything but",
      /^MarkStaleRoleDefault/,
      "dynamodb:GetItem",
      (s) => Object.assign(s, { Action: undefined, NotAction: "iam:*" }),
      /everything but/,
    ],
  ])("%s", (_name, policy, action, change, message) => {
    expect(mutate(policy, action, change).join("\n")).toMatch(message);
  });
});

describe("a statement that is narrower than its declaration, or never applies, is found", () => {
  it.each<[string, RegExp, string, (statement: LooseStatement) => void, RegExp]>([
    [
      "a missing action",
      /^CommitRowsRoleDefault/,
      "s3tables:PutTableData",
      (s) => (s.Action = "s3tables:DeleteTable"),
      /PutTableData .* is declared, and denied/,
    ],
    [
      "an explicit deny",
      /^AnnounceRoleDefault/,
      "events:PutEvents",
      (s) => (s.Effect = "Deny"),
      /is declared, and denied: denied by/,
    ],
    [
      "a bucket's action on its objects",
      /^NotifyLearnRoleDefault/,
      "s3:ListBucket",
      (s) => (s.Resource = "arn:aws:s3:::millrace-dev-ol-landing/*"),
      /never allowed: it is authorised on/,
    ],
    [
      "a key that AWS does not send",
      /^CommitRowsRoleDefault/,
      "s3tables:GetTableBucket",
      (s) => (s.Condition = { StringEquals: { "s3tables:namespace": ["raw"] } }),
      /never allowed: AWS does not send/,
    ],
    [
      "a name for what has none",
      /^MarkStaleRoleDefault/,
      "xray:PutTraceSegments",
      (s) => (s.Resource = "arn:aws:xray:us-east-1:111122223333:group/x"),
      /AWS accepts only \*/,
    ],
    [
      "buckets without TLS",
      /^BucketsLandingPolicy/,
      "s3:*",
      (s) => Object.assign(s, { Effect: "Allow", Condition: {} }),
      /everybody is let in|not declared, and allowed/,
    ],
  ])("%s", (_name, policy, action, change, message) => {
    expect(mutate(policy, action, change).join("\n")).toMatch(message);
  });
});

describe("a role that somebody else could take is found", () => {
  it.each<[string, RegExp, (statement: LooseStatement) => void, RegExp]>([
    [
      "a service for any account",
      /^MachineRole[A-F0-9]+$/,
      (s) => delete s.Condition,
      /may take the role for any account/,
    ],
    ["everybody", /^MachineRole[A-F0-9]+$/, (s) => (s.Principal = "*"), /can be taken by AWS \*/],
    [
      "another account",
      /^InspectLogRole[A-F0-9]+$/,
      (s) => (s.Principal = { AWS: "arn:aws:iam::999988887777:root" }),
      /can be taken by AWS/,
    ],
  ])("%s", (_name, role, change, message) => {
    expect(mutate(role, "sts:AssumeRole", change).join("\n")).toMatch(message);
  });
});
