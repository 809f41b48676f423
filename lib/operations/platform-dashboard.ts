import { Stack } from "aws-cdk-lib";
import {
  AlarmStatusWidget,
  Dashboard,
  MathExpression,
  Stats,
  TextWidget,
  type IAlarm,
} from "aws-cdk-lib/aws-cloudwatch";
import { Construct } from "constructs";
import type { Pipeline } from "../../core/model/pipeline.ts";
import { machineArn } from "../constructs/literal-arns.ts";
import type { EnvironmentProps, Names } from "../environment.ts";
import {
  bucketSize,
  concurrencyShare,
  ledgerErrors,
  ledgerLatency,
  ofAccount,
  ofLedger,
  ofMachine,
  ofQueue,
  ofRule,
  ofTopic,
  rulesOf,
  runningContainers,
} from "./metrics.ts";
import { graph, link, links } from "./widgets.ts";

export interface PlatformDashboardProps {
  readonly environment: EnvironmentProps;
  readonly names: Names;
  readonly pipelines: readonly Pipeline[];
  readonly alarms: readonly IAlarm[];
}

/** What all domains share, and how each of them is in one line. */
export class PlatformDashboard extends Construct {
  constructor(scope: Construct, id: string, { environment, names, pipelines, alarms }: PlatformDashboardProps) {
    super(scope, id);
    const domains = pipelines.map(({ domain }) => domain);
    const perDomain = (name: string) =>
      domains.map((domain) => ofMachine(machineArn(Stack.of(this), names, domain), name, domain));
    const queues = domains.map((domain) => ({ domain, queue: names.deadLetters(domain) }));
    const dashboard = new Dashboard(this, "Dashboard", { dashboardName: names.dashboard("platform") });
    dashboard.addWidgets(
      new TextWidget({
        width: 12,
        height: 4,
        markdown: [
          `# Millrace, ${environment.name}`,
          domains.map((domain) => link(domain, links.dashboard(names.dashboard(domain)))).join(" | "),
          [
            link("Costs", links.costs()),
            link("Cost anomalies", links.anomalies()),
            link("Logs", links.queries()),
            link("Runbooks", `${environment.runbooks}/README.md`),
          ].join(" | "),
        ].join("\n\n"),
      }),
      new AlarmStatusWidget({ title: "Alarms of the platform", width: 12, height: 4, alarms: [...alarms] }),
    );
    dashboard.addWidgets(
      graph("Runs started", perDomain("ExecutionsStarted")),
      graph("Runs failed", perDomain("ExecutionsFailed")),
      graph("Runs timed out", perDomain("ExecutionsTimedOut")),
    );
    dashboard.addWidgets(
      graph(
        "Objects landed, by domain",
        pipelines.flatMap((pipeline) => landed(names, pipeline)),
      ),
      graph(
        "Events between domains that were not delivered",
        pipelines.flatMap((pipeline) =>
          rulesOf(names, pipeline)
            .filter(({ bus }) => bus !== undefined)
            .map((rule) => ofRule(rule, "FailedInvocations", `${pipeline.domain} ${rule.id}`)),
        ),
      ),
      graph(
        "Size of buckets",
        (["landing", "lake", "quarantine", "artifacts", "drops"] as const).map((role) =>
          bucketSize(names.bucket(role), role),
        ),
        "bytes",
      ),
    );
    dashboard.addWidgets(
      graph(
        "Dead letters",
        queues.map(({ domain, queue }) => ofQueue(queue, "ApproximateNumberOfMessagesVisible", domain)),
      ),
      graph(
        "Age of the oldest dead letter",
        queues.map(({ domain, queue }) => ofQueue(queue, "ApproximateAgeOfOldestMessage", domain)),
        "s",
      ),
      graph(
        "Alarms sent",
        ["NumberOfMessagesPublished", "NumberOfNotificationsDelivered", "NumberOfNotificationsFailed"].map((name) =>
          ofTopic(names.alarmTopic, name),
        ),
      ),
    );
    dashboard.addWidgets(
      graph("Ledger: capacity", [
        ofLedger(names, "ConsumedReadCapacityUnits"),
        ofLedger(names, "ConsumedWriteCapacityUnits"),
      ]),
      graph("Ledger: throttles and errors", [
        ofLedger(names, "ReadThrottleEvents"),
        ofLedger(names, "WriteThrottleEvents"),
        ...ledgerErrors(names),
      ]),
      graph("Ledger: answers", ledgerLatency(names), "ms"),
    );
    dashboard.addWidgets(
      graph("Functions at work in the account", [
        ofAccount("ConcurrentExecutions", Stats.MAXIMUM),
        ofAccount("ClaimedAccountConcurrency", Stats.MAXIMUM),
        ofAccount("Throttles", Stats.SUM),
      ]),
      graph("Concurrency in use", [concurrencyShare()], "%"),
      graph("Containers", [runningContainers(names)]),
    );
  }
}

/** S3 counts no events for free; the rules that they start do. */
function landed(names: Names, pipeline: Pipeline): MathExpression[] {
  const rules = rulesOf(names, pipeline).filter(({ bus }) => bus === undefined);
  if (rules.length === 0) return [];
  // Ids of metrics are one space for the whole graph.
  const usingMetrics = Object.fromEntries(
    rules.map((rule, index) => [`${pipeline.domain}${index}`, ofRule(rule, "Invocations", rule.id)]),
  );
  return [
    new MathExpression({
      expression: `SUM([${Object.keys(usingMetrics).join(", ")}])`,
      usingMetrics,
      label: pipeline.domain,
    }),
  ];
}
