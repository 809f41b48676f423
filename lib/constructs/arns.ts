import { ArnFormat, type Stack } from "aws-cdk-lib";
import type { Names } from "../environment.ts";
import type { Resource } from "./grants.ts";

/** The resource of a grant in one environment. */
export function arnOf(stack: Stack, names: Names, resource: Resource): string {
  switch (resource.kind) {
    case "objects":
      return `${bucketArn(stack, names.bucket(resource.bucket))}/${resource.prefix}*`;
    case "bucket":
      return bucketArn(stack, names.bucket(resource.bucket));
    case "ledger":
      return stack.formatArn({ service: "dynamodb", resource: "table", resourceName: names.ledgerTable });
    case "bus":
      return stack.formatArn({ service: "events", resource: "event-bus", resourceName: names.bus });
    case "secret":
      // Secrets Manager appends six random characters to every ARN.
      return stack.formatArn({
        service: "secretsmanager",
        resource: "secret",
        resourceName: `${names.secretPrefix}/${resource.role}-??????`,
        arnFormat: ArnFormat.COLON_RESOURCE_NAME,
      });
    case "table-bucket":
      return tableBucketArn(stack, names);
    case "tables":
      return `${tableBucketArn(stack, names)}/table/*`;
    case "machine":
      return machineArn(stack, names, resource.domain);
  }
}

export const bucketArn = (stack: Stack, bucket: string): string =>
  stack.formatArn({ service: "s3", region: "", account: "", resource: bucket });

export const tableBucketArn = (stack: Stack, names: Names): string =>
  stack.formatArn({ service: "s3tables", resource: "bucket", resourceName: names.tableBucket });

export const machineArn = (stack: Stack, names: Names, domain: string): string =>
  stack.formatArn({
    service: "states",
    resource: "stateMachine",
    resourceName: names.machine(domain),
    arnFormat: ArnFormat.COLON_RESOURCE_NAME,
  });
