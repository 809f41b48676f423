import type { EnvironmentName, Pipeline } from "../pipeline.ts";
import { COORDINATOR } from "../platform-domains.ts";
import { declarationOf, type ScheduleDeclaration } from "./declaration.ts";

/** The schedules that an environment is deployed with, without the coordinator's own: they have no ticks to decide. */
export const schedulesIn = (
  environment: { readonly name: EnvironmentName; readonly schedules: boolean },
  pipelines: readonly Pick<Pipeline, "domain" | "triggers">[],
): ScheduleDeclaration[] =>
  pipelines.flatMap(({ domain, triggers }) =>
    triggers.flatMap((trigger) =>
      trigger.kind === "schedule" && domain !== COORDINATOR && trigger.environments.includes(environment.name)
        ? [declarationOf(domain, trigger, environment)]
        : [],
    ),
  );
