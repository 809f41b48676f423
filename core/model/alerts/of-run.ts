import type { EndedRun } from "../ended-run.ts";
import type { EnvironmentName } from "../pipeline.ts";
import { AlertEvent, type FailedStep } from "./alert-event.ts";

/** What the run itself does not say. */
export interface RunCircumstances {
  readonly environment: EnvironmentName;
  /** Steps whose last attempt failed; empty = it died before or between steps. */
  readonly steps: readonly FailedStep[];
  /** Name of the first execution of this piece of work, and which attempt at it this was. */
  readonly first: string;
  readonly attempt: number;
  /** ISO 8601: when it runs again by itself; absent = it does not. */
  readonly retryAt?: string;
  readonly laneClosed: boolean;
  /** Page of the execution; absent = there is none. */
  readonly execution?: string;
}

/** The alert of a run's end; undefined = its end is nothing to tell. `wasFailing`: the item's latest result before. */
export function alertOf(run: EndedRun, wasFailing: boolean, facts: RunCircumstances): AlertEvent | undefined {
  const { environment, steps, first, attempt, retryAt, laneClosed, execution } = facts;
  const common = {
    id: run.executionArn,
    at: new Date(run.endedAt).toISOString(),
    environment,
    pipeline: run.domain,
    item: run.item ?? null,
    run: { id: first, attempt, links: execution === undefined ? {} : { execution } },
  };
  if (run.outcome.status === "succeeded" && wasFailing) return AlertEvent.parse({ ...common, kind: "run-succeeded" });
  const { failure } = run;
  if (failure === undefined) return undefined;
  const hint = failure.hint ?? "Read the failed step, correct what it names, and run it again.";
  return AlertEvent.parse({
    ...common,
    kind: "run-failed",
    steps,
    class: failure.name,
    errorName: failure.code,
    reason: failure.message,
    next: retryAt === undefined ? { do: laneClosed ? "lane-closed" : "nothing", hint } : { do: "retry", at: retryAt },
  });
}
