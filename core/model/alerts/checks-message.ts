import type { ChecksFailed, FailedCheck } from "./alert-event.ts";
import { environmentName } from "./environment-name.ts";
import { button, header, message, section, type SlackMessage } from "./slack-blocks.ts";
import { SLACK, escaped, oneLine } from "./slack-text.ts";

/** With the header they make the 50 blocks that a message may have. */
const MOST_CHECKS = SLACK.blocks - 1;
const MOST_METADATA = 3;
const VALUE_MAX = 200;
const DESCRIPTION_MAX = 300;

/** All checks in the order given, 49 a message: the rest goes into the next, no gap, no repeat. */
export function checksMessages({ checks, environment, pipeline }: ChecksFailed): readonly SlackMessage[] {
  const title = `Millrace ${environmentName(environment)} Check Failure`;
  return Array.from({ length: Math.ceil(checks.length / MOST_CHECKS) }, (_, part) => {
    const own = checks.slice(part * MOST_CHECKS, (part + 1) * MOST_CHECKS);
    return message(`${title} (${checks.length}): ${pipeline}: ${own[0]?.asset ?? ""} ${own[0]?.check ?? ""}`, [
      header(`${title} (${checks.length})`),
      ...own.map((check) => section(linesOf(check), button("View run", check.url))),
    ]);
  });
}

const linesOf = ({ asset, check, description, metadata }: FailedCheck): string[] => [
  `*${escaped(oneLine(asset), VALUE_MAX)}* -- ${escaped(oneLine(check), VALUE_MAX)}`,
  ...(description === "" ? [] : [escaped(description, DESCRIPTION_MAX)]),
  ...metadata
    .slice(0, MOST_METADATA)
    .map(([name, value]) => `${escaped(oneLine(name), VALUE_MAX)}: ${escaped(oneLine(String(value)), VALUE_MAX)}`),
];
