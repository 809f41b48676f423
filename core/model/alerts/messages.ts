import type { AlertEvent, ToldEvent } from "./alert-event.ts";
import { checksMessages } from "./checks-message.ts";
import { environmentName } from "./environment-name.ts";
import type { Fingerprint } from "./fingerprint.ts";
import { classOf, runFailureMessage, suppressedSection } from "./run-failure-message.ts";
import { actions, button, context, field, header, message, section, type SlackMessage } from "./slack-blocks.ts";
import { escaped, fenced } from "./slack-text.ts";
import { STORM_FINGERPRINTS, STORM_MS } from "./storm.ts";

const MOST_PIPELINES = 30;
const TEXT_MAX = 1_000;

/** What Slack is told of an event: one message, or several when it has more checks than one may hold. */
export function messagesOf(event: ToldEvent, suppressed: number): readonly SlackMessage[] {
  switch (event.kind) {
    case "run-failed":
      return [runFailureMessage(event, suppressed)];
    case "checks-failed":
      return checksMessages(event);
    default:
      return [noticeOf(event, suppressed)];
  }
}

type Notice = Exclude<ToldEvent, { kind: "run-failed" | "checks-failed" }>;

function noticeOf(event: Notice, suppressed: number): SlackMessage {
  const env = environmentName(event.environment);
  const { pipeline } = event;
  const more = suppressedSection(suppressed);
  switch (event.kind) {
    case "run-recovered": {
      const { step, item, run, errorName } = event;
      const where = `${pipeline} ${step}, ${item?.partition ?? "no partition"}`;
      const text = `recovered: ${where} (${classOf(event.class)}, ${errorName}), attempt ${run.attempt}`;
      return message(text, [context(`:white_check_mark: ${escaped(text, TEXT_MAX)}`), more]);
    }
    case "dead-man":
    case "schedule-silent": {
      const title = `Millrace ${env} Silence`;
      const what = event.kind === "dead-man" ? "no success" : "no tick";
      const text = `${what} for more than ${event.maxSilenceSeconds} s`;
      return message(`${title}: ${pipeline} ${event.schedule}: ${text}`, [
        header(title),
        section([
          field("Pipeline", pipeline),
          field("Schedule", event.schedule),
          field("Last", event.lastSeenAt ?? "never"),
          text,
        ]),
        more,
        actions([button("Logs", event.links.logs), button("Runbook", event.links.runbook)]),
      ]);
    }
    case "run-stuck": {
      const title = `Millrace ${env} Run Stuck`;
      const text = `runs for more than ${event.limitSeconds} s`;
      return message(`${title}: ${pipeline} ${event.run.id}: ${text}`, [
        header(title),
        section([
          field("Pipeline", pipeline),
          field("Partition", event.item?.partition ?? "none"),
          field("Run", event.run.id),
          field("Since", event.startedAt),
          text,
        ]),
        more,
        actions([
          button("Open execution", event.run.links.execution),
          button("Logs", event.run.links.logs),
          button("Runbook", event.run.links.runbook),
        ]),
      ]);
    }
    case "lane-closed": {
      const title = `Millrace ${env} Lane Closed`;
      return message(`${title}: ${event.lane} (${event.errorName})`, [
        header(title),
        section([
          field("Lane", event.lane),
          field("Pipeline", pipeline),
          field("Class", classOf(event.class)),
          field("Reason", event.errorName),
          field("Waiting", String(event.waiting)),
        ]),
        more,
        section([`lane closed: ${escaped(event.hint, TEXT_MAX)}`]),
        actions([button("Open execution", event.links.execution), button("Runbook", event.links.runbook)]),
      ]);
    }
    case "ping-failed": {
      const title = `Millrace ${env} Ping Failure`;
      return message(`${title}: ${event.role} (${event.signal}, ${event.errorName})`, [
        header(title),
        section([field("Pipeline", pipeline), field("Check", event.role), field("Signal", event.signal)]),
        section([fenced(event.text, TEXT_MAX)]),
        more,
      ]);
    }
  }
}

/** Takes the place of the messages of a storm. `counts`: different fingerprints by pipeline. */
export function stormMessage(
  { environment, at }: Pick<AlertEvent, "environment" | "at">,
  counts: readonly (readonly [pipeline: string, count: number])[],
  suppressed: number,
): SlackMessage {
  const title = `Millrace ${environmentName(environment)} Many Failures`;
  const total = counts.reduce((sum, [, count]) => sum + count, 0);
  const left = counts.length - MOST_PIPELINES;
  return message(`${title}: ${total} different failures within ${STORM_MS / 60_000} minutes`, [
    header(title),
    section([
      `*${total} different failures* within ${STORM_MS / 60_000} minutes, more than the ${STORM_FINGERPRINTS} that are told one by one`,
      ...counts.slice(0, MOST_PIPELINES).map(([pipeline, count]) => `${escaped(pipeline, 80)}: ${count}`),
      ...(left > 0 ? [`... and ${left} more pipelines`] : []),
    ]),
    suppressed === 0 ? undefined : section([`:repeat: *${suppressed} more* since the last message of this kind`]),
    section([`All of them: \`npx millrace alerts\` (since ${escaped(at, 40)})`]),
  ]);
}

/** The one reply into the thread of an announced failure. */
export const resolvedMessage = ({ pipeline, step, errorName }: Fingerprint): SlackMessage => {
  const text = `resolved: ${pipeline} ${step} (${errorName}): everything that had failed so has succeeded`;
  return message(text, [context(`:white_check_mark: ${escaped(text, TEXT_MAX)}`)]);
};
