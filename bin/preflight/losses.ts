import type { Finding } from "./finding.ts";
import type { StackResource, StageStack } from "./stage.ts";

/** Types that hold what cannot be made again from the sources; logs and queues are copies. */
const DATA: Readonly<Record<string, string>> = {
  "AWS::DynamoDB::GlobalTable": "TableName",
  "AWS::DynamoDB::Table": "TableName",
  "AWS::RDS::DBCluster": "DBClusterIdentifier",
  "AWS::RDS::DBInstance": "DBInstanceIdentifier",
  "AWS::S3::Bucket": "BucketName",
  "AWS::S3Tables::TableBucket": "TableBucketName",
  "AWS::SecretsManager::Secret": "Name",
  "AWS::KMS::Key": "Description",
};
const BUCKETS = new Set(["AWS::S3::Bucket", "AWS::S3Tables::TableBucket"]);

export interface Losses {
  readonly findings: readonly Finding[];
  readonly retained: readonly string[];
}

/** What `cdk destroy` of the environment would delete for good, from its templates; and what it would leave. */
export function lossesOf(stacks: readonly StageStack[]): Losses {
  const data = stacks.flatMap(({ resources, isProtected }) =>
    resources.filter(({ Type }) => Type in DATA).map((resource) => ({ resource, isProtected })),
  );
  const retained = data.filter(({ resource }) => isKept(resource));
  const lost = data.filter(({ resource, isProtected }) => !isKept(resource) && !isProtected);
  return {
    retained: retained.map(({ resource }) => nameOf(resource)),
    findings: [
      ...stacks
        .filter(({ isProtected }) => isProtected)
        .map(({ name }) => ({
          check: "destroy",
          what: `${name} cannot be destroyed`,
          why: "termination protection is on: CloudFormation refuses",
          next: "Leave it. An operator who means it turns the protection off in the console first.",
        })),
      ...lost.map(({ resource }) => ({
        check: "destroy",
        what: `${nameOf(resource)} would be deleted`,
        why: BUCKETS.has(resource.Type)
          ? "it is not retained here; while it holds anything AWS refuses and the stack ends in DELETE_FAILED"
          : "it is not retained here, and goes with what is in it",
        next: "Copy what is worth keeping first.",
      })),
    ],
  };
}

const isKept = ({ DeletionPolicy }: StackResource): boolean => DeletionPolicy.startsWith("Retain");

const nameOf = ({ Type, Properties, id }: StackResource): string => {
  const name = Properties[DATA[Type] ?? ""];
  return `${Type.replace("AWS::", "").replace("::", " ")} ${typeof name === "string" ? name : id}`;
};
