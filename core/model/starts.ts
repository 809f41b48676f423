import type { Pipeline } from "./pipeline.ts";

interface Declared {
  readonly pipeline: Pipeline;
}

/**
 * The domains with every task's `starts` and `answersFor` as lists of domains. Throws on a name that is no domain, and on an Express
 * machine: its runs are on no record, so nobody could ask after them.
 */
export function resolveStarts<D extends Declared>(domains: readonly D[]): D[] {
  const startable = domains.flatMap(({ pipeline: { domain, machine } }) => (machine === "express" ? [] : [domain]));
  const served = domains.flatMap(({ pipeline: { domain, tasks } }) =>
    Object.values(tasks).some(({ compute }) => compute.kind === "fargate") ? [domain] : [],
  );
  return domains.map((declared) => {
    const { domain, tasks } = declared.pipeline;
    const resolved = Object.entries(tasks).map(([name, task]) => {
      const { starts, answersFor } = task;
      const unknown =
        starts === undefined || starts === "every" ? undefined : starts.find((one) => !startable.includes(one));
      if (unknown !== undefined) {
        throw new Error(`Task "${domain}.${name}" starts "${unknown}", which is no domain with a standard machine.`);
      }
      return [
        name,
        {
          ...task,
          ...(starts === "every" ? { starts: startable } : {}),
          ...(answersFor === "every" ? { answersFor: served } : {}),
        },
      ] as const;
    });
    return { ...declared, pipeline: { ...declared.pipeline, tasks: Object.fromEntries(resolved) } };
  });
}
