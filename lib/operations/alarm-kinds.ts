/** What an alarm says and where its runbook is; the construct adds the metric. */
export interface AlarmKind {
  readonly scope: "domain" | "platform";
  /** One sentence for whoever is woken up. */
  readonly says: string;
  /** File below docs/runbooks and its heading. */
  readonly runbook: string;
  /** Sounds at this value and above. */
  readonly threshold: number;
  /** For people; absent = a count. */
  readonly unit?: string;
  readonly periodMinutes: 5 | 60;
  /** So many bad periods of so many, before it sounds. */
  readonly bad: readonly [count: number, of: number];
  /**
   * Says so too when it is over. Off for what cannot be over: five minutes without another failed run repair none.
   */
  readonly tellsWhenOver: boolean;
  /** Sounds below the threshold, and when there are no figures at all: of what has to happen again and again. */
  readonly below?: true;
}

const AT_ONCE = { threshold: 1, periodMinutes: 5, bad: [1, 1] } as const;
/** Retries deal with a single blow; what lasts is a person's. */
const LASTING = { threshold: 1, periodMinutes: 5, bad: [3, 3] } as const;
const REPEATED = { threshold: 1, periodMinutes: 5, bad: [2, 3] } as const;

/**
 * Every alarm. CloudWatch takes 0.10 USD a month for every metric that an alarm looks at (us-east-1), so an alarm over
 * the functions of a domain costs as much as one for each: docs/reference/alarms.md counts them.
 *
 * A container that never answers has no alarm of its own: its state ends by the missing heartbeat, and the run fails.
 * Nor has a domain an alarm over its alarms: it would cost five times as much as one and say nothing new.
 */
