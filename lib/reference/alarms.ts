import type { Pipeline } from "../../core/model/pipeline.ts";
import { hasStarter } from "../constructs/starter.ts";
import { namesOf } from "../environment.ts";
import { ALARM_KINDS, type AlarmKind } from "../operations/alarm-kinds.ts";
import { domainWatches, platformWatches, watchedMetrics } from "../operations/watches.ts";
import { code, page, table } from "./markdown.ts";

/** us-east-1, standard resolution, https://aws.amazon.com/cloudwatch/pricing/. */
const USD_PER_METRIC = 0.1;

/** Every alarm, when it sounds, what to do, and what alarms cost. */
export const alarmsPage = (pipelines: readonly Pipeline[]): string => {
  const environment = { name: "production", organisation: "organisation" } as const;
  const names = namesOf(environment);
  const counts = [
    ["platform", watchedMetrics(platformWatches(environment, names))] as const,
    ...pipelines.map((pipeline) => {
      const watches = domainWatches({
        ...{ environment, names, pipeline, machineArn: "machine" },
        ...(hasStarter(pipeline) ? { starterArn: "starter" } : {}),
      });
      return [pipeline.domain, watchedMetrics(watches)] as const;
    }),
  ];
  return page(
    "Alarms",
    "All alarms go to the topic `millrace-<environment>-alarms`, and every one names its runbook.",
    "## Of every domain",
    kinds("domain"),
    "## Of the platform",
    kinds("platform"),
    "## What they cost",
    `CloudWatch takes ${USD_PER_METRIC.toFixed(2)} USD a month (us-east-1) for every metric that an alarm looks at; a dashboard is 3 USD a month after the account's first three. In production:`,
    table(
      ["part", "metrics", "USD a month"],
      counts.map(([part, count]) => [part, String(count), (count * USD_PER_METRIC).toFixed(2)]),
    ),
    "Canary releases add one alarm to every function; the environment for the emulator leaves out what sums several metrics.",
  );
};

const kinds = (scope: AlarmKind["scope"]): string =>
  table(
    ["alarm", "says", "sounds", "when it is over", "runbook"],
    Object.entries<AlarmKind>(ALARM_KINDS)
      .filter(([, kind]) => kind.scope === scope)
      .map(([name, kind]) => [
        code(name),
        kind.says,
        sounds(kind),
        kind.tellsWhenOver ? "says so" : "stays silent",
        `[${kind.runbook.split("#")[0] ?? ""}](../runbooks/${kind.runbook})`,
      ]),
  );

const sounds = ({ threshold, periodMinutes, bad: [count, of], unit = "", below }: AlarmKind): string =>
  `${below === true ? `below ${threshold}${unit}, or without figures,` : `at ${threshold}${unit} or more`} in ${of === 1 ? "any" : `${count} of ${of} periods of`} ${periodMinutes} minutes`;
