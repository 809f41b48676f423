import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as z from "zod";
import { ENVIRONMENTS, type EnvironmentName } from "../../core/model/pipeline.ts";
import { COORDINATOR } from "../../core/model/platform-domains.ts";
import { authorise, type Permissions, type Request } from "../../lib/checks/policy/authorise.ts";
import { ACCOUNT, REGION } from "../../lib/checks/policy/identities.ts";
import { machineNamed, roleOfTask } from "../../lib/checks/policy/principals.ts";
import type { Deployed } from "../../lib/checks/policy/stacks.ts";
import { namesOf } from "../../lib/environment.ts";
import { domains } from "../../state-machines/index.ts";
import { synthesised } from "./assembly.ts";

let assembly: ReturnType<typeof synthesised>;
beforeAll(() => {
  assembly = synthesised();
});
afterAll(() => assembly.remove());

const known = new Map<EnvironmentName, Permissions>();
const permissionsOf = (name: EnvironmentName): Permissions => {
  const permissions = known.get(name) ?? assembly.permissions(name);
  known.set(name, permissions);
  return permissions;
};
const of = ({ resources }: Permissions, type: string): readonly Deployed[] =>
  resources.filter((resource) => resource.type === type);
const may = (
  permissions: Permissions,
  role: string,
  action: string,
  resource: string,
  context: Request["context"] = {},
) => authorise(permissions, { as: { role }, action, resource, context }).allowed;

/** Roles that may do it, by the stack that they are in. */
const whoMay = (permissions: Permissions, action: string, resource: string, context?: Request["context"]) =>
  of(permissions, "AWS::IAM::Role").filter((role) => may(permissions, role.arn(), action, resource, context));

const trusts = (role: Deployed, service: string): boolean =>
  JSON.stringify(role.property("AssumeRolePolicyDocument")).includes(service);

const Targets = z.array(
  z.looseObject({
    Arn: z.string(),
    RoleArn: z.string().optional(),
    DeadLetterConfig: z.object({ Arn: z.string() }).optional(),
  }),
);

