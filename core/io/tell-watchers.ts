import type { TickStart } from "../model/schedules/declaration.ts";
import { isPartlyFailed, type EndedRun } from "../model/ended-run.ts";
import type { Executions, Ledger } from "./ports.ts";
import { keepScheduleEnd } from "./schedule-ends.ts";
import type { RunSettings } from "./settings.ts";
import { shortDigest, startOnce } from "./start-alert.ts";

type Pings = NonNullable<RunSettings["pings"]>;

/**
 * What waits for a schedule's or a domain's runs hears of an end: its record of silence, and the service that is pinged.
 * A run that was cancelled is no result: nobody is pinged, and the silence that follows is told.
 */
export async function tellWatchers(
  home: {
    readonly ledger: Ledger;
    readonly executions: Executions;
    readonly pings: Pings;
  },
  run: EndedRun,
): Promise<void> {
  const { name, domain, schedule, endedAt, outcome } = run;
  if (schedule !== undefined) {
    await keepScheduleEnd(home.ledger, schedule, { run: name, endedAt, succeeded: outcome.status === "succeeded" });
  }
  if (outcome.status === "cancelled") return;
  const checks = checksOf(home.pings, domain, schedule);
  if (checks.size === 0) return;
  const whole = outcome.status === "succeeded" && !(await hasFailedParts(home.executions, run));
  const signal = whole ? "success" : "fail";
  const at = new Date(endedAt).toISOString();
  for (const deployment of checks) {
    const ping = { pipeline: domain, deployment, signal, at };
    await startOnce(home.executions, `ping-${shortDigest(`${run.executionArn} ${deployment}`)}`, {
      ...{ job: "ping", trigger: "run_ended", ping },
    });
  }
}

/** The service that is pinged hears of the begin of a tick's run, and can say then how long one takes. */
export async function tellStart(
  { executions, pings }: { readonly executions: Pick<Executions, "start">; readonly pings: Pings },
  { domain, name, input }: TickStart,
  now: Date,
): Promise<void> {
  for (const deployment of checksOf(pings, domain, input.trigger)) {
    const ping = { pipeline: domain, deployment, signal: "start", at: now.toISOString() };
    await startOnce(executions, `ping-start-${shortDigest(`${domain} ${name} ${deployment}`)}`, {
      ...{ job: "ping", trigger: "schedule", ping },
    });
  }
}

const checksOf = (pings: Pings, domain: string, schedule: string | undefined): ReadonlySet<string> =>
  new Set(
    pings
      .filter((ping) => ping.domain === domain && (ping.schedule === undefined || ping.schedule === schedule))
      .map(({ check }) => check),
  );

/** A result that nobody can tell is no success: whoever watches would rest. */
async function hasFailedParts(executions: Executions, { partly, domain, name }: EndedRun): Promise<boolean> {
  if (partly !== undefined) return partly;
  const output = (await executions.describe({ domain, name }))?.output;
  return output === undefined || isPartlyFailed(output);
}
