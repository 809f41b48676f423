import type { AlertEvent } from "../model/alerts/alert-event.ts";
import { consolePage, executionArnOf, machineArnOf } from "./machine-arns.ts";
import { readRequest } from "./lane-requests.ts";
import type { Executions, Ledger } from "./ports.ts";
import type { RunSettings, Settings } from "./settings.ts";

/** Of more than these the first have told what is wrong. */
const STUCK_AT_ONCE = 50;

export interface OpenRun {
  readonly domain: string;
  readonly name: string;
  /** Epoch milliseconds: it cannot have started before. */
  readonly since: number;
}

/**
 * Of runs that nobody has seen end, those that run for longer than their domain says. Only they are asked after, so the
 * work grows with what is stuck. The same run gives the same event at every look.
 */
export async function stuckRuns(
  { ledger, executions }: { readonly ledger: Ledger; readonly executions: Pick<Executions, "describe"> },
  settings: Pick<Settings, "environment" | "machineArnPrefix" | "embedded">,
  limits: NonNullable<RunSettings["longestSeconds"]>,
  open: readonly OpenRun[],
  now: number,
): Promise<Extract<AlertEvent, { kind: "run-stuck" }>[]> {
  const late = open
    .filter(({ domain, since }) => now - since > (limits[domain] ?? Infinity) * 1_000)
    .toSorted((a, b) => a.since - b.since);
  const found: Extract<AlertEvent, { kind: "run-stuck" }>[] = [];
  for (const { domain, name } of late.slice(0, STUCK_AT_ONCE)) {
    const limitSeconds = limits[domain] ?? Infinity;
    const state = await executions.describe({ domain, name });
    if (state?.status !== "RUNNING" || now - state.startedAt.getTime() <= limitSeconds * 1_000) continue;
    const request = (await readRequest(ledger, name))?.request;
    const arn = executionArnOf(machineArnOf(settings.machineArnPrefix, domain), name);
    const links = settings.embedded === undefined ? { execution: consolePage(arn) } : {};
    found.push({
      ...{ kind: "run-stuck", id: `${arn}/stuck`, environment: settings.environment, pipeline: domain },
      at: new Date(state.startedAt.getTime() + limitSeconds * 1_000).toISOString(),
      run: { id: name, attempt: 1, links },
      item: request === undefined ? null : { asset: request.asset, partition: request.partition },
      startedAt: state.startedAt.toISOString(),
      limitSeconds,
    });
  }
  return found;
}