describe.each(ENVIRONMENTS)("in %s", (name) => {
  const names = namesOf({ name, organisation: "ol" });

  it.each(domains.map(({ pipeline }) => [pipeline.domain, Object.values(pipeline.tasks)] as const))(
    "the machine of %s runs its own tasks and no others",
    (domain, tasks) => {
      const permissions = permissionsOf(name);
      const { role, substitutions } = machineNamed(permissions, names.machine(domain));
      const callable = Object.values(substitutions).filter((value) => /:(function|task-definition)[:/]/.test(value));
      const cluster = `arn:aws:ecs:${REGION}:${ACCOUNT}:cluster/${names.cluster}`;
      const elsewhere = cluster.replace(names.cluster, "elsewhere");
      for (const [key, arn] of Object.entries(substitutions)) {
        if (arn.includes(":function:")) expect(may(permissions, role, "lambda:InvokeFunction", arn), key).toBe(true);
        if (!arn.includes(":task-definition/")) continue;
        expect(may(permissions, role, "ecs:RunTask", arn, { "ecs:cluster": cluster }), key).toBe(true);
        expect(may(permissions, role, "ecs:RunTask", arn, { "ecs:cluster": elsewhere }), key).toBe(false);
      }
      const others = domains.filter(({ pipeline }) => pipeline.domain !== domain);
      for (const { pipeline } of others) {
        const theirs = Object.values(machineNamed(permissions, names.machine(pipeline.domain)).substitutions);
        for (const arn of theirs.filter((value) => !callable.includes(value))) {
          if (arn.includes(":function:")) expect(may(permissions, role, "lambda:InvokeFunction", arn)).toBe(false);
          if (arn.includes(":task-definition/"))
            expect(may(permissions, role, "ecs:RunTask", arn, { "ecs:cluster": cluster })).toBe(false);
        }
      }
      expect(callable.length).toBe(tasks.length);
      const task = `arn:aws:ecs:${REGION}:${ACCOUNT}:task/${names.cluster}/0f9a`;
      expect(may(permissions, role, "ecs:TagResource", task, { "ecs:CreateAction": "RunTask" })).toBe(
        tasks.some(({ compute }) => compute.kind === "fargate"),
      );
      expect(may(permissions, role, "ecs:TagResource", task)).toBe(false);
    },
  );

  it("a role is passed by the machine that runs its container, to ECS, and by nobody else to nobody else", () => {
    const permissions = permissionsOf(name);
    const definitions = of(permissions, "AWS::ECS::TaskDefinition");
    for (const role of of(permissions, "AWS::IAM::Role")) {
      const users = definitions.filter(({ property }) =>
        [property("TaskRoleArn"), property("ExecutionRoleArn")].includes(role.arn()),
      );
      const passers = whoMay(permissions, "iam:PassRole", role.arn(), {
        "iam:PassedToService": "ecs-tasks.amazonaws.com",
      });
      expect(
        passers.map(({ stack }) => stack),
        role.logicalId,
      ).toEqual(users.map(({ stack }) => stack));
      for (const passer of passers) expect(trusts(passer, "states.amazonaws.com")).toBe(true);
      expect(
        whoMay(permissions, "iam:PassRole", role.arn(), { "iam:PassedToService": "lambda.amazonaws.com" }),
      ).toEqual([]);
      expect(whoMay(permissions, "iam:PassRole", role.arn())).toEqual([]);
    }
    expect(definitions.length).toBeGreaterThan(2);
  });

  it("a machine is started from its own stack, by neither itself nor a task, and by the tasks that declare it", () => {
    const permissions = permissionsOf(name);
    const declaring = (machine: Deployed): ReadonlySet<string> =>
      new Set(
        domains.flatMap(({ pipeline: { domain, tasks } }) =>
          Object.entries(tasks).flatMap(([id, { starts = [] }]) =>
            starts !== "every" && starts.some((one) => names.machine(one) === machine.name())
              ? [roleOfTask(permissions, names.task(domain, id))]
              : [],
          ),
        ),
      );
    for (const machine of of(permissions, "AWS::StepFunctions::StateMachine")) {
      const starters = whoMay(permissions, "states:StartExecution", machine.arn());
      const [declared, others] = [declaring(machine), new Set(starters.map((role) => role.arn()))];
      expect([...declared].filter((role) => !others.has(role))).toEqual([]);
      expect(starters.length, machine.name()).toBeGreaterThan(0);
      for (const role of starters.filter((one) => !declared.has(one.arn()))) {
        // Schedules of every domain tick at the coordinator, and their landings are told to it.
        const coordinates = machine.name() === names.machine(COORDINATOR);
        const told = ["scheduler.amazonaws.com", "events.amazonaws.com"].some((service) => trusts(role, service));
        if (!(coordinates && told)) expect(role.stack).toBe(machine.stack);
        expect(role.arn()).not.toBe(machine.property("RoleArn"));
        expect(trusts(role, "lambda.amazonaws.com") || trusts(role, "ecs-tasks.amazonaws.com")).toBe(false);
      }
    }
  });

  it("what a rule or a schedule aims at lets it in, and its dead letters too", () => {
    const permissions = permissionsOf(name);
    const rules = of(permissions, "AWS::Events::Rule").flatMap((rule) =>
      Targets.parse(rule.property("Targets") ?? []).map((target) => ({ source: rule.arn(), target })),
    );
    const schedules = of(permissions, "AWS::Scheduler::Schedule").map((schedule) => ({
      source: schedule.arn(),
      target: Targets.parse([schedule.property("Target")])[0],
    }));
    for (const { source, target } of [...rules, ...schedules]) {
      if (target === undefined) throw new Error(`${source} aims at nothing.`);
      const { Arn, RoleArn, DeadLetterConfig } = target;
      const mine = { "aws:SourceArn": source, "aws:SourceAccount": ACCOUNT };
      const theirs = { "aws:SourceArn": source.replace(ACCOUNT, "999988887777"), "aws:SourceAccount": "999988887777" };
      const service = (action: string, resource: string, context: Request["context"]) =>
        authorise(permissions, {
          as: { service: "events.amazonaws.com" },
          action,
          resource,
          ...(context && { context }),
        }).allowed;
      if (RoleArn !== undefined) expect(may(permissions, RoleArn, "states:StartExecution", Arn), source).toBe(true);
      if (Arn.includes(":sns:")) {
        expect(service("sns:Publish", Arn, mine), source).toBe(true);
        expect(service("sns:Publish", Arn, theirs), source).toBe(false);
      }
      const letters = DeadLetterConfig?.Arn ?? "";
      if (source.includes(":scheduler:")) {
        expect(may(permissions, RoleArn ?? "", "sqs:SendMessage", letters), source).toBe(true);
        continue;
      }
      expect(service("sqs:SendMessage", letters, mine), source).toBe(true);
      expect(service("sqs:SendMessage", letters, theirs), source).toBe(false);
    }
    expect(rules.length).toBeGreaterThan(5);
  });

  it("alarms reach their topic, and nobody else's alarms do", () => {
    const permissions = permissionsOf(name);
    const topic = `arn:aws:sns:${REGION}:${ACCOUNT}:${names.alarmTopic}`;
    const publish = (account: string): boolean =>
      authorise(permissions, {
        as: { service: "cloudwatch.amazonaws.com" },
        action: "sns:Publish",
        resource: topic,
        context: { "aws:SourceAccount": account },
      }).allowed;
    expect([publish(ACCOUNT), publish("999988887777")]).toEqual([true, false]);
  });

  it("nobody deletes what landed, changes a role, a machine or the code of a function, or reads a foreign secret", () => {
    const permissions = permissionsOf(name);
    const landing = `arn:aws:s3:::${names.bucket("landing")}`;
    const nobody = (action: string, resource: string): void => {
      expect(
        whoMay(permissions, action, resource).map(({ logicalId }) => logicalId),
        `${action} ${resource}`,
      ).toEqual([]);
    };
    for (const action of ["s3:DeleteObject", "s3:DeleteObjectVersion", "s3:BypassGovernanceRetention"]) {
      nobody(action, `${landing}/sources/a.gz`);
      nobody(action, `${landing}/mitx/a.gz`);
    }
    for (const action of ["s3:DeleteBucket", "s3:PutBucketPolicy"]) nobody(action, landing);
    for (const role of of(permissions, "AWS::IAM::Role"))
      for (const action of [
        "iam:CreateRole",
        "iam:PutRolePolicy",
        "iam:AttachRolePolicy",
        "iam:UpdateAssumeRolePolicy",
      ])
        nobody(action, role.arn());
    for (const machine of of(permissions, "AWS::StepFunctions::StateMachine"))
      nobody("states:UpdateStateMachine", machine.arn());
    for (const lambda of of(permissions, "AWS::Lambda::Function")) nobody("lambda:UpdateFunctionCode", lambda.arn());
    for (const key of of(permissions, "AWS::KMS::Key")) nobody("kms:ScheduleKeyDeletion", key.arn());
    for (const secret of of(permissions, "AWS::SecretsManager::Secret"))
      for (const reader of whoMay(permissions, "secretsmanager:GetSecretValue", secret.arn()))
        expect(trusts(reader, "lambda.amazonaws.com") || trusts(reader, "ecs-tasks.amazonaws.com")).toBe(true);
  });
});
