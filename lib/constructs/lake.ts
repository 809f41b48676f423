import { Stack } from "aws-cdk-lib";
import { CfnDatabase } from "aws-cdk-lib/aws-glue";
import type { IKey } from "aws-cdk-lib/aws-kms";
import { CfnNamespace, CfnTableBucket } from "aws-cdk-lib/aws-s3tables";
import { Construct } from "constructs";
import type { Pipeline } from "../../core/model/pipeline.ts";
import { pascal, type EnvironmentProps, type Names } from "../environment.ts";
import { lakePrefix } from "../lake-layout.ts";
import { dataRemoval } from "./removal.ts";

export interface LakeProps {
  readonly environment: EnvironmentProps;
  readonly names: Names;
  /** The namespaces that their tasks declare are made here: no task may make one. */
  readonly pipelines: readonly Pipeline[];
  readonly key: IKey | undefined;
}

/**
 * The catalogue of the Iceberg tables; tasks make the tables.
 *
 * S3 Tables: a table bucket, which AWS keeps compact. It has no public access and no plain HTTP to forbid, and no
 * policy, so nobody of another account is let in.
 *
 * Glue: databases over the lake bucket. Their names are those of the namespaces, and a catalogue has one set of them
 * per account and Region: such an environment needs an account of its own. Glue compacts a table only by a
 * TableOptimizer of that table, which can be made once the table is there.
 */
export class Lake extends Construct {
  constructor(scope: Construct, id: string, { environment, names, pipelines, key }: LakeProps) {
    super(scope, id);
    const removalPolicy = dataRemoval(environment);
    const namespaces = namespacesOf(pipelines);
    if (environment.lake === "glue") {
      for (const name of namespaces) {
        new CfnDatabase(this, `Database${pascal(name)}`, {
          catalogId: Stack.of(this).account,
          databaseInput: {
            name,
            description: `Millrace ${environment.name}: Iceberg tables of ${name}.`,
            locationUri: `s3://${names.bucket("lake")}/${lakePrefix(name)}`,
          },
        }).applyRemovalPolicy(removalPolicy);
      }
      return;
    }
    const bucket = new CfnTableBucket(this, "Tables", {
      tableBucketName: names.tableBucket,
      unreferencedFileRemoval: { status: "Enabled", unreferencedDays: 3, noncurrentDays: 10 },
      ...(key === undefined ? {} : { encryptionConfiguration: { sseAlgorithm: "aws:kms", kmsKeyArn: key.keyArn } }),
    });
    bucket.applyRemovalPolicy(removalPolicy);
    for (const namespace of namespaces) {
      new CfnNamespace(this, `Namespace${pascal(namespace)}`, {
        namespace,
        tableBucketArn: bucket.attrTableBucketArn,
      }).applyRemovalPolicy(removalPolicy);
    }
  }
}

const namespacesOf = (pipelines: readonly Pipeline[]): readonly string[] => {
  const lakes = pipelines.flatMap(({ tasks }) => Object.values(tasks).map(({ lake = {} }) => lake));
  return [...new Set(lakes.flatMap(({ reads = [], writes = [] }) => [...reads, ...writes]))].sort();
};
