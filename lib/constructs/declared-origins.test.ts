import { expect, it } from "vitest";
import type { OriginDeclarations } from "../../core/model/origins.ts";
import { definePipeline, type TaskDeclaration } from "../../core/model/pipeline.ts";
import { refuseMissingOrigins } from "./declared-origins.ts";
import { grantsOf } from "./grants.ts";

const task: TaskDeclaration = {
  description: "Reads.",
  handler: "demo/read",
  compute: { kind: "lambda", memoryMb: 512, timeoutSeconds: 60 },
  origins: ["theirs"],
};
const pipeline = definePipeline({
  ...{ domain: "demo", description: "Reads.", jobs: { read: { description: "Reads.", exampleInput: {} } } },
  tasks: { Read: task },
  triggers: [
    {
      ...{ kind: "schedule", id: "daily", description: "Daily.", job: "read", expression: "cron(0 1 * * ? *)" },
      ...{ timeZone: "UTC", environments: ["qa"], misfire: "skip" },
    },
  ],
  ...{ assets: [], lanes: [] },
});
const gcs: OriginDeclarations = { theirs: { kind: "gcs", bucket: "their-bucket", secret: "gcs/theirs" } };

it("refuses an environment whose clock would read what is not declared, and no other", () => {
  const refuse = (props: Parameters<typeof refuseMissingOrigins>[0]) => () => refuseMissingOrigins(props, [pipeline]);
  expect(refuse({ name: "qa", schedules: true, origins: {} })).toThrow(/"qa" declares no origin theirs of demo/);
  expect(refuse({ name: "qa", schedules: true, origins: gcs })).not.toThrow();
  expect(refuse({ name: "qa", schedules: false, origins: {} })).not.toThrow();
  expect(refuse({ name: "dev", schedules: true, origins: {} })).not.toThrow();
});

const kinds: [string, OriginDeclarations, (readonly [string, unknown])[]][] = [
  ["a secret", gcs, [["read secret", { kind: "secret", role: "gcs/theirs" }]]],
  [
    "a role",
    { theirs: { kind: "s3", bucket: "their-bucket", roleArn: "arn:aws:iam::000000000002:role/r" } },
    [["assume role", { kind: "foreign", arn: "arn:aws:iam::000000000002:role/r" }]],
  ],
  [
    "a bucket whose policy lets us in",
    { theirs: { kind: "s3", bucket: "their-bucket" } },
    [
      ["list objects", { kind: "foreign", arn: "arn:aws:s3:::their-bucket" }],
      ["read objects", { kind: "foreign", arn: "arn:aws:s3:::their-bucket/*" }],
    ],
  ],
  ["a web server", { theirs: { kind: "http", address: "https://files.example.org", files: ["a"] } }, []],
  ["nothing that is declared", {}, []],
];

it.each(kinds)("grants what reading %s takes, and nothing else", (_, origins, expected) => {
  const choices = { lake: "s3tables", dbt: "duckdb", encryption: "aws", origins } as const;
  const without = grantsOf("demo", { ...task, origins: [] }, choices).length;
  const granted = grantsOf("demo", task, choices);
  expect(granted.length - without).toBe(expected.length);
  for (const [can, resource] of expected) expect(granted).toContainEqual({ can, resource });
});

it("lets the task use the environment's own key for the secret", () => {
  const choices = { lake: "s3tables", dbt: "duckdb", encryption: "own", origins: gcs } as const;
  expect(grantsOf("demo", task, choices)).toContainEqual(
    expect.objectContaining({ can: "decrypt", via: ["secretsmanager"] }),
  );
});
