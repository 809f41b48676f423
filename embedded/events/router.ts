import { createHash } from "node:crypto";
import type { Rule } from "../assembly/triggers.ts";
import { isObject, member, parseJson, text, type JsonObject } from "../assembly/json.ts";
import { EngineError } from "../engine/errors.ts";
import type { DeadLetter, HandledEvent } from "../home-store.ts";
import { matchesPattern } from "./pattern.ts";
import { targetInput } from "./target-input.ts";

/**
 * Starts an execution of a standard machine durably, or runs an Express machine to its end. Resolves with the ARNs of
 * the standard executions that began, or that had begun when the same was asked before.
 */
export type StartExecution = (machineArn: string, name: string, input: string) => Promise<readonly string[]>;

export interface Routed {
  readonly handled: HandledEvent;
  readonly dead: readonly DeadLetter[];
}

/** Hands one event to every rule of its bus that matches. An event that cannot be started becomes a dead letter. */
export async function routeEvent(
  bus: string,
  eventText: string,
  rules: readonly Rule[],
  start: StartExecution,
): Promise<Routed> {
  const event = parseJson(eventText);
  const envelope: JsonObject = isObject(event) ? event : {};
  const eventId = text(envelope["id"]) ?? createHash("sha256").update(eventText).digest("hex");
  const executions: string[] = [];
  const dead: DeadLetter[] = [];
  for (const rule of rules) {
    if (rule.bus !== bus) continue;
    for (const target of matched(rule, envelope) ? rule.targets : []) {
      try {
        if (!target.arn.includes(":stateMachine:")) continue;
        const name = executionName(eventId, rule.name, target.id);
        executions.push(...(await start(target.arn, name, targetInput(target, envelope, rule.name))));
      } catch (error) {
        // The engine is going away: the event stays where it is and is handled after the next start.
        if (error instanceof EngineError && (error.name === "EngineClosed" || error.name === "JournalUnavailable"))
          throw error;
        dead.push({ eventId, rule: rule.name, target: target.arn, event: eventText, error: String(error) });
      }
    }
  }
  return { handled: { eventId, ...subjectOf(envelope), executions }, dead };
}

function matched(rule: Rule, event: JsonObject): boolean {
  return matchesPattern(rule.pattern, event);
}

/** At most 80 characters, the same for every redelivery. The first part tells people where it came from. */
function executionName(eventId: string, rule: string, target: string): string {
  const digest = createHash("sha256")
    .update(JSON.stringify([eventId, rule, target]))
    .digest("hex")
    .slice(0, 24);
  return `${rule.replaceAll(/[^A-Za-z0-9_-]/g, "-").slice(0, 48)}-${digest}`;
}

function subjectOf(event: JsonObject): Omit<HandledEvent, "eventId" | "executions"> {
  const detail = member(event, "detail");
  const bucket = text(member(detail, "bucket")["name"]);
  const key = text(member(detail, "object")["key"]);
  const versionId = text(member(detail, "object")["version-id"]);
  const causeRun = text(detail["runId"]);
  return {
    detailType: text(event["detail-type"]) ?? "",
    ...(bucket === undefined ? {} : { bucket }),
    ...(key === undefined ? {} : { key }),
    ...(versionId === undefined ? {} : { versionId }),
    ...(causeRun === undefined ? {} : { causeRun }),
  };
}
