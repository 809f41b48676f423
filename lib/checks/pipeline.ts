import * as z from "zod";
import type { FargateCompute, Pipeline } from "../../core/model/pipeline.ts";
import { ENVIRONMENT_SUBSTITUTIONS, placeholdersOf, PLATFORM_SUBSTITUTIONS } from "../placeholders.ts";
import { checkDefinition } from "./asl.ts";
import { allStates, Machine, type Problem, type State } from "./asl-machine.ts";

const INVOKE = "arn:aws:states:::lambda:invoke";
const RUN = "arn:aws:states:::ecs:runTask.waitForTaskToken";

/** The machine's text against its declaration, in both directions. */
export function checkPipeline(pipeline: Pipeline, text: string): readonly Problem[] {
  const known = [...Object.keys(pipeline.tasks), ...PLATFORM_SUBSTITUTIONS, ...ENVIRONMENT_SUBSTITUTIONS];
  const problems = checkDefinition(text, { substitutions: known, express: pipeline.machine === "express" });
  if (problems.some(({ rule }) => rule === "json" || rule === "schema")) return problems;
  const states = new Map(allStates(Machine.parse(JSON.parse(text))));
  const used = placeholdersOf(text);
  const unused = Object.keys(pipeline.tasks)
    .filter((name) => !used.has(name))
    .map((name) => ({ rule: "substitution", message: `The declared task ${name} is used by no state.` }));
  const mismatched = Object.entries(pipeline.tasks).flatMap(([name, { compute }]) => {
    const state = states.get(name);
    if (state === undefined) return [{ rule: "task-name", message: `The task ${name} has no state of the same name.` }];
    const faults =
      compute.kind === "lambda" ? lambdaFaults(state, compute.timeoutSeconds) : fargateFaults(name, state, compute);
    return faults.map((message) => ({ rule: "task", state: name, message }));
  });
  const undeclared = [...states].flatMap(([name, { Type, Resource = "" }]) =>
    Type !== "Task" || name in pipeline.tasks
      ? []
      : [
          {
            rule: "task-name",
            state: name,
            message: `Calls ${Resource} but is not a declared task, so nothing allows it.`,
          },
        ],
  );
  return [...problems, ...unused, ...mismatched, ...undeclared, ...otherDomain(pipeline, states)];
}

const Named = z.looseObject({ run: z.looseObject({ domain: z.string() }) });

/** Records, alerts and metrics go by the name that a run is given at its begin. */
const otherDomain = ({ domain }: Pipeline, states: ReadonlyMap<string, State>): readonly Problem[] =>
  [...states].flatMap(([state, { Assign }]) => {
    const named = Named.safeParse(Assign).data?.run.domain ?? domain;
    if (named === domain) return [];
    return [{ rule: "domain", state, message: `Says that its runs are of "${named}"; the domain is "${domain}".` }];
  });

function lambdaFaults({ Resource, TimeoutSeconds }: State, limit: number): readonly string[] {
  return [
    ...(Resource === INVOKE ? [] : [`is declared as a Lambda, so its Resource is ${INVOKE}.`]),
    ...(typeof TimeoutSeconds === "number" && TimeoutSeconds < limit
      ? [`waits ${TimeoutSeconds} s for a function that may take ${limit} s.`]
      : []),
  ];
}

/** Spot only at the first attempt: after a reclaim, or where there was no spot capacity, the next is sure of a place. */
const SPOT_FIRST = "{% $states.context.State.RetryCount = 0 ? 'FARGATE_SPOT' : 'FARGATE' %}";
/**
 * What RunTask's non-empty `failures` (no capacity, vCPU quota used up) become: the first says Step Functions'
 * "connect-ecs" page, the second AWS's knowledge centre ("ecs-fargate-runtask-capacity").
 */
const NOT_PLACED = ["AmazonECS.Unknown", "ECS.AmazonECSException"];

const RunArguments = z.looseObject({
  LaunchType: z.never({ error: "must not be there: ECS refuses it beside a strategy." }).optional(),
  CapacityProviderStrategy: z.tuple([z.object({ CapacityProvider: z.string(), Weight: z.literal(1) })]),
  Overrides: z.looseObject({ ContainerOverrides: z.array(z.looseObject({ Name: z.string() })) }),
});

function fargateFaults(
  name: string,
  { Resource, Arguments, HeartbeatSeconds, TimeoutSeconds, Retry = [] }: State,
  declared: FargateCompute,
): readonly string[] {
  const parsed = RunArguments.safeParse(Arguments);
  const containers = parsed.data?.Overrides.ContainerOverrides.map(({ Name }) => Name) ?? [];
  const provider = declared.spot === false ? "FARGATE" : SPOT_FIRST;
  const retried = new Set(Retry.flatMap(({ ErrorEquals }) => ErrorEquals));
  return [
    ...(parsed.success ? [] : [`has wrong Arguments: ${z.prettifyError(parsed.error)}`]),
    ...(parsed.data?.CapacityProviderStrategy[0].CapacityProvider === provider
      ? []
      : [
          `is declared ${declared.spot === false ? "without" : "with"} spot, so its CapacityProvider is "${provider}".`,
        ]),
    ...NOT_PLACED.filter((error) => !retried.has(error)).map(
      (error) => `must retry ${error}: ECS had no capacity or the account's quota was used up.`,
    ),
    ...(Resource === RUN ? [] : [`is declared as Fargate, so its Resource is ${RUN}.`]),
    ...(containers.length === 1 && containers[0] === name ? [] : [`must override exactly the container ${name}.`]),
    ...(HeartbeatSeconds === declared.heartbeatSeconds
      ? []
      : [`has HeartbeatSeconds ${String(HeartbeatSeconds)}; declared are ${declared.heartbeatSeconds}.`]),
    ...(TimeoutSeconds === declared.timeoutSeconds
      ? []
      : [`has TimeoutSeconds ${String(TimeoutSeconds)}; declared are ${declared.timeoutSeconds}.`]),
  ];
}
