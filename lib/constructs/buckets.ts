import { Duration, RemovalPolicy } from "aws-cdk-lib";
import { CfnTableBucket } from "aws-cdk-lib/aws-s3tables";
import {
  BlockPublicAccess,
  Bucket,
  BucketEncryption,
  CfnBucket,
  ObjectOwnership,
  StorageClass,
} from "aws-cdk-lib/aws-s3";
import type { LifecycleRule } from "aws-cdk-lib/aws-s3";
import { Construct } from "constructs";
import type { BucketRole } from "../../core/model/pipeline.ts";
import type { EnvironmentProps, Names } from "../environment.ts";
import { acknowledge } from "./acknowledge.ts";

const ABANDONED: LifecycleRule = { id: "abandoned-uploads", abortIncompleteMultipartUploadAfter: Duration.days(7) };
const OLD_VERSIONS: LifecycleRule = { id: "old-versions", noncurrentVersionExpiration: Duration.days(30) };

/** Landing and quarantine keep every version for good; the others can be rebuilt. */
const LIFECYCLE: Readonly<Record<BucketRole, readonly LifecycleRule[]>> = {
  landing: [
    ABANDONED,
    {
      id: "cold-objects",
      transitions: [{ storageClass: StorageClass.INTELLIGENT_TIERING, transitionAfter: Duration.days(30) }],
    },
  ],
  lake: [ABANDONED, OLD_VERSIONS, { id: "staged-rows", prefix: "staging/", expiration: Duration.days(7) }],
  quarantine: [ABANDONED],
  artifacts: [ABANDONED, OLD_VERSIONS],
};

/** The four object buckets and the bucket of Iceberg tables. */
export class Buckets extends Construct {
  constructor(scope: Construct, id: string, environment: EnvironmentProps, names: Names) {
    super(scope, id);
    const removalPolicy = environment.retainData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY;
    const common = {
      encryption: BucketEncryption.S3_MANAGED,
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      removalPolicy,
    };
    const accessLogs = new Bucket(this, "AccessLogs", {
      ...common,
      bucketName: names.bucket("access-logs"),
      lifecycleRules: [ABANDONED, { id: "old-logs", expiration: Duration.days(environment.logRetentionDays) }],
    });
    acknowledge(accessLogs, "It is itself the bucket of the access logs.", "AwsSolutions-S1");
    for (const role of ["landing", "lake", "quarantine", "artifacts"] as const) {
      const bucket = new Bucket(this, role.charAt(0).toUpperCase() + role.slice(1), {
        ...common,
        bucketName: names.bucket(role),
        versioned: true,
        lifecycleRules: [...LIFECYCLE[role]],
        // @ts-expect-error CDK declares `isWebsite?: boolean` in the interface and `boolean | undefined` in the class.
        serverAccessLogsBucket: accessLogs,
        serverAccessLogsPrefix: `${role}/`,
      });
      if (role === "landing") sendEvents(bucket);
    }
    new CfnTableBucket(this, "Tables", {
      tableBucketName: names.tableBucket,
      unreferencedFileRemoval: { status: "Enabled", unreferencedDays: 3, noncurrentDays: 10 },
    }).applyRemovalPolicy(removalPolicy);
  }
}

/** `eventBridgeEnabled` of the construct deploys a function of its own to set this one property. */
function sendEvents(bucket: Bucket): void {
  const resource = bucket.node.defaultChild;
  if (!(resource instanceof CfnBucket))
    throw new Error("The construct of a bucket no longer has a bucket as its child.");
  resource.notificationConfiguration = { eventBridgeConfiguration: { eventBridgeEnabled: true } };
}
