import { CfnOutput, Duration, Stack } from "aws-cdk-lib";
import { PolicyStatement, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { Key } from "aws-cdk-lib/aws-kms";
import type { Construct } from "constructs";
import type { EnvironmentProps, Names } from "../environment.ts";
import { tableBucketArn } from "./literal-arns.ts";
import { dataRemoval } from "./removal.ts";

/**
 * The environment's own key, or undefined where AWS's keys do. It is for what holds data: buckets, tables, ledger,
 * secrets, database. Queues, topic, events and logs hold names of things and stay under AWS's keys: every service that
 * writes to them would need the key, and an alarm that cannot be sent is worse than one that AWS encrypts.
 */
export function encryptionKey(scope: Construct, environment: EnvironmentProps, names: Names): Key | undefined {
  if (environment.encryption === "aws") return undefined;
  const key = new Key(scope, "Key", {
    alias: names.keyAlias,
    description: `Millrace ${environment.name}: buckets, tables, ledger, secrets and database.`,
    enableKeyRotation: true,
    pendingWindow: Duration.days(30),
    removalPolicy: dataRemoval(environment),
  });
  key.addToResourcePolicy(
    new PolicyStatement({
      sid: "TableMaintenance",
      principals: [new ServicePrincipal("maintenance.s3tables.amazonaws.com")],
      actions: ["kms:Decrypt", "kms:GenerateDataKey"],
      resources: ["*"],
      // As AWS documents it; without it compaction stops, and nothing says so. The ARN names the account.
      conditions: {
        StringLike: { "kms:EncryptionContext:aws:s3:arn": `${tableBucketArn(Stack.of(scope), names)}/*` },
      },
    }),
  );
  new CfnOutput(scope, "KeyArn", { value: key.keyArn, exportName: names.keyExport });
  return key;
}
