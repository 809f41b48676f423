import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readSettings } from "../../core/io/settings.ts";
import { ENVIRONMENTS } from "../../core/model/pipeline.ts";
import { COORDINATOR } from "../../core/model/platform-domains.ts";
import { ACTIONS, grantsOf } from "../../lib/constructs/grants.ts";
import { hasStarter } from "../../lib/constructs/starter.ts";
import { namesOf } from "../../lib/environment.ts";
import { placeholdersOf } from "../../lib/placeholders.ts";
import { environmentOf } from "../../bin/environments.ts";
import { domains } from "../../state-machines/index.ts";
import { allowed, appError, choicesOf, resources, root, synthesise, type Resource } from "./synthesised.ts";

let assembly: ReturnType<typeof synthesise>;
beforeAll(() => {
  assembly = synthesise();
});
afterAll(() => assembly.remove());

const of = (name: (typeof ENVIRONMENTS)[number]) => {
  const templates = assembly.templates.get(name) ?? [];
  const shared = resources(templates, "AWS::RDS::DBProxy").length === 0 ? ["platform"] : ["platform", "relational"];
  expect(templates, `${name} has what is shared and a stack for every domain`).toHaveLength(
    shared.length + domains.length,
  );
  return templates;
};

describe.each(ENVIRONMENTS)("the templates of %s", (name) => {
  it("name no other environment: what is in QA can never write to production", () => {
    const text = JSON.stringify(of(name));
    const named = new Set(
      [...text.matchAll(/millrace[-/](dev|ci|qa|production|emulated)\b/g)].map(([, found]) => found),
    );
    expect([...named]).toEqual([name]);
  });

  it("hold no account and no value of a secret", () => {
    // Roles of others are in accounts of others.
    const foreign = Object.values(environmentOf(name).origins).flatMap((one) =>
      "roleArn" in one ? [one.roleArn] : [],
    );
    const own = foreign.reduce((text, arn) => text.replaceAll(arn, ""), JSON.stringify(of(name)));
    expect(own.match(/[:"]\d{12}[:"]/g)).toBeNull();
    const secrets = resources(of(name), "AWS::SecretsManager::Secret");
    expect(secrets.map(({ properties }) => Object.keys(properties).sort())).toEqual(
      secrets.map(() => [
        "Description",
        ...(choicesOf(of(name)).encryption === "own" ? ["KmsKeyId"] : []),
        "Name",
        "Tags",
      ]),
    );
    expect(secrets.length).toBeGreaterThan(0);
  });

  it("allow every task what its declaration grants, its own logs and traces, and nothing else", () => {
    const statements = allowed(of(name));
    for (const { pipeline } of domains) {
      for (const [task, declared] of Object.entries(pipeline.tasks)) {
        const own = statements.filter(({ policy }) => new RegExp(`^${task}RoleDefaultPolicy`).test(policy));
        const actions = own.flatMap((statement) => statement.actions).filter((action) => !/^(logs|xray):/.test(action));
        const granted = grantsOf(pipeline.domain, declared, {
          ...choicesOf(of(name)),
          origins: environmentOf(name).origins,
        }).flatMap(({ can }) => ACTIONS[can]);
        // RecordFailure is a task of several domains: their policies have one name in different stacks.
        expect(new Set(actions), `${pipeline.domain}.${task}`).toEqual(new Set(granted));
      }
    }
  });

  it("keep buckets private, encrypted, versioned and on TLS", () => {
    const buckets = resources(of(name), "AWS::S3::Bucket");
    const policies = resources(of(name), "AWS::S3::BucketPolicy").map(({ properties }) => JSON.stringify(properties));
    expect(buckets).toHaveLength(6);
    for (const { id, properties } of buckets) {
      expect(properties["PublicAccessBlockConfiguration"]).toEqual({
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      });
      expect(properties).toHaveProperty("BucketEncryption");
      const own = policies.filter((policy) => policy.includes(`"Ref":"${id}"`));
      expect(own.some((policy) => policy.includes("aws:SecureTransport"))).toBe(true);
      if (!String(properties["BucketName"]).endsWith("-access-logs")) {
        expect(properties["VersioningConfiguration"]).toEqual({ Status: "Enabled" });
      }
    }
  });

  it("send the events of the landing bucket without a function of their own", () => {
    const sending = resources(of(name), "AWS::S3::Bucket").filter(
      (bucket) => "NotificationConfiguration" in bucket.properties,
    );
    expect(sending.map(({ properties }) => properties["BucketName"])).toEqual([`millrace-${name}-ol-landing`]);
    expect(resources(of(name)).filter(({ type }) => type.startsWith("Custom::"))).toEqual([]);
  });

  it("give every asynchronous edge a dead-letter queue and a bound", () => {
    const rules = resources(of(name), "AWS::Events::Rule")
      // The archive's own rule belongs to the service.
      .filter(({ properties }) => "Targets" in properties);
    for (const { properties } of rules) {
      for (const target of list(properties["Targets"])) {
        expect(target).toMatchObject({
          DeadLetterConfig: {},
          RetryPolicy: { MaximumEventAgeInSeconds: expect.any(Number) },
        });
      }
    }
    for (const { properties } of resources(of(name), "AWS::Scheduler::Schedule")) {
      expect(properties["Target"]).toMatchObject({
        DeadLetterConfig: {},
        RetryPolicy: { MaximumEventAgeInSeconds: expect.any(Number) },
      });
    }
    expect(rules.length).toBeGreaterThan(domains.length);
  });

  it("bound every log, every function and every run", () => {
    for (const { properties } of resources(of(name), "AWS::Logs::LogGroup")) {
      expect(properties["RetentionInDays"]).toEqual(expect.any(Number));
    }
    const functions = resources(of(name), "AWS::Lambda::Function");
    expect(functions.map(({ properties }) => properties["FunctionName"])).toEqual(declaredFunctions(name));
    for (const { properties } of functions) {
      expect(properties).toMatchObject({
        Architectures: ["arm64"],
        Runtime: "nodejs24.x",
        Timeout: expect.any(Number),
        LoggingConfig: { LogGroup: expect.anything() },
      });
    }
  });

  it("give every task settings that it can read, and no function more than the 4 KB that Lambda holds", () => {
    for (const variables of [...lambdaVariables(of(name)), ...containerVariables(of(name))]) {
      expect(readSettings(variables).environment).toBe(name);
    }
    for (const variables of lambdaVariables(of(name))) {
      expect(Object.entries(variables).flat().join("").length).toBeLessThan(4_096);
    }
  });

  it("tell a task that starts one domain's runs of no other lanes", () => {
    const told = lambdaVariables(of(name)).map((variables) => readSettings(variables).runs?.lanes ?? []);
    const domains = told.map((lanes) => [...new Set(lanes.map(({ domain }) => domain))]);
    expect(domains).toContainEqual(["openedx_courses"]);
    expect(domains).toContainEqual(["operations"]);
  });

  it("let every container end well: asked two minutes before, on a disk of its own, with its memory known to it", () => {
    const definitions = resources(of(name), "AWS::ECS::TaskDefinition");
    expect(definitions.length).toBeGreaterThan(2);
    for (const { properties } of definitions) {
      expect(properties).toMatchObject({
        RuntimePlatform: { CpuArchitecture: "ARM64", OperatingSystemFamily: "LINUX" },
        EphemeralStorage: { SizeInGiB: expect.any(Number) },
      });
      expect(list(properties["ContainerDefinitions"])).toEqual([
        expect.objectContaining({
          ReadonlyRootFilesystem: true,
          User: "65532",
          StopTimeout: 120,
          LinuxParameters: expect.objectContaining({ InitProcessEnabled: true }),
          LogConfiguration: expect.objectContaining({ Options: expect.objectContaining({ mode: "non-blocking" }) }),
        }),
      ]);
    }
    for (const variables of containerVariables(of(name))) {
      expect(variables).toMatchObject({
        MILLRACE_STOP_SECONDS: "120",
        MILLRACE_MEMORY_MB: expect.stringMatching(/^\d+$/),
      });
    }
  });

  it("begin every run in one place, which may start its own machine and nothing else", () => {
    const names = namesOf({ name, organisation: "ol" });
    const machines = resources(of(name), "AWS::StepFunctions::StateMachine");
    const express = machines.filter(({ properties }) => properties["StateMachineType"] === "EXPRESS");
    expect(new Set(express.map(({ properties }) => properties["StateMachineName"]))).toEqual(
      new Set(
        domains.flatMap(({ pipeline }) => [
          ...(pipeline.machine === "express" ? [names.machine(pipeline.domain)] : []),
          ...(hasStarter(pipeline) ? [names.starter(pipeline.domain)] : []),
        ]),
      ),
    );
    const starters = express.map(({ id }) => id);
    const targets = [
      ...resources(of(name), "AWS::Events::Rule").flatMap(({ properties }) => list(properties["Targets"])),
      ...resources(of(name), "AWS::Scheduler::Schedule").map(({ properties }) => properties["Target"]),
    ].map((target) => JSON.stringify(record(target)["Arn"]));
    const coordinator = `:stateMachine:${names.machine(COORDINATOR)}"`;
    const toMachines = targets.filter(
      (arn) => arn.includes(coordinator) || machines.some(({ id }) => arn.includes(`"${id}"`)),
    );
    const begins = (arn: string) => arn.includes(coordinator) || starters.some((id) => arn.includes(`"${id}"`));
    expect(toMachines.filter((arn) => !begins(arn))).toEqual([]);
    const landings = domains.flatMap(({ pipeline }) => pipeline.triggers).filter(({ kind }) => kind === "landing");
    expect(toMachines.length).toBeGreaterThan(landings.length);
    const startingTasks = domains.flatMap(({ pipeline }) =>
      Object.entries(pipeline.tasks).flatMap(([task, { starts = [] }]) => (starts.length > 0 ? [task] : [])),
    );
    const starting = allowed(of(name)).filter(({ actions }) => actions.includes("states:StartExecution"));
    for (const { policy, resources: started } of starting) {
      const coordinates = startingTasks.some((task) => policy.startsWith(task));
      const mayStart =
        policy.startsWith("Starter") || coordinates ? machines.filter((one) => !express.includes(one)) : express;
      const named = (arn: unknown): boolean =>
        mayStart.some(
          ({ id, properties }) =>
            JSON.stringify(arn).includes(`"${id}"`) ||
            JSON.stringify(arn).includes(`:stateMachine:${String(properties["StateMachineName"])}"`),
        );
      if (!coordinates && !policy.startsWith("Triggers")) expect(started, policy).toHaveLength(1);
      expect(
        started.filter((arn) => !named(arn)),
        policy,
      ).toEqual([]);
    }
  });

  it("deploy the machines' texts as they are written, with every placeholder filled in", () => {
    const machines = resources(of(name), "AWS::StepFunctions::StateMachine");
    const texts = domains.map(({ definition }) => readFileSync(join(root, definition), "utf8"));
    expect(machines.map(({ properties }) => properties["DefinitionString"])).toEqual(expect.arrayContaining(texts));
    for (const { properties } of machines) {
      const used = placeholdersOf(String(properties["DefinitionString"]));
      expect(Object.keys(record(properties["DefinitionSubstitutions"])).sort()).toEqual([...used].sort());
    }
  });
});

