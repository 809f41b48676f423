import type { FailedCheck } from "../model/alerts/alert-event.ts";
import type { RunContext } from "../model/run-context.ts";
import { consolePage, executionArnOf, machineArnOf } from "./machine-arns.ts";
import type { Executions } from "./ports.ts";
import type { Settings } from "./settings.ts";
import { startAlert } from "./start-alert.ts";

/** Five Slack messages: their alert stays far below the 256 KB of an input and the 400 KB of an item. */
const CHECKS_AT_ONCE = 5 * 49;

export interface ChecksHome {
  readonly executions: Pick<Executions, "start">;
  readonly settings: Pick<Settings, "environment" | "machineArnPrefix" | "embedded">;
  readonly run: Pick<RunContext, "id" | "domain" | "startedAt">;
}

/**
 * Alerts of the checks that a run has found red, grouped. `name`: tells them from others of the run. The run's own time
 * makes a second attempt say the same once. Its task declares that it starts `operations`.
 */
export async function raiseChecks(
  { executions, settings, run }: ChecksHome,
  name: string,
  red: readonly Omit<FailedCheck, "url">[],
): Promise<void> {
  const arn = executionArnOf(machineArnOf(settings.machineArnPrefix, run.domain), run.id);
  const url = settings.embedded === undefined ? { url: consolePage(arn) } : {};
  const at = new Date(run.startedAt).toISOString();
  for (let from = 0; from < red.length; from += CHECKS_AT_ONCE) {
    const id = `${arn}/${name}/${from}`;
    const checks = red.slice(from, from + CHECKS_AT_ONCE).map((check) => ({ ...check, ...url }));
    const event = {
      ...{ kind: "checks-failed" as const, id, at, environment: settings.environment },
      ...{ pipeline: run.domain, checks },
    };
    await startAlert(executions, { key: id, trigger: name, event });
  }
}
