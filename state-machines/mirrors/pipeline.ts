import { definePipeline, type ScheduleTrigger } from "../../core/model/pipeline.ts";
import { mirrors } from "../../lambdas/mirrors/sources/mirrors.ts";
import { RecordFailure } from "../shared-tasks.ts";

const unique = (values: readonly string[]): string[] => [...new Set(values)];

export const mirrorsPipeline = definePipeline({
  domain: "mirrors",
  description: "What others keep for us in their own stores, copied into landing: only what is new, verified.",
  jobs: {
    copy: {
      description: "Lists one origin and copies what is not here as it is there; with days, also what is older.",
      exampleInput: { job: "copy", mirror: "edxorg_tracking_logs", from: "2026-01-01", to: "2026-01-31" },
    },
  },
  tasks: {
    CopyNew: {
      description: "Copies objects range by range for up to 13 minutes; the next call goes on where it stopped.",
      handler: "mirrors/copy-new",
      // A Lambda, for containers have no way to the internet where the network is closed. The largest parts eight times.
      compute: { kind: "lambda", memoryMb: 1769, timeoutSeconds: 900 },
      writes: mirrors.map(({ landsUnder }) => ({ bucket: "landing", prefix: landsUnder })),
      ledger: "write",
      internet: true,
      origins: unique(mirrors.map(({ origin }) => origin)),
    },
    RecordFailure,
  },
  triggers: mirrors.map(({ id, description, every }): ScheduleTrigger => ({
    kind: "schedule",
    id,
    description,
    job: "copy",
    expression: every,
    timeZone: "UTC",
    // Where the origins are: a developer's environment has none unless somebody declares them there.
    environments: ["qa", "production"],
    input: { mirror: id },
    misfire: "run-once",
  })),
  assets: [],
  lanes: [],
});
