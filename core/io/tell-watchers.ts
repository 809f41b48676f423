import { isPartlyFailed, type EndedRun } from "../model/ended-run.ts";
import type { Executions, Ledger } from "./ports.ts";
import { keepScheduleEnd } from "./schedule-ends.ts";
import type { RunSettings } from "./settings.ts";
import { shortDigest, startOnce } from "./start-alert.ts";

/**
 * What waits for a schedule's or a domain's runs hears of an end: its record of silence, and the service that is pinged.
 * A run that was cancelled is no result: nobody is pinged, and the silence that follows is told.
 */
export async function tellWatchers(
  home: {
    readonly ledger: Ledger;
    readonly executions: Executions;
    readonly pings: NonNullable<RunSettings["pings"]>;
  },
  run: EndedRun,
): Promise<void> {
  const { name, domain, schedule, endedAt, outcome } = run;
  if (schedule !== undefined) {
    await keepScheduleEnd(home.ledger, schedule, { run: name, endedAt, succeeded: outcome.status === "succeeded" });
  }
  if (outcome.status === "cancelled") return;
  const checks = home.pings
    .filter((ping) => ping.domain === domain && (ping.schedule === undefined || ping.schedule === schedule))
    .map(({ check }) => check);
  if (checks.length === 0) return;
  const whole = outcome.status === "succeeded" && !(await hasFailedParts(home.executions, run));
  const signal = whole ? "success" : "fail";
  const at = new Date(endedAt).toISOString();
  for (const deployment of new Set(checks)) {
    const ping = { pipeline: domain, deployment, signal, at };
    await startOnce(home.executions, `ping-${shortDigest(`${run.executionArn} ${deployment}`)}`, {
      ...{ job: "ping", trigger: "run_ended", ping },
    });
  }
}

/** A result that nobody can tell is no success: whoever watches would rest. */
async function hasFailedParts(executions: Executions, { partly, domain, name }: EndedRun): Promise<boolean> {
  if (partly !== undefined) return partly;
  const output = (await executions.describe({ domain, name }))?.output;
  return output === undefined || isPartlyFailed(output);
}
