import { Stack, Validations } from "aws-cdk-lib";
import type { IConstruct } from "constructs";

/** Accepts findings of the security checks on a construct and what is under it, always with the reason. */
export function acknowledge(construct: IConstruct, reason: string, ...ids: readonly string[]): void {
  for (const id of ids) Validations.of(construct).acknowledge({ id, reason });
}

/** Accepts one wildcard resource of a role, and no other: the checks name every one of them. */
export function acknowledgeWildcard(role: IConstruct, resource: string, reason: string): void {
  acknowledge(role, reason, `AwsSolutions-IAM5[Resource::${asFinding(Stack.of(role).resolve(resource))}]`);
}

/** An ARN as the checks print it: `arn:<AWS::Partition>:s3:::bucket/prefix*`. */
function asFinding(value: unknown): string {
  if (typeof value === "string") return value;
  if (typeof value !== "object" || value === null) throw new Error(`An ARN cannot contain ${String(value)}.`);
  if ("Ref" in value) return `<${String(value.Ref)}>`;
  if ("Fn::GetAtt" in value && Array.isArray(value["Fn::GetAtt"])) return `<${value["Fn::GetAtt"].join(".")}>`;
  if ("Fn::Join" in value && Array.isArray(value["Fn::Join"])) {
    const [separator, parts]: unknown[] = value["Fn::Join"];
    if (Array.isArray(parts)) return parts.map(asFinding).join(String(separator));
  }
  throw new Error(`The ARN ${JSON.stringify(value)} is built in a way that the checks were not seen to print.`);
}
