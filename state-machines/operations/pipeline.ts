import { ENVIRONMENTS, definePipeline } from "../../core/model/pipeline.ts";
import { OPERATIONS } from "../../core/model/platform-domains.ts";
import { RecordFailure } from "../shared-tasks.ts";

export const operations = definePipeline({
  domain: OPERATIONS,
  description: "Tells people: keeps every alert, and sends one message for each cause and half an hour.",
  jobs: {
    alert: {
      description: "Keeps an alert and tells Slack of it when a message is due.",
      exampleInput: {
        job: "alert",
        event: {
          kind: "lane-opened",
          id: "by-hand",
          at: "2026-01-15T10:00:00.000Z",
          environment: "dev",
          pipeline: "openedx",
          lane: "openedx",
        },
      },
    },
    check_partitions: {
      description:
        "Counts the partitions of every asset whose latest run failed, and raises one alert for all of them.",
      exampleInput: { job: "check_partitions" },
    },
    ping: {
      description: "Tells a watching service how a run ended: success, or failure of the whole or of a part.",
      exampleInput: {
        job: "ping",
        ping: { pipeline: "lakehouse", deployment: "lakehouse", signal: "success", at: "2026-01-15T10:00:00.000Z" },
      },
    },
  },
  tasks: {
    SendAlert: {
      description: "Keeps an alert, and tells the channel unless it was told of the same cause just now.",
      handler: "alerts/send-alert",
      compute: { kind: "lambda", memoryMb: 512, timeoutSeconds: 120 },
      ledger: "write",
      internet: true,
      secrets: ["slack/bot"],
    },
    CheckPartitions: {
      description: "Checks every partitioned asset for partitions whose latest run failed.",
      handler: "operations/check-partitions",
      compute: { kind: "lambda", memoryMb: 512, timeoutSeconds: 600 },
      ledger: "write",
      watches: ["assets"],
      starts: [OPERATIONS],
    },
    SendPing: {
      description: "Pings the check of a pipeline with the result of its run; a ping that fails is an alert.",
      handler: "alerts/send-ping",
      compute: { kind: "lambda", memoryMb: 512, timeoutSeconds: 90 },
      ledger: "write",
      internet: true,
      secrets: ["slack/bot"],
      pings: true,
    },
    RecordFailure,
  },
  triggers: [
    {
      kind: "schedule",
      id: "check_partitions",
      description: "The daily check of every partitioned asset for standing failures.",
      job: "check_partitions",
      expression: "cron(0 13 * * ? *)",
      timeZone: "UTC",
      environments: ENVIRONMENTS,
      misfire: "run-once",
    },
  ],
  assets: [],
  lanes: [],
});
