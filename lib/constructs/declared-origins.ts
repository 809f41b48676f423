import type { Pipeline } from "../../core/model/pipeline.ts";
import type { EnvironmentProps } from "../environment.ts";

/** Whose clock runs where its origins are not would fail at every tick: that is refused before it is deployed. */
export function refuseMissingOrigins(
  { name, schedules, origins }: Pick<EnvironmentProps, "name" | "schedules" | "origins">,
  pipelines: readonly Pick<Pipeline, "domain" | "tasks" | "triggers">[],
): void {
  const missing = pipelines.flatMap(({ domain, tasks, triggers }) => {
    const isClocked = triggers.some((trigger) => trigger.kind === "schedule" && trigger.environments.includes(name));
    const read = Object.values(tasks).flatMap((task) => task.origins ?? []);
    return schedules && isClocked ? read.filter((id) => !(id in origins)).map((id) => `${id} of ${domain}`) : [];
  });
  if (missing.length === 0) return;
  throw new Error(
    `Environment "${name}" declares no origin ${[...new Set(missing)].join(", ")}. Declare it in bin/environments.ts ` +
      "(docs/sources.md), or leave the environment out of the domain's schedules.",
  );
}
