import type { Names } from "../environment.ts";

/** A stack is one; so is what an operator's credentials lead to. */
export interface Place {
  readonly account: string;
  readonly region: string;
  /** `aws`, `aws-us-gov`, … */
  readonly partition: string;
}

export const tableBucketArn = ({ account, region, partition }: Place, names: Names): string =>
  `arn:${partition}:s3tables:${region}:${account}:bucket/${names.tableBucket}`;

export const machineArn = ({ account, region, partition }: Place, names: Names, domain: string): string =>
  `arn:${partition}:states:${region}:${account}:stateMachine:${names.machine(domain)}`;
