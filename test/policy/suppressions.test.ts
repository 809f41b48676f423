import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import * as z from "zod";
import { synthesised } from "./assembly.ts";

let assembly: ReturnType<typeof synthesised>;
beforeAll(() => {
  assembly = synthesised();
});
afterAll(() => assembly.remove());

const Metadata = z.record(z.string(), z.array(z.looseObject({ type: z.string(), data: z.unknown() })));
const Acknowledged = z.record(z.string(), z.string());

/** Every finding of cdk-nag that is accepted, with its construct (`/qa/openedx/DeadLetters`) and its reason. */
const accepted = () =>
  globSync(join(assembly.folder, "assembly-*", "*.metadata.json")).flatMap((path) =>
    Object.entries(Metadata.parse(JSON.parse(readFileSync(path, "utf8")))).flatMap(([construct, entries]) =>
      entries
        .filter(({ type }) => type === "aws:cdk:acknowledged-rules")
        .flatMap(({ data }) =>
          Object.entries(Acknowledged.parse(data)).map(([rule, reason]) => ({
            rule: rule.replace(/^Annotation::/, ""),
            reason,
            construct,
          })),
        )
        // The CDK accepts findings of its own validation on its own constructs.
        .filter(({ rule }) => /^(AwsSolutions|Serverless)-/.test(rule)),
    ),
  );

it("every accepted finding, with its reason", () => {
  const rows = accepted().map(({ rule, reason }) => `${rule.replace(/\[.*/s, "[one resource]")} | ${reason}`);
  expect(`\n${[...new Set(rows)].sort().join("\n")}\n`).toMatchInlineSnapshot(`
    "
    AwsSolutions-ECS2 | The variables are names of resources; secrets are read when the task runs.
    AwsSolutions-IAM5[one resource] | A container has its ARN only once it runs.
    AwsSolutions-IAM5[one resource] | A task has its ARN only once it runs.
    AwsSolutions-IAM5[one resource] | ARNs of tables hold a generated id; a condition names the namespaces.
    AwsSolutions-IAM5[one resource] | Alarms are looked up by name in a list, which is allowed as a whole.
    AwsSolutions-IAM5[one resource] | Every table of the declared namespaces: which there are, the tasks decide.
    AwsSolutions-IAM5[one resource] | Everything below the declared key prefix.
    AwsSolutions-IAM5[one resource] | Getting a registry token has no resource-level permission.
    AwsSolutions-IAM5[one resource] | Log delivery and tracing have no resource-level permissions.
    AwsSolutions-IAM5[one resource] | The ARN of a stack ends in a generated id.
    AwsSolutions-IAM5[one resource] | Tracing has no resource-level permission.
    AwsSolutions-IAM5[one resource] | Which runs a domain has is known only once they run.
    AwsSolutions-RDS10 | This environment keeps no data.
    AwsSolutions-RDS11 | Only the proxy's security group reaches it, and the proxy has no other port.
    AwsSolutions-RDS3 | This environment keeps no data.
    AwsSolutions-S1 | It is itself the bucket of the access logs.
    AwsSolutions-SF1 | A start that succeeds is on record as the run that it started; logging it again would cost more than the start.
    AwsSolutions-SF1 | What it does is on record in the ledger; its errors are logged.
    AwsSolutions-SMG4 | The system that issued the value decides when it changes.
    AwsSolutions-SQS3 | It is itself the dead-letter queue.
    AwsSolutions-VPC7 | AWS::EC2::FlowLog is no resource type it knows.
    Serverless-LambdaAsyncFailureDestination | Called synchronously by its state machine: a failure is the state's, which records it. There is no asynchronous edge.
    Serverless-LambdaDLQ | Called synchronously by its state machine: a failure is the state's, which records it. There is no asynchronous edge.
    Serverless-LambdaStarPermissions | Every wildcard is accepted one by one, with its reason.
    Serverless-SQSRedrivePolicy | It is itself the dead-letter queue.
    "
  `);
});

it("no finding is accepted for a whole stack, or without a sentence", () => {
  const all = accepted();
  expect(all.length).toBeGreaterThan(50);
  expect(all.filter(({ construct }) => construct.split("/").length < 4).map(({ construct }) => construct)).toEqual([]);
  expect(all.filter(({ reason }) => !/^.{20,}\.$/s.test(reason)).map(({ reason }) => reason)).toEqual([]);
  // A wildcard is accepted one resource at a time.
  expect(all.filter(({ rule }) => rule === "AwsSolutions-IAM5")).toEqual([]);
});
