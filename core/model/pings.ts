import type { EnvironmentName, Pipeline } from "./pipeline.ts";
import { OPERATIONS } from "./platform-domains.ts";

const ROLE = /^healthchecks\/([a-z0-9][a-z0-9_-]*)$/;

/** The id of the check in a secret role `healthchecks/<id>`. */
const checkOf = (role: string): string => ROLE.exec(role)?.[1] ?? "";

interface Ping {
  readonly domain: string;
  /** Absent = every run of the domain. */
  readonly schedule?: string;
  readonly role: string;
}

export const pingsOf = ({ domain, ping, triggers }: Pick<Pipeline, "domain" | "ping" | "triggers">): Ping[] => [
  ...(ping === undefined ? [] : [{ domain, role: ping }]),
  ...triggers.flatMap((trigger) =>
    trigger.kind === "schedule" && trigger.ping !== undefined
      ? [{ domain, schedule: trigger.id, role: trigger.ping }]
      : [],
  ),
];

/** Whose results are pinged in an environment. */
export const pingsIn = (
  environment: EnvironmentName,
  pipelines: readonly Pick<Pipeline, "domain" | "ping" | "triggers">[],
): { readonly domain: string; readonly schedule?: string; readonly check: string }[] =>
  pipelines
    .map((pipeline) => ({
      ...pipeline,
      triggers: pipeline.triggers.filter((one) => one.kind !== "schedule" || one.environments.includes(environment)),
    }))
    .flatMap(pingsOf)
    .map(({ role, ...ping }) => ({ ...ping, check: checkOf(role) }));

/** Every task that pings may read the secrets of all pings that are declared, and no other. */
export function resolvePings<D extends { readonly pipeline: Pipeline }>(domains: readonly D[]): D[] {
  const roles = [...new Set(domains.flatMap(({ pipeline }) => pingsOf(pipeline).map(({ role }) => role)))].toSorted();
  return domains.map((declared) => {
    const tasks = Object.entries(declared.pipeline.tasks).map(
      ([name, task]) =>
        [name, task.pings === true ? { ...task, secrets: [...(task.secrets ?? []), ...roles] } : task] as const,
    );
    return { ...declared, pipeline: { ...declared.pipeline, tasks: Object.fromEntries(tasks) } };
  });
}

export const pingProblems = (pipeline: Pick<Pipeline, "domain" | "ping" | "triggers">): string[] => [
  ...pingsOf(pipeline)
    .filter(({ role }) => !ROLE.test(role))
    .map(({ role }) => `ping "${role}" is no secret role healthchecks/<id>`),
  // A ping is a run of that domain.
  ...(pipeline.domain === OPERATIONS && pipeline.ping !== undefined ? ["its pings would be pinged for ever"] : []),
];