describe("the environments", () => {
  it.each(["qa", "production"] as const)("keep the data of %s when a stack is deleted", (name) => {
    const data = resources(of(name)).filter(({ type }) =>
      [
        "AWS::S3::Bucket",
        "AWS::S3Tables::TableBucket",
        "AWS::S3Tables::Namespace",
        "AWS::DynamoDB::GlobalTable",
        "AWS::KMS::Key",
        "AWS::SecretsManager::Secret",
      ].includes(type),
    );
    for (const { id, properties, deletionPolicy } of data) {
      // A roll-back of the first deploy deletes what it made, but could not delete what is protected.
      const isProtected = JSON.stringify(properties).includes('"DeletionProtectionEnabled":true');
      expect(deletionPolicy, id).toBe(isProtected ? "Retain" : "RetainExceptOnCreate");
    }
    expect(new Set(data.map(({ type }) => type)).size).toBe(6);
  });

  it("have schedules that follow the declaration", () => {
    const states = ENVIRONMENTS.map((name) =>
      resources(of(name), "AWS::Scheduler::Schedule").map(
        ({ properties }) => `${String(properties["Name"])} ${String(properties["State"])}`,
      ),
    );
    expect(states.flat().toSorted()).toEqual(
      ENVIRONMENTS.flatMap((name) => schedulesOf(name).map((id) => `millrace-${name}-${id} ENABLED`)).toSorted(),
    );
  });

  it("stop at a name that is none of them, with the list", () => {
    expect(appError({ environments: "prod" })).toContain(
      "Unknown environment prod. Valid are dev, ci, qa, production, emulated.",
    );
  });
});

