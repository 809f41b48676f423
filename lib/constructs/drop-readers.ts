import { Stack } from "aws-cdk-lib";
import { ArnPrincipal, PolicyStatement } from "aws-cdk-lib/aws-iam";
import type { IKey } from "aws-cdk-lib/aws-kms";
import type { Bucket } from "aws-cdk-lib/aws-s3";
import type { DropReader } from "../environment.ts";

/** What lets consumers, in whatever account they are, read and list their own folder of the bucket of drops, and no more. */
export function letRead(
  bucket: Bucket,
  bucketName: string,
  key: IKey | undefined,
  readers: readonly DropReader[],
): void {
  for (const [index, { folder, principal }] of readers.entries()) {
    const reader = new ArnPrincipal(principal);
    bucket.addToResourcePolicy(
      new PolicyStatement({
        sid: `Reader${index}Objects`,
        principals: [reader],
        actions: ["s3:GetObject"],
        resources: [bucket.arnForObjects(`${folder}*`)],
      }),
    );
    bucket.addToResourcePolicy(
      new PolicyStatement({
        sid: `Reader${index}List`,
        principals: [reader],
        actions: ["s3:ListBucket"],
        resources: [bucket.bucketArn],
        conditions: { StringLike: { "s3:prefix": [folder, `${folder}*`] } },
      }),
    );
  }
  if (key === undefined || readers.length === 0) return;
  key.addToResourcePolicy(
    new PolicyStatement({
      sid: "DropReaders",
      principals: [...new Set(readers.map(({ principal }) => principal))].map(
        (principal) => new ArnPrincipal(principal),
      ),
      actions: ["kms:Decrypt"],
      resources: ["*"],
      // Objects of this bucket alone, on their way through S3: with a bucket key the context is the bucket. Its name is
      // literal, for the bucket names the key already.
      conditions: {
        StringEquals: {
          "kms:EncryptionContext:aws:s3:arn": `arn:${Stack.of(bucket).partition}:s3:::${bucketName}`,
          "kms:ViaService": `s3.${Stack.of(bucket).region}.amazonaws.com`,
        },
      },
    }),
  );
}
