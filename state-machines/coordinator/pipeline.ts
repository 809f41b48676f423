import { ENVIRONMENTS, definePipeline } from "../../core/model/pipeline.ts";
import { COORDINATOR } from "../../core/model/platform-domains.ts";

export const coordinator = definePipeline({
  domain: COORDINATOR,
  description:
    "Decides which run comes next: follows up landings and the end of every run, and is the clock of the lanes.",
  machine: "express",
  jobs: {
    landed: {
      description: "Has the trigger rule see an object that has landed, and its run wait in the lane of its domain.",
      exampleInput: {
        job: "landed",
        landing: {
          ...{
            domain: "openedx",
            job: "tracking_log",
            trigger: "tracking_log_mitx",
            suffixes: [],
            extension: ".log.gz",
          },
          ...{ prefix: "sources/tracking-mitx/", asset: "mitx/openedx/raw_data/tracking_logs" },
        },
        event: {
          detail: {
            bucket: { name: "<landing bucket>" },
            object: { key: "sources/tracking-mitx/logs/2026-01-15/shard.log.gz" },
          },
        },
      },
    },
    run_ended: {
      description: "Writes a run's result into its item, frees its slot, asks for what follows, raises the alert.",
      exampleInput: {
        job: "run_ended",
        event: { detail: "<detail of the event Step Functions Execution Status Change>" },
      },
    },
    worker_stopped: {
      description: "Answers for a container that has stopped without an answer, so that its run goes on at once.",
      exampleInput: {
        job: "worker_stopped",
        worker: "arn:aws:ecs:us-east-1:111122223333:task/millrace-qa/0123456789abcdef0123456789abcdef",
      },
    },
    tick: {
      description: "Decides a tick of a schedule and starts its run: off, late, running still, told before, or due.",
      exampleInput: {
        job: "tick",
        schedule: {
          ...{ id: "sweep", domain: "lakehouse", job: "build", expression: "cron(20 0/4 * * ? *)", timeZone: "UTC" },
          ...{ misfire: "run-once", enabled: true },
        },
        scheduledTime: "2026-01-15T12:20:00Z",
      },
    },
    sweep: {
      description: "Renews or frees slots whose lease is over, and lets requests in that come due.",
      exampleInput: { job: "sweep" },
    },
    reconcile: {
      description: "Begins to compare what has landed with what is on record, for events that were lost.",
      exampleInput: { job: "reconcile" },
    },
  },
  tasks: {
    Landed: {
      description: "Looks at an object that has landed and requests the run of its version.",
      handler: "coordinator/landed",
      compute: { kind: "lambda", memoryMb: 512, timeoutSeconds: 45 },
      reads: [{ bucket: "landing", prefix: "sources/" }],
      ledger: "write",
      starts: "every",
    },
    RunEnded: {
      description: "Follows up the end of one run.",
      handler: "coordinator/run-ended",
      compute: { kind: "lambda", memoryMb: 512, timeoutSeconds: 60 },
      reads: [{ bucket: "artifacts", prefix: "backfills/" }],
      ledger: "write",
      starts: "every",
    },
    WorkerStopped: {
      description: "Tells the machine of a container that has stopped what ECS says of its end.",
      handler: "coordinator/worker-stopped",
      compute: { kind: "lambda", memoryMb: 512, timeoutSeconds: 60 },
      answersFor: "every",
    },
    Tick: {
      description: "Decides one tick of a schedule, puts it on record, and starts its run.",
      handler: "coordinator/tick",
      compute: { kind: "lambda", memoryMb: 512, timeoutSeconds: 60 },
      ledger: "write",
      starts: "every",
    },
    Sweep: {
      description:
        "Looks after slots, delayed requests and new days, and for what no event tells: lost ends, silence, stuck runs.",
      handler: "coordinator/sweep",
      compute: { kind: "lambda", memoryMb: 512, timeoutSeconds: 240 },
      reads: [{ bucket: "artifacts", prefix: "backfills/" }],
      watches: ["schedules", "daily"],
      ledger: "write",
      starts: "every",
    },
    ApplyCode: {
      description: "Requests runs of what was made with another code version than its asset declares now.",
      handler: "coordinator/apply-code",
      compute: { kind: "lambda", memoryMb: 512, timeoutSeconds: 90 },
      ledger: "write",
      starts: "every",
    },
    Reconcile: {
      description: "Requests runs of landed objects that no record covers.",
      handler: "coordinator/reconcile",
      compute: { kind: "lambda", memoryMb: 512, timeoutSeconds: 90 },
      reads: [{ bucket: "landing", prefix: "sources/" }],
      ledger: "write",
      starts: "every",
    },
  },
  triggers: [
    {
      kind: "schedule",
      id: "reconcile",
      description: "Asks for the daily reconciliation; the clock goes on with it until it is finished.",
      job: "reconcile",
      expression: "cron(40 3 * * ? *)",
      timeZone: "UTC",
      environments: ENVIRONMENTS,
      misfire: "skip",
    },
    { kind: "run-ended", id: "run_ended", description: "A run of any domain has ended.", job: "run_ended" },
    {
      kind: "worker-stopped",
      id: "worker_stopped",
      description: "A container has stopped: ECS says so within seconds, its missing heartbeat within minutes.",
      job: "worker_stopped",
    },
    {
      kind: "schedule",
      id: "clock",
      description: "The clock of the lanes.",
      job: "sweep",
      expression: "rate(1 minutes)",
      timeZone: "UTC",
      environments: ENVIRONMENTS,
      misfire: "skip",
    },
  ],
  assets: [],
  lanes: [],
});
