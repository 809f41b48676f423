import type { Pipeline } from "../../core/model/pipeline.ts";
import type { Line } from "./line.ts";
import { definitionOf, isExpress, machineOf } from "./machines.ts";
import { transitionsOf } from "./happy-path.ts";
import type { PriceId } from "./prices.ts";
import { announces, type PathRuns } from "./runs.ts";
import { memberOf, numberIn, ofType, textOf, type Resource } from "./templates.ts";
import type { Workload } from "./workload.ts";

export interface Usage {
  readonly lines: readonly Line[];
  readonly warnings: readonly string[];
  readonly fargateHours: number;
}

/** A task of Fargate is billed for a minute at least. */
const FARGATE_LEAST_SECONDS = 60;
const FARGATE_FREE_DISK_GB = 20;
const LAMBDA_FREE_DISK_MB = 512;
/** Billed in steps of 64 MB: what AWS adds (50 MB), the text and the input of the machines here fit into the first. */
const EXPRESS_GB = 64 / 1_024;
const KB_PER_GB = 1e6;

/** Lines of one path: its states, its tasks, its events, its logs. */
export function pathUsage(
  run: PathRuns,
  resources: readonly Resource[],
  pipelines: readonly Pipeline[],
  { shared }: Workload,
): Usage {
  const { domain, job, path, runs, kind } = run;
  const lines: Line[] = [];
  const warnings: string[] = [];
  const add = (what: string, price: PriceId, quantity: number): void => {
    if (quantity > 0) lines.push({ domain, what, price, quantity, kind });
  };
  const pipeline = pipelines.find((one) => one.domain === domain);
  const own = resources.filter((resource) => resource.domain === domain);
  const tasks = new Set(Object.keys(path.seconds));
  const declared = new Set(Object.keys(pipeline?.tasks ?? {}));
  const machine = machineOf(own);
  const definition = machine === undefined ? undefined : definitionOf(machine);
  const states = definition === undefined ? undefined : transitionsOf(definition, tasks, declared);
  if (states === undefined)
    warnings.push(`The machine of ${domain} has no path through ${[...tasks].join(", ")} (${job}, ${path.name}).`);
  let fargateHours = 0;
  let logKb = 0;
  if (machine !== undefined && isExpress(machine)) {
    // Nothing is logged of a run that goes well.
    const seconds = Object.values(path.seconds).reduce((sum, task) => sum + task, 0);
    for (const [price, quantity] of expressUse(runs, seconds)) add(`${job} runs`, price, quantity);
  } else {
    const transitions = runs * ((states ?? 0) + shared.retriesPerRun);
    add(`${job} runs`, "transitions", transitions);
    logKb += transitions * shared.logKbPerTransition;
    // What has no trigger is started by the coordinator itself.
    const starts = pipeline === undefined || pipeline.triggers.length === 0 ? 0 : runs;
    for (const [price, quantity] of expressUse(starts, shared.starterSeconds)) add("starts of runs", price, quantity);
  }
  for (const [task, seconds] of Object.entries(path.seconds)) {
    const lambda = own.find(({ type, properties }) => type === "AWS::Lambda::Function" && isNamed(properties, task));
    const container = own.find(
      ({ type, properties }) => type === "AWS::ECS::TaskDefinition" && isNamed(properties, task),
    );
    if (lambda !== undefined) {
      for (const [price, quantity] of lambdaUse(lambda, runs, seconds)) add(task, price, quantity);
      logKb += runs * shared.logKbPerTask;
    } else if (container !== undefined) {
      const spot = JSON.stringify(definition?.States[task]?.Arguments ?? "").includes("FARGATE_SPOT")
        ? shared.spotShare
        : 0;
      const billed = Math.max(FARGATE_LEAST_SECONDS, seconds + shared.fargateStartSeconds);
      const hours = (runs * billed) / 3_600;
      for (const [price, quantity] of fargateUse(container, hours, spot)) add(task, price, quantity);
      fargateHours += hours;
      logKb += runs * shared.logKbPerContainer;
    } else warnings.push(`${domain} has neither a function nor a task definition for ${task}.`);
  }
  if (
    machine !== undefined &&
    textOf(memberOf(machine.properties["DefinitionSubstitutions"], "AssignPublicIp")) === "ENABLED"
  )
    add("addresses of containers", "publicAddress", fargateHours);
  if (announces(run, pipelines)) {
    add("events", "busEvent", runs * path.events);
    add("events", "archiveProcessed", (runs * path.events * shared.eventKb) / KB_PER_GB);
  }
  add(
    "dbt's queries",
    "athena",
    ofType(resources, "AWS::Athena::WorkGroup").length > 0 && usesAthena(own) ? (runs * path.athenaGb) / 1_000 : 0,
  );
  add("logs", "logIngested", logKb / KB_PER_GB);
  add("traces", "trace", runs);
  return { lines, warnings, fargateHours };
}

const expressUse = (runs: number, seconds: number): (readonly [PriceId, number])[] => [
  ["expressRequest", runs],
  ["expressDuration", (runs * Math.ceil(seconds * 10) * EXPRESS_GB) / 10],
];

function lambdaUse({ properties }: Resource, runs: number, seconds: number): (readonly [PriceId, number])[] {
  const memoryGb = numberIn(properties["MemorySize"], 128) / 1_024;
  const diskMb = numberIn(memberOf(properties["EphemeralStorage"], "Size"), LAMBDA_FREE_DISK_MB);
  const arm = JSON.stringify(properties["Architectures"] ?? []).includes("arm64");
  return [
    ["lambdaRequest", runs],
    [arm ? "lambdaArm" : "lambdaX86", runs * seconds * memoryGb],
    ["lambdaDisk", (runs * seconds * (diskMb - LAMBDA_FREE_DISK_MB)) / 1_024],
  ];
}

function fargateUse({ properties }: Resource, hours: number, spot: number): (readonly [PriceId, number])[] {
  const vcpu = numberIn(properties["Cpu"], 256) / 1_024;
  const gb = numberIn(properties["Memory"], 512) / 1_024;
  const disk = numberIn(memberOf(properties["EphemeralStorage"], "SizeInGiB"), FARGATE_FREE_DISK_GB);
  const arm = memberOf(properties["RuntimePlatform"], "CpuArchitecture") === "ARM64";
  const onDemand = hours * (1 - spot);
  return [
    [arm ? "fargateArmCpu" : "fargateX86Cpu", onDemand * vcpu],
    [arm ? "fargateArmMemory" : "fargateX86Memory", onDemand * gb],
    ["fargateSpotArmCpu", hours * spot * vcpu],
    ["fargateSpotArmMemory", hours * spot * gb],
    ["fargateDisk", hours * Math.max(0, disk - FARGATE_FREE_DISK_GB)],
  ];
}

/** `millrace-qa-openedx-InspectLog` is the function, and the family of the container, of the task InspectLog. */
export const isNamed = ({ FunctionName, Family }: Resource["properties"], task: string): boolean =>
  [FunctionName, Family].some((name) => typeof name === "string" && name.endsWith(`-${task}`));

/** A container is told by its environment what dbt runs on. */
const usesAthena = (own: readonly Resource[]): boolean =>
  ofType(own, "AWS::ECS::TaskDefinition").some(({ properties }) => /"athena"/i.test(JSON.stringify(properties)));
