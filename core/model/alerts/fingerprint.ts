import { createHash } from "node:crypto";
import * as z from "zod";
import type { AlertEvent, ChecksFailed, ToldEvent } from "./alert-event.ts";

/** What makes two failures the same one. The partition is no part of it: one cause that fails 10,000 is one message. */
export const Fingerprint = z.object({
  environment: z.string(),
  pipeline: z.string(),
  /** Name of the step, or `run` when no step failed. */
  step: z.string(),
  class: z.string(),
  errorName: z.string(),
});
export type Fingerprint = z.infer<typeof Fingerprint>;

export function fingerprintOf(event: ToldEvent): Fingerprint {
  const { environment, pipeline } = event;
  return { environment, pipeline, ...causeOf(event) };
}

type Cause = Pick<Fingerprint, "step" | "class" | "errorName">;

function causeOf(event: ToldEvent): Cause {
  switch (event.kind) {
    case "run-failed": {
      const [first] = event.steps;
      return first === undefined
        ? { step: "run", class: event.class, errorName: event.errorName }
        : { step: first.name, class: first.class, errorName: first.errorName };
    }
    // A recovery must not open the window of the failure itself.
    case "run-recovered":
      return { step: `recovered ${event.step}`, class: event.class, errorName: event.errorName };
    case "checks-failed":
      return { step: "checks", class: "CheckFailed", errorName: nameOfChecks(event) };
    case "dead-man":
    case "schedule-silent":
      return { step: `schedule ${event.schedule}`, class: "Silent", errorName: event.kind };
    case "run-stuck":
      return { step: "run", class: "Stuck", errorName: "run_stuck" };
    case "lane-closed":
      return { step: `lane ${event.lane}`, class: event.class, errorName: event.errorName };
    case "ping-failed":
      return { step: `ping ${event.role}`, class: event.class, errorName: event.errorName };
  }
}

/** Another set of failing checks is another message. */
function nameOfChecks({ checks }: ChecksFailed): string {
  const names = [...new Set(checks.map(({ asset, check }) => JSON.stringify([asset, check])))].toSorted();
  return names.length === 1 ? (checks[0]?.check ?? "") : `checks-${digest(names).slice(0, 16)}`;
}

/** 64 hex digits: names are long and may hold any character, ledger keys may not. */
export const fingerprintKey = ({ environment, pipeline, step, class: name, errorName }: Fingerprint): string =>
  digest([environment, pipeline, step, name, errorName]);

/**
 * What has to come right again before an announced failure counts as resolved; undefined = nothing is waited for.
 * Equal for the event that breaks and the one that mends.
 */
export function subjectKey(event: AlertEvent): string | undefined {
  switch (event.kind) {
    case "run-failed":
    case "run-recovered":
    case "run-succeeded":
      return event.item === null
        ? digest(["run", event.environment, event.pipeline, event.run.id])
        : digest(["item", event.environment, event.pipeline, event.item.asset, event.item.partition]);
    case "lane-closed":
    case "lane-opened":
      return digest(["lane", event.environment, event.lane]);
    case "dead-man":
    case "schedule-silent":
    case "schedule-heard":
      return digest(["schedule", event.environment, event.schedule]);
    // A run that was stuck tells of its end itself.
    case "run-stuck":
    case "checks-failed":
    case "ping-failed":
      return undefined;
  }
}

const digest = (parts: readonly string[]): string => createHash("sha256").update(JSON.stringify(parts)).digest("hex");

/** A UUID made of text: the same at every attempt. */
export function stableUuid(...parts: readonly string[]): string {
  const hex = digest(parts);
  // Version 8 (RFC 9562): made by our own rule.
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
