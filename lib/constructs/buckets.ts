import { Duration, Stack } from "aws-cdk-lib";
import { AnyPrincipal, Effect, PolicyStatement } from "aws-cdk-lib/aws-iam";
import type { IKey } from "aws-cdk-lib/aws-kms";
import {
  BlockPublicAccess,
  Bucket,
  BucketEncryption,
  CfnBucket,
  ObjectLockRetention,
  ObjectOwnership,
  StorageClass,
} from "aws-cdk-lib/aws-s3";
import type { LifecycleRule } from "aws-cdk-lib/aws-s3";
import { Construct } from "constructs";
import type { BucketRole } from "../../core/model/pipeline.ts";
import type { DropReader, EnvironmentProps, Names } from "../environment.ts";
import { QUERY_RESULTS } from "../lake-layout.ts";
import { acknowledge } from "./acknowledge.ts";
import { letRead } from "./drop-readers.ts";
import { dataRemoval } from "./removal.ts";

/** Longer than any attempt may go on with an upload that an earlier one began. */
const ABANDONED: LifecycleRule = { id: "abandoned-uploads", abortIncompleteMultipartUploadAfter: Duration.days(2) };
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
  artifacts: [
    ABANDONED,
    OLD_VERSIONS,
    // A delivered drop lies among the drops; one that was not is of no use the week after.
    { id: "staged-drops", prefix: "drops/", expiration: Duration.days(7) },
    { id: "query-results", prefix: QUERY_RESULTS.prefix, expiration: Duration.days(7) },
  ],
  drops: [ABANDONED, OLD_VERSIONS],
};

/** The object buckets, and the one of their access logs. */
export class Buckets extends Construct {
  constructor(scope: Construct, id: string, environment: EnvironmentProps, names: Names, key: IKey | undefined) {
    super(scope, id);
    const { dropReaders: readers = [] } = environment;
    const common = {
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      removalPolicy: dataRemoval(environment),
    };
    const accessLogs = new Bucket(this, "AccessLogs", {
      ...common,
      // S3 delivers access logs to no bucket under a key of the customer.
      encryption: BucketEncryption.S3_MANAGED,
      bucketName: names.bucket("access-logs"),
      lifecycleRules: [ABANDONED, { id: "old-logs", expiration: Duration.days(environment.logRetentionDays) }],
    });
    acknowledge(accessLogs, "It is itself the bucket of the access logs.", "AwsSolutions-S1");
    for (const role of ["landing", "lake", "quarantine", "artifacts", "drops"] as const) {
      const bucket = new Bucket(this, role.charAt(0).toUpperCase() + role.slice(1), {
        ...common,
        ...(key === undefined
          ? { encryption: BucketEncryption.S3_MANAGED }
          : // One data key for many objects: a call to KMS for each would cost more than the requests to S3.
            { encryption: BucketEncryption.KMS, encryptionKey: key, bucketKeyEnabled: true }),
        bucketName: names.bucket(role),
        versioned: true,
        lifecycleRules: [...LIFECYCLE[role]],
        // @ts-expect-error CDK declares `isWebsite?: boolean` in the interface and `boolean | undefined` in the class.
        serverAccessLogsBucket: accessLogs,
        serverAccessLogsPrefix: `${role}/`,
        ...(role === "landing" ? locked(environment) : {}),
      });
      if (role === "landing") sendEvents(bucket);
      // Sources in other accounts deliver to the landing bucket; nobody delivers to the others.
      else bucket.addToResourcePolicy(noOtherAccount(bucket, role === "drops" ? readers : []));
      if (role === "drops") letRead(bucket, names.bucket(role), key, readers);
      if (key !== undefined) for (const statement of noOtherKey(bucket, key)) bucket.addToResourcePolicy(statement);
    }
  }
}

/** Governance mode: whoever may bypass it must say so in the call, and CloudTrail has it. */
const locked = ({ objectLockDays: days }: EnvironmentProps) =>
  days === undefined
    ? {}
    : {
        objectLockEnabled: true,
        objectLockDefaultRetention: ObjectLockRetention.governance(Duration.days(days)),
      };

/** But for those whom a statement beside it lets in. */
const noOtherAccount = (bucket: Bucket, readers: readonly DropReader[]): PolicyStatement =>
  deny("OtherAccounts", ["s3:*"], [bucket.bucketArn, bucket.arnForObjects("*")], {
    StringNotEquals: { "aws:PrincipalAccount": Stack.of(bucket).account },
    Bool: { "aws:PrincipalIsAWSService": "false" },
    ...(readers.length === 0
      ? {}
      : { ArnNotEquals: { "aws:PrincipalArn": [...new Set(readers.map(({ principal }) => principal))] } }),
  });

/** Who names no encryption gets the bucket's; nobody may name another. */
const noOtherKey = (bucket: Bucket, key: IKey): readonly PolicyStatement[] =>
  [
    ["OtherEncryption", "s3:x-amz-server-side-encryption", "aws:kms"],
    ["OtherKey", "s3:x-amz-server-side-encryption-aws-kms-key-id", key.keyArn],
  ].map(([sid = "", header = "", value]) =>
    deny(sid, ["s3:PutObject"], [bucket.arnForObjects("*")], {
      StringNotEquals: { [header]: value },
      Null: { [header]: "false" },
    }),
  );

const deny = (sid: string, actions: string[], resources: string[], conditions: Record<string, unknown>) =>
  new PolicyStatement({ sid, effect: Effect.DENY, principals: [new AnyPrincipal()], actions, resources, conditions });

/** `eventBridgeEnabled` of the construct deploys a function of its own to set this one property. */
function sendEvents(bucket: Bucket): void {
  const resource = bucket.node.defaultChild;
  if (!(resource instanceof CfnBucket))
    throw new Error("The construct of a bucket no longer has a bucket as its child.");
  resource.notificationConfiguration = { eventBridgeConfiguration: { eventBridgeEnabled: true } };
}
