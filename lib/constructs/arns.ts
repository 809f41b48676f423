import { ArnFormat, Fn, type Stack } from "aws-cdk-lib";
import type { Names } from "../environment.ts";
import type { Resource } from "./grant.ts";
import { machineArn, tableBucketArn } from "./literal-arns.ts";

/** The resources of a grant in one environment. */
export function arnsOf(stack: Stack, names: Names, resource: Resource): readonly string[] {
  if (resource.kind === "databases") return databaseArns(stack, names, resource);
  return [arnOf(stack, names, resource)];
}

function arnOf(stack: Stack, names: Names, resource: Exclude<Resource, { kind: "databases" }>): string {
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
    case "foreign":
      return resource.arn;
    case "table-bucket":
      return tableBucketArn(stack, names);
    case "tables":
      return `${tableBucketArn(stack, names)}/table/*`;
    case "workgroup":
      return stack.formatArn({ service: "athena", resource: "workgroup", resourceName: names.workgroup });
    case "key":
      return Fn.importValue(names.keyExport);
    case "machine":
      return machineArn(stack, names, resource.domain);
    case "containers":
      return stack.formatArn({ service: "ecs", resource: "task", resourceName: `${names.cluster}/*` });
    case "runs":
      return stack.formatArn({
        service: "states",
        resource: "execution",
        resourceName: `${names.machine(resource.domain)}:*`,
        arnFormat: ArnFormat.COLON_RESOURCE_NAME,
      });
  }
}

/** Glue asks for the permission on the table, on its database and on every catalogue above it. */
function databaseArns(stack: Stack, names: Names, resource: Extract<Resource, { kind: "databases" }>) {
  const glue = (name: string, resourceName?: string): string =>
    stack.formatArn({ service: "glue", resource: name, ...(resourceName === undefined ? {} : { resourceName }) });
  const parent = resource.federated ? `${names.federatedCatalog}/` : "";
  return [
    glue("catalog"),
    ...(resource.federated
      ? [glue("catalog", names.federatedCatalog.split("/")[0]), glue("catalog", names.federatedCatalog)]
      : []),
    ...resource.namespaces.map((namespace) => glue("database", `${parent}${namespace}`)),
    ...resource.namespaces.map((namespace) => glue("table", `${parent}${namespace}/*`)),
  ];
}

export const bucketArn = (stack: Stack, bucket: string): string =>
  stack.formatArn({ service: "s3", region: "", account: "", resource: bucket });