export const ALARM_KINDS = {
  FailedRuns: {
    scope: "domain",
    says: "Runs failed.",
    runbook: "failed-run.md#a-run-has-failed",
    ...AT_ONCE,
    tellsWhenOver: false,
  },
  TimedOutRuns: {
    scope: "domain",
    says: "Runs passed the time limit of their machine, which no state of it can catch.",
    runbook: "failed-run.md#a-run-has-timed-out",
    ...AT_ONCE,
    tellsWhenOver: false,
  },
  StoppedRuns: {
    scope: "domain",
    says: "Somebody stopped runs.",
    runbook: "failed-run.md#a-run-was-stopped",
    ...AT_ONCE,
    tellsWhenOver: false,
  },
  ThrottledRuns: {
    scope: "domain",
    says: "Step Functions holds runs back: the account's state transitions are used up.",
    runbook: "failed-run.md#runs-are-throttled",
    ...REPEATED,
    tellsWhenOver: true,
  },
  FailingFunctions: {
    scope: "domain",
    says: "Functions have failed for a quarter of an hour on end; retries may still hide it.",
    runbook: "functions.md#functions-keep-failing",
    ...LASTING,
    tellsWhenOver: true,
  },
  ThrottledFunctions: {
    scope: "domain",
    says: "Lambda refuses calls of functions: there is no concurrency left.",
    runbook: "functions.md#functions-are-throttled",
    ...REPEATED,
    tellsWhenOver: true,
  },
  DeadLetters: {
    scope: "domain",
    says: "Something that should have started a run, or told of a failed one, was not delivered and lies in the dead-letter queue.",
    runbook: "deliveries.md#messages-in-a-dead-letter-queue",
    ...AT_ONCE,
    tellsWhenOver: true,
  },
  OldDeadLetters: {
    scope: "domain",
    says: "A message has been in the dead-letter queue for three days; after fourteen it is gone.",
    runbook: "deliveries.md#messages-in-a-dead-letter-queue",
    threshold: 3 * 24 * 3600,
    unit: " s",
    periodMinutes: 60,
    bad: [1, 1],
    tellsWhenOver: true,
  },
  FailedStarts: {
    scope: "domain",
    says: "Runs could not be started: what should have started them is in the dead-letter queue or, if that failed too, in the starter's log.",
    runbook: "deliveries.md#runs-that-could-not-be-started",
    ...AT_ONCE,
    tellsWhenOver: false,
  },
  LostDeliveries: {
    scope: "domain",
    says: "EventBridge could deliver events neither to their target nor to the dead-letter queue: they are lost.",
    runbook: "deliveries.md#events-are-lost",
    ...AT_ONCE,
    tellsWhenOver: false,
  },
  FailingSchedules: {
    scope: "domain",
    says: "Scheduled starts fail and are tried again.",
    runbook: "deliveries.md#schedules-do-not-start-runs",
    ...REPEATED,
    tellsWhenOver: true,
  },
  DroppedStarts: {
    scope: "domain",
    says: "Scheduled starts were given up.",
    runbook: "deliveries.md#schedules-do-not-start-runs",
    ...AT_ONCE,
    tellsWhenOver: false,
  },
  UnclassifiedErrors: {
    scope: "domain",
    says: "Tasks failed with errors that have no class: a bug, or an answer that is not mapped yet. The target is none.",
    runbook: "failed-run.md#an-error-has-no-class",
    ...AT_ONCE,
    tellsWhenOver: false,
  },
  QueueAge: {
    scope: "domain",
    says: "A run has waited in its lane for more than an hour; backfills, which are meant to wait, are left out.",
    runbook: "queues.md#runs-wait-too-long",
    threshold: 3_600,
    unit: " s",
    periodMinutes: 5,
    bad: [3, 3],
    tellsWhenOver: true,
  },
  ClosedLanes: {
    scope: "domain",
    says: "A lane is closed: its runs wait until somebody opens it.",
    runbook: "queues.md#a-lane-is-closed",
    ...REPEATED,
    tellsWhenOver: true,
  },
  LedgerThrottled: {
    scope: "platform",
    says: "DynamoDB refuses requests to the ledger.",
    runbook: "ledger.md#the-ledger-is-throttled",
    ...REPEATED,
    tellsWhenOver: true,
  },
  LedgerErrors: {
    scope: "platform",
    says: "DynamoDB answers requests to the ledger with errors of its own.",
    runbook: "ledger.md#the-ledger-has-system-errors",
    ...LASTING,
    tellsWhenOver: true,
  },
  FunctionConcurrency: {
    scope: "platform",
    says: "More than 80 % of the account's concurrent functions are in use.",
    runbook: "functions.md#concurrency-is-nearly-used-up",
    threshold: 80,
    unit: " %",
    periodMinutes: 5,
    bad: [2, 3],
    tellsWhenOver: true,
  },
  UnsentAlerts: {
    scope: "platform",
    says: "An alert could not be sent to Slack for a quarter of an hour; this message comes by another way.",
    runbook: "silence.md#alerts-could-not-be-sent",
    threshold: 900,
    unit: " s",
    periodMinutes: 5,
    bad: [1, 1],
    tellsWhenOver: true,
  },
  ClockStopped: {
    scope: "platform",
    says: "Nobody has looked around for a quarter of an hour: the coordinator's clock stands still, or its look fails. Nothing else tells of silence, stuck runs and queues.",
    runbook: "silence.md#the-clock-stands-still",
    ...LASTING,
    tellsWhenOver: true,
    below: true,
  },
  SweepLag: {
    scope: "platform",
    says: "What a sweep goes round has parts that nobody has looked at for three hours: changes upstream are seen late.",
    runbook: "openedx.md#versions-have-not-been-looked-at",
    threshold: 3 * 3_600,
    unit: " s",
    periodMinutes: 60,
    bad: [1, 1],
    tellsWhenOver: true,
  },
  UndeliveredAlarms: {
    scope: "platform",
    says: "Alarms could not be delivered to a subscriber; who reads this is another one.",
    runbook: "deliveries.md#alarms-are-not-delivered",
    ...AT_ONCE,
    tellsWhenOver: false,
  },
} as const satisfies Readonly<Record<string, AlarmKind>>;

export type AlarmName = keyof typeof ALARM_KINDS;
