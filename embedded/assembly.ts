import { readFileSync } from "node:fs";
import { ENV, RunSettings } from "../core/io/settings.ts";
import { unpackSetting } from "../core/model/packed-setting.ts";
import { containersOf, type ContainerTask } from "./assembly/containers.ts";
import { functionsOf, type LambdaFunction } from "./assembly/functions.ts";
import { isObject, member, text } from "./assembly/json.ts";
import { readStage } from "./assembly/manifest.ts";
import { resolveStacks, type Resource } from "./assembly/templates.ts";
import { rulesOf, schedulesOf, type Rule, type Schedule } from "./assembly/triggers.ts";
import { warningsOf } from "./assembly/warnings.ts";

export interface Machine {
  readonly arn: string;
  readonly name: string;
  /** The ASL text with every substitution made. */
  readonly definition: string;
  readonly roleArn: string;
}

/** Everything the embedded home knows about what it runs: read from `cdk.out`, from nowhere else. */
export interface Assembly {
  /** Standard machines: their executions are kept. */
  readonly machines: readonly Machine[];
  /** Express machines: run to their end and forgotten, listed nowhere, as on AWS. */
  readonly express: readonly Machine[];
  readonly functions: readonly LambdaFunction[];
  readonly containers: readonly ContainerTask[];
  readonly rules: readonly Rule[];
  readonly schedules: readonly Schedule[];
  readonly buckets: readonly string[];
  readonly tables: readonly string[];
  readonly secrets: readonly string[];
  readonly buses: readonly string[];
  /** What the stacks put into every task's environment (`MILLRACE_*`). */
  readonly settings: Readonly<Record<string, string>>;
  /** Resources that mean something in AWS and nothing here. */
  readonly warnings: readonly string[];
}

/** Reads one stage of a cloud assembly. Throws Misconfigured when the folder or the stage is missing. */
export function loadAssembly(assemblyDir: string, environment: string): Assembly {
  const resources = resolveStacks(readStage(assemblyDir, environment));
  const named = (...types: readonly string[]): string[] =>
    resources.filter((resource) => types.includes(resource.type)).map((resource) => resource.name);
  const functions = functionsOf(resources);
  const containers = containersOf(resources);
  const machines = resources.filter(({ type }) => type === "AWS::StepFunctions::StateMachine");
  const isExpress = ({ properties }: Resource): boolean => properties["StateMachineType"] === "EXPRESS";
  return {
    machines: machines.filter((one) => !isExpress(one)).map(machineOf),
    express: machines.filter(isExpress).map(machineOf),
    functions,
    containers,
    rules: rulesOf(resources),
    schedules: schedulesOf(resources),
    buckets: named("AWS::S3::Bucket"),
    tables: named("AWS::DynamoDB::GlobalTable", "AWS::DynamoDB::Table"),
    secrets: named("AWS::SecretsManager::Secret"),
    buses: ["default", ...named("AWS::Events::EventBus")],
    settings: sharedSettings([...functions, ...containers].map((one) => one.environment)),
    warnings: warningsOf(resources),
  };
}

function machineOf(resource: Resource): Machine {
  const { properties, stack, name, ref } = resource;
  const location = text(member(properties, "DefinitionS3Location")["Key"]);
  const asset = location === undefined ? undefined : stack.assets.get(location);
  const source =
    asset === undefined
      ? definitionText(properties["DefinitionString"] ?? properties["Definition"])
      : readFileSync(asset, "utf8");
  const substitutions = member(properties, "DefinitionSubstitutions");
  const definition = source.replaceAll(
    /\$\{([A-Za-z0-9_]+)\}/g,
    (whole, key: string) => text(substitutions[key]) ?? whole,
  );
  return { arn: ref, name, definition, roleArn: text(properties["RoleArn"]) ?? "" };
}

function definitionText(value: Parameters<typeof text>[0]): string {
  return text(value) ?? (isObject(value) ? JSON.stringify(value) : "{}");
}

/**
 * The settings that all tasks share: a name with two different values is not one of them. Of the runs that may be
 * started every task is told its own part; the home, whose operator may start any, is told what the most is told of.
 */
function sharedSettings(environments: readonly Readonly<Record<string, string>>[]): Record<string, string> {
  const values = new Map<string, Set<string>>();
  for (const [name, value] of environments.flatMap((environment) => Object.entries(environment))) {
    if (name.startsWith("MILLRACE_")) values.set(name, (values.get(name) ?? new Set()).add(value));
  }
  return Object.fromEntries(
    [...values].flatMap(([name, seen]) => {
      const [first = "", ...others] = name === ENV.runs ? [...seen].toSorted((a, b) => lanesIn(b) - lanesIn(a)) : seen;
      return others.length === 0 || name === ENV.runs ? [[name, first]] : [];
    }),
  );
}

const lanesIn = (runs: string): number => RunSettings.parse(unpackSetting(runs)).lanes.length;