const record = (value: unknown): Readonly<Record<string, unknown>> => value as Readonly<Record<string, unknown>>;
const list = (value: unknown): readonly unknown[] => value as readonly unknown[];

const schedulesOf = (name: string): readonly string[] =>
  domains.flatMap(({ pipeline: { domain, triggers } }) =>
    triggers.flatMap((trigger) =>
      trigger.kind === "schedule" && trigger.environments.some((known) => known === name)
        ? [`${domain}-${trigger.id}`.replaceAll("_", "-")]
        : [],
    ),
  );

const declaredFunctions = (name: string): unknown =>
  expect.arrayContaining(
    domains.flatMap(({ pipeline: { domain, tasks } }) =>
      Object.entries(tasks).flatMap(([task, { compute }]) =>
        compute.kind === "lambda" ? [`millrace-${name}-${domain.replaceAll("_", "-")}-${task}`] : [],
      ),
    ),
  );

/** Values that only AWS knows are replaced by a word: here it counts that they are there. */
const plain = (variables: Readonly<Record<string, unknown>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(variables).map(([key, value]) => [key, typeof value === "string" ? value : "resolved"]),
  );

const lambdaVariables = (templates: Parameters<typeof resources>[0]) =>
  resources(templates, "AWS::Lambda::Function").map(({ properties }) =>
    plain(record(record(properties["Environment"])["Variables"])),
  );

const containerVariables = (templates: Parameters<typeof resources>[0]) =>
  resources(templates, "AWS::ECS::TaskDefinition").map(({ properties }: Resource) => {
    const [container] = list(properties["ContainerDefinitions"]);
    const pairs = list(record(container)["Environment"]).map((pair) => record(pair));
    return plain(Object.fromEntries(pairs.map((pair) => [String(pair["Name"]), pair["Value"]])));
  });
