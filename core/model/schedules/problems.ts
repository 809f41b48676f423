import { parseSchedule } from "./expression.ts";

/** Not today: what builds now builds tomorrow. */
const EPOCH = new Date("1970-01-01T00:00:00Z");

/** What is wrong with one declaration, in sentences without a full stop. */
export function scheduleProblems({
  id,
  expression,
  timeZone,
  environments,
}: {
  readonly id: string;
  readonly expression: string;
  readonly timeZone: string;
  readonly environments: readonly unknown[];
}): string[] {
  if (environments.length === 0) return [`schedule "${id}" is declared for no environment`];
  try {
    const first = parseSchedule(expression, timeZone, EPOCH).next(EPOCH);
    return first === undefined ? [`schedule "${id}" never fires: ${expression} has no tick in ${timeZone}`] : [];
  } catch (error) {
    return [`schedule "${id}": ${error instanceof Error ? error.message.replace(/\.$/, "") : String(error)}`];
  }
}

/** Overrides and ticks are kept by id, so an id belongs to one schedule of all domains. Throws an Error that names both. */
export function refuseSharedSchedules(
  pipelines: readonly {
    readonly domain: string;
    readonly triggers: readonly { readonly kind: string; readonly id: string }[];
  }[],
): void {
  const owners = new Map<string, string>();
  for (const { domain, triggers } of pipelines) {
    for (const { id } of triggers.filter(({ kind }) => kind === "schedule")) {
      const other = owners.get(id);
      if (other !== undefined)
        throw new Error(`Schedule "${id}" is declared by ${other} and by ${domain}: rename one.`);
      owners.set(id, domain);
    }
  }
}
