import { Duration } from "aws-cdk-lib";
import { MathExpression, Stats, type Metric } from "aws-cdk-lib/aws-cloudwatch";
import { lanesIn } from "../../core/model/lanes/declared-lanes.ts";
import type { Pipeline } from "../../core/model/pipeline.ts";
import type { EnvironmentProps, Names } from "../environment.ts";
import type { AlarmName } from "./alarm-kinds.ts";
import {
  concurrencyShare,
  hasSchedules,
  ledgerErrors,
  ofFunction,
  ofLedger,
  ofMachine,
  ofPlatform,
  ofQueue,
  ofRule,
  ofSchedules,
  ofTopic,
  rulesOf,
} from "./metrics.ts";
import { noticeRule } from "./run-notices.ts";

/** What an alarm looks at: the sum of some metrics, or an expression of its own. */
export type Watch = readonly [name: AlarmName, metrics: readonly Metric[] | MathExpression];

export interface WatchedDomain {
  readonly environment: Pick<EnvironmentProps, "name">;
  readonly names: Names;
  readonly pipeline: Pipeline;
  readonly machineArn: string;
  /** What events start, and what starts the machine. */
  readonly starterArn?: string;
}

export function domainWatches({
  environment,
  names,
  pipeline,
  machineArn,
  starterArn,
}: WatchedDomain): readonly Watch[] {
  const { domain, tasks } = pipeline;
  const lanes = lanesIn(environment.name, [pipeline]).map(({ id }) => id);
  const ofLanes = (name: string) =>
    lanes.map((lane) => ofPlatform(environment, name, Stats.MAXIMUM, { lane }, labelled(lane, lanes)));
  const functions = Object.keys(tasks).filter((task) => tasks[task]?.compute.kind === "lambda");
  const ofFunctions = (name: string) => functions.map((task) => ofFunction(names.task(domain, task), name, task));
  const queue = names.deadLetters(domain);
  const express = pipeline.machine === "express";
  const rules = [...rulesOf(names, pipeline), ...(express ? [] : [{ id: "notices", rule: noticeRule(names, domain) }])];
  return [
    ["FailedRuns", [ofMachine(machineArn, "ExecutionsFailed")]],
    ["TimedOutRuns", [ofMachine(machineArn, "ExecutionsTimedOut")]],
    ["StoppedRuns", [ofMachine(machineArn, "ExecutionsAborted")]],
    ["ThrottledRuns", [ofMachine(machineArn, "ExecutionThrottled")]],
    ["FailingFunctions", ofFunctions("Errors")],
    ["ThrottledFunctions", ofFunctions("Throttles")],
    ["DeadLetters", [ofQueue(queue, "ApproximateNumberOfMessagesVisible")]],
    ["OldDeadLetters", [ofQueue(queue, "ApproximateAgeOfOldestMessage")]],
    // EventBridge counts an event as delivered once the starter runs, and Express machines send no events of their own.
    ...(starterArn === undefined
      ? []
      : [
          [
            "FailedStarts",
            ["ExecutionsFailed", "ExecutionsTimedOut"].map((name) => ofMachine(starterArn, name)),
          ] as const,
        ]),
    ["LostDeliveries", rules.map((rule) => ofRule(rule, "InvocationsFailedToBeSentToDlq", labelled(rule.id, rules)))],
    ...(hasSchedules(environment, pipeline)
      ? [
          ["FailingSchedules", [ofSchedules(names, domain, "TargetErrorCount")]] as const,
          ["DroppedStarts", [ofSchedules(names, domain, "InvocationDroppedCount")]] as const,
        ]
      : []),
    ["UnclassifiedErrors", [ofPlatform(environment, "UnclassifiedErrors", Stats.SUM, { domain })]],
    ...(lanes.length === 0
      ? []
      : [["QueueAge", highest(ofLanes("QueueAge"))] as const, ["ClosedLanes", ofLanes("ClosedLanes")] as const]),
  ];
}

/** The highest of some metrics; one alarm looks at no more than ten. */
const highest = (metrics: readonly Metric[]): Watch[1] =>
  metrics.length === 1
    ? metrics
    : new MathExpression({
        expression: "MAX(METRICS())",
        usingMetrics: Object.fromEntries(metrics.map((one, index) => [`m${index}`, one])),
        period: Duration.minutes(5),
      });

/** Told apart in a sum; with a label, even one metric alone becomes an expression. */
const labelled = (label: string, all: readonly unknown[]): string | undefined => (all.length > 1 ? label : undefined);

export const platformWatches = (environment: Pick<EnvironmentProps, "name">, names: Names): readonly Watch[] => [
  ["LedgerThrottled", [ofLedger(names, "ReadThrottleEvents"), ofLedger(names, "WriteThrottleEvents")]],
  ["LedgerErrors", ledgerErrors(names)],
  ["FunctionConcurrency", concurrencyShare()],
  ["UnsentAlerts", [ofPlatform(environment, "UnsentAlertAge", Stats.MAXIMUM)]],
  ["ClockStopped", [ofPlatform(environment, "Looks", Stats.SUM)]],
  ["SweepLag", [ofPlatform(environment, "SweepLag", Stats.MAXIMUM)]],
  ["UndeliveredAlarms", [ofTopic(names.alarmTopic, "NumberOfNotificationsFailed")]],
];

/** What AWS charges for: metrics, not alarms. */
export const watchedMetrics = (watches: readonly Watch[]): number =>
  watches.reduce((sum, [, watch]) => sum + (isSum(watch) ? watch : Object.keys(watch.usingMetrics)).length, 0);

export const isSum = (watch: Watch[1]): watch is readonly Metric[] => Array.isArray(watch);
