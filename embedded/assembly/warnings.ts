import type { Resource } from "./templates.ts";

/** Types that run, trigger or store something in AWS and that this home does not have. All others are plumbing. */
const MEANINGFUL = [
  "AWS::ApiGateway",
  "AWS::ApiGatewayV2",
  "AWS::Batch",
  "AWS::CodeBuild",
  "AWS::EC2::Instance",
  "AWS::ECS::Service",
  "AWS::Glue::Job",
  "AWS::Kinesis",
  "AWS::Lambda::EventSourceMapping",
  "AWS::Lambda::Url",
  "AWS::Pipes",
  "AWS::RDS",
  "AWS::SageMaker",
];

export function warningsOf(resources: readonly Resource[]): string[] {
  return resources
    .filter(({ type }) => MEANINGFUL.some((prefix) => type === prefix || type.startsWith(`${prefix}::`)))
    .map(
      ({ type, logicalId, stack }) => `${type} ${logicalId} of ${stack.name} is not run here: it exists in AWS only.`,
    );
}
