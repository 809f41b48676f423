import { text, type Json, type JsonObject } from "./json.ts";

/** The account that everything on one machine lives in. */
export const PSEUDO_PARAMETERS: Readonly<Record<string, string>> = {
  "AWS::AccountId": "000000000000",
  "AWS::Region": "us-east-1",
  "AWS::Partition": "aws",
  "AWS::URLSuffix": "amazonaws.com",
};
const ACCOUNT = "000000000000";
const REGION = "us-east-1";

interface Identity {
  /** What `Ref` gives. */
  readonly ref: string;
  readonly attributes: Readonly<Record<string, Json>>;
}

const arn = (service: string, resource: string): string => `arn:aws:${service}:${REGION}:${ACCOUNT}:${resource}`;

/** The property that names a resource of this type; otherwise `<stack>-<logical id>`, as CloudFormation would begin. */
const NAME_PROPERTY: Readonly<Record<string, string>> = {
  "AWS::S3::Bucket": "BucketName",
  "AWS::Lambda::Function": "FunctionName",
  "AWS::StepFunctions::StateMachine": "StateMachineName",
  "AWS::DynamoDB::GlobalTable": "TableName",
  "AWS::DynamoDB::Table": "TableName",
  "AWS::Events::EventBus": "Name",
  "AWS::Events::Rule": "Name",
  "AWS::Scheduler::Schedule": "Name",
  "AWS::Scheduler::ScheduleGroup": "Name",
  "AWS::ECS::TaskDefinition": "Family",
  "AWS::ECS::Cluster": "ClusterName",
  "AWS::SecretsManager::Secret": "Name",
  "AWS::SQS::Queue": "QueueName",
  "AWS::SNS::Topic": "TopicName",
  "AWS::Logs::LogGroup": "LogGroupName",
  "AWS::IAM::Role": "RoleName",
};

export const nameProperty = (type: string): string | undefined => NAME_PROPERTY[type];

/** Ref and attributes of a resource as the embedded home knows it. `properties` are resolved already. */
export function identify(type: string, name: string, properties: JsonObject): Identity {
  switch (type) {
    case "AWS::S3::Bucket":
      return {
        ref: name,
        attributes: {
          Arn: `arn:aws:s3:::${name}`,
          DomainName: `${name}.s3.amazonaws.com`,
          RegionalDomainName: `${name}.s3.${REGION}.amazonaws.com`,
        },
      };
    case "AWS::Lambda::Function":
      return { ref: name, attributes: { Arn: arn("lambda", `function:${name}`) } };
    case "AWS::Lambda::Version": {
      const ref = `${text(properties["FunctionName"]) ?? name}:1`;
      return { ref, attributes: { Version: "1", FunctionArn: ref } };
    }
    case "AWS::Lambda::Alias":
      return { ref: `${text(properties["FunctionName"]) ?? ""}:${text(properties["Name"]) ?? ""}`, attributes: {} };
    case "AWS::StepFunctions::StateMachine": {
      const ref = arn("states", `stateMachine:${name}`);
      return { ref, attributes: { Arn: ref, Name: name } };
    }
    case "AWS::DynamoDB::GlobalTable":
    case "AWS::DynamoDB::Table":
      return { ref: name, attributes: { Arn: arn("dynamodb", `table/${name}`) } };
    case "AWS::Events::EventBus":
      return { ref: name, attributes: { Arn: arn("events", `event-bus/${name}`), Name: name } };
    case "AWS::Events::Rule":
      return { ref: name, attributes: { Arn: arn("events", `rule/${name}`) } };
    case "AWS::ECS::TaskDefinition": {
      const ref = arn("ecs", `task-definition/${name}:1`);
      return { ref, attributes: { TaskDefinitionArn: ref } };
    }
    case "AWS::ECS::Cluster":
      return { ref: name, attributes: { Arn: arn("ecs", `cluster/${name}`) } };
    case "AWS::SecretsManager::Secret": {
      const ref = arn("secretsmanager", `secret:${name}`);
      return { ref, attributes: { Id: ref } };
    }
    case "AWS::SQS::Queue":
      return {
        ref: `https://sqs.${REGION}.amazonaws.com/${ACCOUNT}/${name}`,
        attributes: { Arn: arn("sqs", name), QueueName: name },
      };
    case "AWS::SNS::Topic":
      return { ref: arn("sns", name), attributes: { TopicArn: arn("sns", name), TopicName: name } };
    case "AWS::IAM::Role":
      return { ref: name, attributes: { Arn: `arn:aws:iam::${ACCOUNT}:role/${name}` } };
    default:
      return { ref: name, attributes: {} };
  }
}

/** Attributes of types that no machine here depends on get a readable stand-in. */
export function standInAttribute(type: string, name: string, attribute: string): string {
  const service = (type.split("::")[1] ?? "unknown").toLowerCase();
  return attribute === "Arn" || attribute.endsWith("Arn") ? arn(service, name) : `${name}.${attribute}`;
}
