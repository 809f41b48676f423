import { definePipeline } from "../../core/model/pipeline.ts";
import { RecordFailure } from "../shared-tasks.ts";

export const lakehouse = definePipeline({
  domain: "lakehouse",
  description: "Turns raw tables into staging, intermediate, marts and reporting with dbt.",
  jobs: {
    build: {
      description: "Marks what changed and, if nobody is building, builds everything that is stale.",
      exampleInput: { job: "build", all: true },
    },
  },
  tasks: {
    MarkStale: {
      description: "Marks the models behind a changed asset as stale and claims the build if it is free.",
      handler: "lakehouse/mark-stale",
      compute: { kind: "lambda", memoryMb: 512, timeoutSeconds: 60 },
      ledger: "write",
    },
    BuildModels: {
      description: "Runs dbt once over everything that is stale.",
      handler: "lakehouse/build-models",
      compute: {
        kind: "fargate",
        cpuUnits: 2048,
        memoryMb: 4096,
        diskGb: 30,
        timeoutSeconds: 14_400,
        heartbeatSeconds: 300,
        // A reclaim would throw away a whole build that all readers wait for, to save on one container at a time.
        spot: false,
        container: "dbt",
      },
      writes: [{ bucket: "artifacts", prefix: "openmetadata/dbt-artifacts/" }],
      ledger: "write",
      lake: { reads: ["raw"], writes: ["staging", "intermediate", "marts", "reporting"] },
      warehouse: true,
      publishes: ["AssetMaterialized"],
    },
    ReleaseBuild: {
      description: "Gives up the claim on the build, unless something was marked meanwhile.",
      handler: "lakehouse/release-build",
      compute: { kind: "lambda", memoryMb: 512, timeoutSeconds: 60 },
      ledger: "write",
    },
    RecordFailure,
  },
  triggers: [
    {
      kind: "event",
      id: "asset_materialized",
      description: "Any asset outside the lakehouse has a new version.",
      job: "build",
      event: "AssetMaterialized",
      detail: { asset: [{ "anything-but": { prefix: "lakehouse/" } }] },
    },
    {
      kind: "schedule",
      id: "sweep",
      description: "Builds what a lost event or a failed build left stale.",
      job: "build",
      expression: "cron(20 0/4 * * ? *)",
      timeZone: "UTC",
      environments: ["dev", "qa", "production"],
      misfire: "run-once",
      ping: "healthchecks/lakehouse",
    },
  ],
  assets: [
    {
      id: "lakehouse/marts",
      description: "Consumer-ready tables over all sources.",
      partition: "model",
      tables: ["marts.*", "reporting.*"],
    },
  ],
  lanes: [],
});
