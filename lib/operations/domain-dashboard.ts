import { AlarmStatusWidget, Dashboard, Stats, TextWidget, type IAlarm } from "aws-cdk-lib/aws-cloudwatch";
import { Construct } from "constructs";
import type { Pipeline } from "../../core/model/pipeline.ts";
import type { EnvironmentProps, Names } from "../environment.ts";
import {
  hasSchedules,
  ofContainers,
  ofFunction,
  ofMachine,
  ofQueue,
  ofRule,
  ofSchedules,
  ofTasks,
  rulesOf,
} from "./metrics.ts";
import { graph, link, links } from "./widgets.ts";

export interface DomainDashboardProps {
  readonly environment: EnvironmentProps;
  readonly names: Names;
  readonly pipeline: Pipeline;
  readonly machineArn: string;
  readonly starterArn?: string;
  readonly alarms: readonly IAlarm[];
}

/** One domain from left to right: what started runs, how they went, where time and errors are. */
export class DomainDashboard extends Construct {
  constructor(scope: Construct, id: string, props: DomainDashboardProps) {
    super(scope, id);
    const { environment, names, pipeline, machineArn, starterArn, alarms } = props;
    const { domain, description, tasks } = pipeline;
    const machine = (name: string, label: string, statistic?: string) => ofMachine(machineArn, name, label, statistic);
    const named = Object.entries(tasks).map(([task, { compute }]) => ({ task, kind: compute.kind }));
    const functions = named.filter(({ kind }) => kind === "lambda");
    const containers = named.filter(({ kind }) => kind === "fargate");
    const perFunction = (name: string, statistic?: string) =>
      functions.map(({ task }) => ofFunction(names.task(domain, task), name, task, statistic));
    const perContainer = (name: string) =>
      containers.map(({ task }) => ofContainers(names, names.task(domain, task), name, task));
    const rules = rulesOf(names, pipeline);
    const perRule = (name: string) => rules.map((rule) => ofRule(rule, name, rule.id));
    const queue = names.deadLetters(domain);
    const dashboard = new Dashboard(this, "Dashboard", { dashboardName: names.dashboard(domain) });
    dashboard.addWidgets(
      new TextWidget({
        width: 12,
        height: 4,
        markdown: [
          `# ${domain}, ${environment.name}`,
          description,
          [
            link("Runs", links.machine(machineArn)),
            link("Logs", links.queries()),
            link("Traces", links.traces()),
            link("Dead letters", links.queue(queue)),
            link("Runbooks", `${environment.runbooks}/README.md`),
            link("Platform", links.dashboard(names.dashboard("platform"))),
          ].join(" | "),
        ].join("\n\n"),
      }),
      new AlarmStatusWidget({ title: "Alarms", width: 12, height: 4, alarms: [...alarms] }),
    );
    dashboard.addWidgets(
      graph("Runs", [
        machine("ExecutionsStarted", "started"),
        machine("ExecutionsSucceeded", "succeeded"),
        machine("ExecutionsFailed", "failed"),
        machine("ExecutionsTimedOut", "timed out"),
        machine("ExecutionsAborted", "stopped"),
        machine("ExecutionThrottled", "throttled"),
      ]),
      graph(
        "Duration of runs",
        [
          machine("ExecutionTime", "median", Stats.p(50)),
          machine("ExecutionTime", "nine of ten", Stats.p(90)),
          machine("ExecutionTime", "longest", Stats.MAXIMUM),
        ],
        "ms",
      ),
      graph("Dead letters", [ofQueue(queue, "ApproximateNumberOfMessagesVisible", "messages")]),
    );
    dashboard.addWidgets(
      graph("Failed attempts by task", [ofTasks(environment, domain, "TaskFailed", Stats.SUM)]),
      graph("Duration by task, nine of ten", [ofTasks(environment, domain, "TaskMilliseconds", Stats.p(90))], "ms"),
    );
    if (functions.length > 0)
      dashboard.addWidgets(
        graph("Errors by function", perFunction("Errors")),
        graph("Duration by function, nine of ten", perFunction("Duration", Stats.p(90)), "ms"),
        graph("Calls under way by function", perFunction("ConcurrentExecutions", Stats.MAXIMUM)),
        graph("Throttles by function", perFunction("Throttles")),
      );
    if (containers.length > 0)
      dashboard.addWidgets(
        graph("Processor of containers", perContainer("CpuUtilized"), "CPU units"),
        graph("Memory of containers", perContainer("MemoryUtilized"), "MB"),
        graph("Disk of containers", perContainer("EphemeralStorageUtilized"), "GB"),
      );
    dashboard.addWidgets(
      graph("Starts of runs", [
        ...perRule("Invocations"),
        ...(starterArn === undefined ? [] : [ofMachine(starterArn, "ExecutionsFailed", "could not be started")]),
      ]),
      graph("Deliveries that failed for good", perRule("FailedInvocations")),
      graph("Deliveries that went to the dead letters", perRule("InvocationsSentToDlq")),
    );
    if (hasSchedules(environment, pipeline))
      dashboard.addWidgets(
        graph(
          "Scheduled starts",
          ["InvocationAttemptCount", "TargetErrorCount", "InvocationDroppedCount"].map((name) =>
            ofSchedules(names, domain, name),
          ),
        ),
      );
  }
}
