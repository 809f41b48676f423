import * as z from "zod";
import { ACCOUNT } from "./identities.ts";
import type { Deployed } from "./stacks.ts";
import { statementsOf, type Statement } from "./statement.ts";

/** A role with everything that its policies say. */
export interface RoleInTemplates {
  readonly arn: string;
  /** Who may take it. */
  readonly trust: readonly Statement[];
  readonly statements: readonly Statement[];
  /** ARNs of policies that are not in the templates; nothing is known of what they allow. */
  readonly foreignPolicies: readonly string[];
}

/** A policy on a resource: it can allow others in, and can deny what a role's own policy allows. */
export interface ResourcePolicy {
  /** ARN of the resource; what is below it (`bucket/key`) is covered too. */
  readonly on: string;
  readonly statements: readonly Statement[];
}

const Texts = z.array(z.string());
const Inline = z.array(z.object({ PolicyName: z.string(), PolicyDocument: z.unknown() }));

/** Every role of the templates and what all policies attached to it say. */
export function rolesIn(resources: readonly Deployed[]): readonly RoleInTemplates[] {
  const attached = resources
    .filter(({ type }) => type === "AWS::IAM::Policy" || type === "AWS::IAM::ManagedPolicy")
    .map((policy) => ({
      arn: policy.type === "AWS::IAM::ManagedPolicy" ? policy.arn() : undefined,
      roles: Texts.parse(policy.property("Roles") ?? []),
      statements: statementsOf(policy.property("PolicyDocument"), policy.logicalId),
    }));
  return resources
    .filter(({ type }) => type === "AWS::IAM::Role")
    .map((role) => {
      if (role.property("PermissionsBoundary") !== undefined)
        throw new Error(`${role.logicalId} has a permissions boundary, which is not evaluated here.`);
      const managed = Texts.parse(role.property("ManagedPolicyArns") ?? []);
      const own = attached.filter(
        ({ arn, roles }) => roles.includes(role.name()) || (arn !== undefined && managed.includes(arn)),
      );
      return {
        arn: role.arn(),
        trust: statementsOf(role.property("AssumeRolePolicyDocument"), `${role.logicalId} trust`),
        statements: [
          ...own.flatMap(({ statements }) => statements),
          ...Inline.parse(role.property("Policies") ?? []).flatMap(({ PolicyName, PolicyDocument }) =>
            statementsOf(PolicyDocument, `${role.logicalId} ${PolicyName}`),
          ),
        ],
        foreignPolicies: managed.filter((arn) => !attached.some((policy) => policy.arn === arn)),
      };
    });
}

/** Every policy on a resource. Functions have theirs in statements of their own, `AWS::Lambda::Permission`. */
export const resourcePoliciesIn = (resources: readonly Deployed[]): readonly ResourcePolicy[] =>
  resources.flatMap((resource) => {
    const { type, logicalId, property } = resource;
    const policy = (on: readonly string[], document: unknown): readonly ResourcePolicy[] =>
      on.map((arn) => ({ on: arn, statements: statementsOf(document, logicalId) }));
    const text = (name: string): string => z.string().parse(property(name));
    switch (type) {
      case "AWS::S3::BucketPolicy":
        return policy([`arn:aws:s3:::${text("Bucket")}`], property("PolicyDocument"));
      case "AWS::SQS::QueuePolicy":
        return policy(Texts.parse(property("Queues")).map(queueArn), property("PolicyDocument"));
      case "AWS::SNS::TopicPolicy":
        return policy(Texts.parse(property("Topics")), property("PolicyDocument"));
      case "AWS::S3Tables::TableBucketPolicy":
        return policy([text("TableBucketARN")], property("ResourcePolicy"));
      case "AWS::SecretsManager::ResourcePolicy":
        return policy([text("SecretId")], property("ResourcePolicy"));
      case "AWS::KMS::Key":
        return policy([resource.arn()], property("KeyPolicy"));
      case "AWS::ECR::Repository":
        return property("RepositoryPolicyText") === undefined
          ? []
          : policy([resource.arn()], property("RepositoryPolicyText"));
      case "AWS::Lambda::Permission":
        return policy([functionArn(text("FunctionName"))], { Statement: permission(property) });
      case "AWS::Logs::ResourcePolicy":
        return policy(["arn:aws:logs:"], JSON.parse(text("PolicyDocument")));
      default:
        // A policy that is overlooked could allow anything.
        if (/(Resource|Bus|Bucket|Table)Policy$|Permission$/.test(type))
          throw new Error(`Policies of the type ${type} are not read: see lib/checks/policy/policies.ts.`);
        return [];
    }
  });

/** `Ref` of a queue is its address, which ends like its ARN. */
const queueArn = (name: string): string =>
  name.startsWith("arn:") ? name : `arn:aws:sqs:us-east-1:${ACCOUNT}:${name.split("/").at(-1) ?? ""}`;

const functionArn = (name: string): string =>
  name.startsWith("arn:") ? name : `arn:aws:lambda:us-east-1:${ACCOUNT}:function:${name}`;

const permission = (property: Deployed["property"]) => ({
  Effect: "Allow",
  Principal: { Service: property("Principal") },
  Action: property("Action"),
  Resource: "*",
  Condition: {
    ...(property("SourceArn") === undefined ? {} : { ArnLike: { "aws:SourceArn": property("SourceArn") } }),
    ...(property("SourceAccount") === undefined
      ? {}
      : { StringEquals: { "aws:SourceAccount": property("SourceAccount") } }),
  },
});
