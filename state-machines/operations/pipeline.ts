import { definePipeline } from "../../core/model/pipeline.ts";
import { OPERATIONS } from "../../core/model/platform-domains.ts";

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
    RecordFailure: {
      description: "Puts a failed run on record under one of the closed set of names.",
      handler: "ledger/record-failure",
      compute: { kind: "lambda", memoryMb: 512, timeoutSeconds: 30 },
      ledger: "write",
    },
  },
  triggers: [],
  assets: [],
  lanes: [],
});
