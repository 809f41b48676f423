import { isFailureName } from "../failures.ts";
import type { FailedStep, RunFailed } from "./alert-event.ts";
import { environmentName } from "./environment-name.ts";
import {
  actions,
  button,
  context,
  field,
  header,
  message,
  section,
  type AlertBlock,
  type SlackMessage,
} from "./slack-blocks.ts";
import { escaped, fenced } from "./slack-text.ts";

const ERROR_MAX = 2_900;
/** Header, facts, the rest and actions need some of the 50 blocks; nobody reads the eleventh error. */
const MOST_STEPS = 10;
const RUN_ID_SHOWN = 8;

/** Spec alerts-and-failures 7. `suppressed`: further failures of this fingerprint since the last message. */
export function runFailureMessage(event: RunFailed, suppressed: number): SlackMessage {
  const { run, item, steps, pipeline, environment, next, sentryEventId } = event;
  const title = `Millrace ${environmentName(environment)} Run Failure`;
  const [first] = steps;
  const cause = first === undefined ? (event.reason ?? event.errorName) : `${first.name}: ${first.errorName}`;
  return message(`${title}: ${pipeline} ${item?.partition ?? ""} (${event.class}, ${cause})`, [
    header(title),
    section([
      field("Pipeline", pipeline),
      field("Partition", item?.partition ?? "none"),
      field("Run", run.id.slice(0, RUN_ID_SHOWN)),
      field("Class", classOf(event.class)),
      field("Attempt", String(run.attempt)),
    ]),
    ...stepSections(event),
    suppressedSection(suppressed),
    section([nextOf(next)]),
    sentryEventId === undefined ? undefined : context(`Sentry event ${escaped(sentryEventId, 100)}`),
    actions([
      button("Open execution", run.links.execution),
      button("Logs", run.links.logs),
      button("Runbook", run.links.runbook),
    ]),
  ]);
}

export const suppressedSection = (count: number): AlertBlock | undefined =>
  count === 0
    ? undefined
    : section([`:repeat: *${count} further failures* of this same step were suppressed since the last message`]);

/** What is outside the closed set is a bug, and asks for a mapping. */
export const classOf = (name: string): string => (isFailureName(name) ? name : `${name} (unclassified)`);

function stepSections({ steps, reason, errorName }: RunFailed): readonly AlertBlock[] {
  if (steps.length === 0) {
    return [section(["*No step failure recorded*", fenced(reason ?? errorName, ERROR_MAX)])];
  }
  const left = steps.length - MOST_STEPS;
  return [
    ...steps.slice(0, MOST_STEPS).map((step) => section([titleOf(step), fenced(step.text, ERROR_MAX)])),
    ...(left > 0 ? [section([`... and *${left} more failed steps*`])] : []),
  ];
}

const titleOf = ({ name, dbtFailed }: FailedStep): string =>
  dbtFailed === undefined ? field("Step", name, 80) : `${field("Step", name, 40)} *DBT Error* (${dbtFailed} failed):`;

function nextOf(next: RunFailed["next"]): string {
  switch (next.do) {
    case "retry":
      return `will retry once at ${escaped(next.at, 40)}`;
    case "nothing":
      return `will not retry: ${escaped(next.hint, 1_000) || "retrying cannot clear this"}`;
    case "lane-closed":
      return `lane closed: ${escaped(next.hint, 1_000) || "it opens when the configuration changes or a person opens it"}`;
  }
}
