import { Duration } from "aws-cdk-lib";
import { MathExpression, Metric, Stats } from "aws-cdk-lib/aws-cloudwatch";
import type { Pipeline, Trigger } from "../../core/model/pipeline.ts";
import type { EnvironmentProps, Names } from "../environment.ts";

/** Five minutes: what alarms judge by, and fine enough for a night's graphs. */
const period = Duration.minutes(5);

const metric = (
  namespace: string,
  metricName: string,
  dimensionsMap: Readonly<Record<string, string>>,
  statistic: string,
  label?: string,
): Metric =>
  new Metric({ namespace, metricName, dimensionsMap, statistic, period, ...(label === undefined ? {} : { label }) });

/** Of a machine: ExecutionsStarted, ExecutionsFailed, ExecutionThrottled, ExecutionTime (ms), … */
export const ofMachine = (machineArn: string, name: string, label?: string, statistic = Stats.SUM): Metric =>
  metric("AWS/States", name, { StateMachineArn: machineArn }, statistic, label);

/** Of a function, all versions together: Errors, Throttles, Duration (ms), ConcurrentExecutions. */
export const ofFunction = (functionName: string, name: string, label: string, statistic = Stats.SUM): Metric =>
  metric("AWS/Lambda", name, { FunctionName: functionName }, statistic, label);

/** Of all functions of the account in this region. */
export const ofAccount = (name: string, statistic: string): Metric => metric("AWS/Lambda", name, {}, statistic);

/** Of a task definition, all its tasks together: CpuUtilized (units), MemoryUtilized (MB), EphemeralStorageUtilized (GB). */
export const ofContainers = (names: Names, family: string, name: string, label: string): Metric =>
  metric(
    "ECS/ContainerInsights",
    name,
    { ClusterName: names.cluster, TaskDefinitionFamily: family },
    Stats.MAXIMUM,
    label,
  );

export const runningContainers = (names: Names): Metric =>
  metric("ECS/ContainerInsights", "TaskCount", { ClusterName: names.cluster }, Stats.MAXIMUM);

export interface RuleName {
  readonly rule: string;
  /** Absent = the account's default bus, where S3's events are. */
  readonly bus?: string;
}

/** The rules that start a domain's machine. */
export const rulesOf = (names: Names, { domain, triggers }: Pipeline): readonly (RuleName & { id: string })[] =>
  triggers
    .filter(({ kind }: Trigger) => kind !== "schedule")
    .map(({ id, kind }) => ({
      id,
      rule: names.trigger(domain, id),
      ...(kind === "event" ? { bus: names.bus } : {}),
    }));

export const hasSchedules = ({ name }: Pick<EnvironmentProps, "name">, { triggers }: Pipeline): boolean =>
  triggers.some((trigger) => trigger.kind === "schedule" && trigger.environments.includes(name));

/** Of a rule: Invocations, FailedInvocations, InvocationsSentToDlq, InvocationsFailedToBeSentToDlq. */
export const ofRule = ({ rule, bus }: RuleName, name: string, label?: string): Metric =>
  metric("AWS/Events", name, { ...(bus === undefined ? {} : { EventBusName: bus }), RuleName: rule }, Stats.SUM, label);

/** Of the schedules of a domain: InvocationAttemptCount, TargetErrorCount, InvocationDroppedCount. */
export const ofSchedules = (names: Names, domain: string, name: string): Metric =>
  metric("AWS/Scheduler", name, { ScheduleGroup: names.scheduleGroup(domain) }, Stats.SUM);

/** Of a queue: ApproximateNumberOfMessagesVisible, ApproximateAgeOfOldestMessage (seconds). */
export const ofQueue = (queueName: string, name: string, label?: string): Metric =>
  metric("AWS/SQS", name, { QueueName: queueName }, Stats.MAXIMUM, label);

/** Of the ledger: ConsumedReadCapacityUnits, ReadThrottleEvents, WriteThrottleEvents, … */
export const ofLedger = (names: Names, name: string): Metric =>
  metric("AWS/DynamoDB", name, { TableName: names.ledgerTable }, Stats.SUM);

/** What the ledger's adapter asks (core/io/aws/ledger.ts): DynamoDB counts its own errors by request. */
const LEDGER_REQUESTS = ["GetItem", "Query", "UpdateItem", "DeleteItem", "TransactWriteItems"] as const;

export const ledgerErrors = (names: Names): readonly Metric[] =>
  LEDGER_REQUESTS.map((operation) =>
    metric(
      "AWS/DynamoDB",
      "SystemErrors",
      { TableName: names.ledgerTable, Operation: operation },
      Stats.SUM,
      operation,
    ),
  );

export const ledgerLatency = (names: Names): readonly Metric[] =>
  LEDGER_REQUESTS.map((operation) =>
    metric(
      "AWS/DynamoDB",
      "SuccessfulRequestLatency",
      { TableName: names.ledgerTable, Operation: operation },
      Stats.AVERAGE,
      operation,
    ),
  );

/** Of the topic of alarms: NumberOfMessagesPublished, NumberOfNotificationsDelivered, NumberOfNotificationsFailed. */
export const ofTopic = (topicName: string, name: string): Metric =>
  metric("AWS/SNS", name, { TopicName: topicName }, Stats.SUM);

/**
 * What a domain's tasks count themselves (core/task.ts: TaskFailed, TaskMilliseconds), a line for each that has reported
 * of late: of containers AWS counts no failures, and how often a task is tried is not known beforehand.
 */
export const ofTasks = (
  { name: environment }: Pick<EnvironmentProps, "name">,
  domain: string,
  name: string,
  statistic: string,
): MathExpression =>
  new MathExpression({
    expression:
      `SEARCH('{Millrace,domain,environment,service} MetricName="${name}" ` +
      `environment="${environment}" domain="${domain}"', '${statistic}', ${period.toSeconds()})`,
    label: "${PROP('Dim.service')}",
    period,
  });

/** What tasks measure of the environment and not of themselves (`measure` of core/task.ts). */
export const ofPlatform = (
  { name: environment }: Pick<EnvironmentProps, "name">,
  name: string,
  statistic: string,
  dimensions: Readonly<Record<string, string>> = {},
  label?: string,
): Metric => metric("Millrace", name, { environment, ...dimensions }, statistic, label);

/** Free, once a day. */
export const bucketSize = (bucketName: string, label: string): Metric =>
  metric(
    "AWS/S3",
    "BucketSizeBytes",
    { BucketName: bucketName, StorageType: "StandardStorage" },
    Stats.AVERAGE,
    label,
  ).with({ period: Duration.days(1) });

/** Functions at work, in per cent of the account's quota; the quota is read by CloudWatch, so no number is written here. */
export const concurrencyShare = (): MathExpression =>
  new MathExpression({
    expression: "100 * used / SERVICE_QUOTA(used)",
    usingMetrics: {
      used: metric(
        "AWS/Usage",
        "ResourceCount",
        { Service: "Lambda", Resource: "ConcurrentExecutions", Type: "Resource", Class: "None" },
        Stats.MAXIMUM,
      ),
    },
    label: "used, % of the quota",
    period,
  });
