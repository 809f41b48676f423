import { CfnWorkGroup } from "aws-cdk-lib/aws-athena";
import type { IKey } from "aws-cdk-lib/aws-kms";
import type { Construct } from "constructs";
import type { EnvironmentProps, Names } from "../environment.ts";
import { QUERY_RESULTS } from "../lake-layout.ts";

/** A query that would read more is stopped: about half a dollar at 5 USD a TB. */
const MOST_BYTES = 100 * 2 ** 30;

/**
 * Where people and, if it is chosen, dbt query the lake. It costs nothing by itself, so it is always there. Clients
 * cannot choose another place for results, another key or a higher limit.
 */
export function athenaWorkGroup(
  scope: Construct,
  { name, retainData }: EnvironmentProps,
  names: Names,
  key: IKey | undefined,
): void {
  new CfnWorkGroup(scope, "Athena", {
    name: names.workgroup,
    description: `Millrace ${name}: queries on the lake.`,
    state: "ENABLED",
    recursiveDeleteOption: !retainData,
    workGroupConfiguration: {
      enforceWorkGroupConfiguration: true,
      publishCloudWatchMetricsEnabled: true,
      bytesScannedCutoffPerQuery: MOST_BYTES,
      requesterPaysEnabled: false,
      engineVersion: { selectedEngineVersion: "Athena engine version 3" },
      resultConfiguration: {
        outputLocation: `s3://${names.bucket(QUERY_RESULTS.bucket)}/${QUERY_RESULTS.prefix}`,
        encryptionConfiguration:
          key === undefined ? { encryptionOption: "SSE_S3" } : { encryptionOption: "SSE_KMS", kmsKey: key.keyArn },
      },
    },
  });
}
