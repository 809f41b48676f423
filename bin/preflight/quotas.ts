import * as z from "zod";
import type { StackResource } from "./stage.ts";

/** A quota of the account, and the least that the templates need of it. */
export interface QuotaNeed {
  readonly service: string;
  readonly code: string;
  readonly name: string;
  readonly needed: number;
  readonly why: string;
}

/** Files that land together start as many runs, each with one function at a time. New accounts are given 10. */
const RUNS_AT_ONCE = 100;

/**
 * What the templates need at once when every container runs once. More is asked by load; less, and something cannot
 * run beside another thing. Quotas that are a hundred times above what is declared (state machines, schedules, buckets)
 * are left out.
 */
export function quotaNeeds(resources: readonly StackResource[]): readonly QuotaNeed[] {
  const of = (type: string): readonly StackResource[] => resources.filter(({ Type }) => Type === type);
  const reserved = of("AWS::Lambda::Function").reduce(
    (sum, { Properties }) => sum + Number(Properties["ReservedConcurrentExecutions"] ?? 0),
    0,
  );
  const vcpus = vcpusByTask(of("AWS::ECS::TaskDefinition"));
  const onSpot = of("AWS::StepFunctions::StateMachine").flatMap(({ Properties }) => spotTasks(Properties));
  const sum = (names: readonly string[]): number => names.reduce((total, name) => total + (vcpus.get(name) ?? 0), 0);
  const needs: readonly QuotaNeed[] = [
    {
      ...{ service: "lambda", code: "L-B99A9384", name: "Concurrent executions" },
      needed: reserved + RUNS_AT_ONCE,
      why: `${RUNS_AT_ONCE} files that land together, and ${reserved} reserved`,
    },
    {
      ...{ service: "fargate", code: "L-3032A538", name: "Fargate On-Demand vCPU resource count" },
      needed: sum([...vcpus.keys()]),
      why: `${[...vcpus.keys()].join(", ")}, each once: every retry is on demand`,
    },
    {
      ...{ service: "fargate", code: "L-36FBB829", name: "Fargate Spot vCPU resource count" },
      needed: sum(onSpot),
      why: `${onSpot.join(", ")}, each once`,
    },
    {
      ...{ service: "vpc", code: "L-F678F1CE", name: "VPCs per Region" },
      needed: of("AWS::EC2::VPC").length,
      why: "the networks of the templates, beside those that the region has already",
    },
    {
      ...{ service: "vpc", code: "L-29B6F2EB", name: "Interface VPC endpoints per VPC" },
      needed: of("AWS::EC2::VPCEndpoint").filter(({ Properties }) => Properties["VpcEndpointType"] === "Interface")
        .length,
      why: "the interface endpoints of the templates",
    },
    {
      ...{ service: "events", code: "L-244521F2", name: "Number of rules" },
      needed: of("AWS::Events::Rule").length,
      why: "the rules of the templates, beside those that the account has already",
    },
  ];
  return needs.filter(({ needed }) => needed > 0);
}

export const quotaLink = ({ service, code }: QuotaNeed, region: string): string =>
  `https://${region}.console.aws.amazon.com/servicequotas/home/services/${service}/quotas/${code}`;

const Definition = z.object({
  Cpu: z.coerce.number(),
  ContainerDefinitions: z.tuple([z.looseObject({ Name: z.string() })]),
});

/** A container has the name of its task. */
const vcpusByTask = (definitions: readonly StackResource[]): ReadonlyMap<string, number> =>
  new Map(
    definitions.map(({ Properties }) => {
      const { Cpu, ContainerDefinitions } = Definition.parse(Properties);
      return [ContainerDefinitions[0].Name, Cpu / 1024] as const;
    }),
  );

const Machine = z.object({
  States: z.record(
    z.string(),
    z.looseObject({
      Arguments: z.looseObject({ CapacityProviderStrategy: z.unknown().optional() }).catch({}).optional(),
    }),
  ),
});

function spotTasks(properties: StackResource["Properties"]): readonly string[] {
  const text = properties["DefinitionString"];
  if (typeof text !== "string") return [];
  return Object.entries(Machine.parse(JSON.parse(text)).States)
    .filter(([, { Arguments }]) => JSON.stringify(Arguments?.CapacityProviderStrategy ?? "").includes("FARGATE_SPOT"))
    .map(([name]) => name);
}
