import { definePipeline } from "../../core/model/pipeline.ts";
import { OPERATIONS } from "../../core/model/platform-domains.ts";
import { dropAsset, dropDeployments, dropFolder } from "../../lambdas/legacy-openedx/sources/deployments.ts";
import { Announce, RecordFailure } from "../shared-tasks.ts";

const STAGED = { bucket: "artifacts", prefix: "drops/" } as const;
const ARCHIVES = dropDeployments.map(({ archived }) => ({ bucket: "landing" as const, prefix: `${archived}/` }));
const [MYSQL_PORT, MONGO_PORT] = [3306, 27_017];

export const legacyOpenedx = definePipeline({
  domain: "legacy_openedx",
  description: "The nightly research drop: tables of the Open edX databases as files for institutional research.",
  jobs: Object.fromEntries(
    dropDeployments.map(({ id }) => [
      `drop_${id}`,
      {
        description: `The drop of ${id}: all files of a day complete and delivered, or none.`,
        exampleInput: { job: `drop_${id}`, date: "2026-01-15" },
      },
    ]),
  ),
  tasks: {
    PlanDrop: {
      description: "Settles the day and the course list of a drop, or finds the one that goes on.",
      handler: "legacy-openedx/plan-drop",
      compute: { kind: "lambda", memoryMb: 512, timeoutSeconds: 240 },
      writes: [STAGED],
      ledger: "write",
      internet: true,
      secrets: dropDeployments.map(({ id }) => `openedx/${id}`),
    },
    ExportTable: {
      description:
        "Exports one file of a drop from MySQL, in parts that another attempt continues; or dumps the forum.",
      handler: "legacy-openedx/export-table",
      // It keeps below 512 MB (bench/legacy-export.ts); Fargate sells a whole processor with 2 GB at least.
      compute: {
        kind: "fargate",
        cpuUnits: 1024,
        memoryMb: 2048,
        diskGb: 30,
        timeoutSeconds: 36_000,
        heartbeatSeconds: 300,
        container: "worker",
      },
      duckdb: true,
      reads: [STAGED],
      lake: { reads: ["irx"] },
      writes: [STAGED, { bucket: "quarantine", prefix: "quarantine/legacy_openedx/" }],
      ledger: "write",
      privatePorts: [MYSQL_PORT, MONGO_PORT],
      secrets: dropDeployments.flatMap(({ id, forum }) => [
        `mysql/${id}`,
        ...(forum === "mongo" ? [`mongo-forum/${id}`] : []),
      ]),
      lanes: dropDeployments.map(({ id }) => `mysql-${id}`),
    },
    RequestArchives: {
      description: "Asks for exports of the courses that have no archive, or one that is behind what is published.",
      handler: "legacy-openedx/request-archives",
      compute: { kind: "lambda", memoryMb: 1024, timeoutSeconds: 900 },
      reads: [STAGED, ...ARCHIVES],
      writes: [STAGED],
      ledger: "write",
      starts: ["openedx_courses"],
    },
    LookAtArchives: {
      description: "Counts the archives that are still to come.",
      handler: "legacy-openedx/look-at-archives",
      compute: { kind: "lambda", memoryMb: 1024, timeoutSeconds: 900 },
      reads: [STAGED, ...ARCHIVES],
      writes: [STAGED],
      ledger: "read",
    },
    PublishDrop: {
      description: "Checks a drop as a whole and delivers it: files, course archives, manifest, mark of success.",
      handler: "legacy-openedx/publish-drop",
      compute: { kind: "lambda", memoryMb: 1024, timeoutSeconds: 900 },
      reads: [STAGED, ...ARCHIVES],
      writes: dropDeployments.map(({ id }) => ({ bucket: "drops" as const, prefix: dropFolder(id) })),
      ledger: "write",
      starts: [OPERATIONS],
    },
    Announce,
    RecordFailure,
  },
  triggers: dropDeployments.map(({ id }) => ({
    kind: "schedule" as const,
    id: `research_drop_${id}`,
    description: `The drop of ${id} for institutional research, which must be there by noon.`,
    job: `drop_${id}`,
    expression: "cron(0 0 * * ? *)",
    timeZone: "UTC",
    // Where there are databases to read: their secrets are written by hand.
    environments: ["qa", "production"] as const,
    misfire: "run-once" as const,
    endsWithinHours: 12,
    ping: `healthchecks/${id}`,
  })),
  assets: dropDeployments.map(({ id }) => ({
    id: dropAsset(id),
    description: `Research drops of ${id}: six tables, the forum, the course archives and their manifest.`,
    partition: "day",
    tables: [],
  })),
  lanes: dropDeployments.map(({ id }) => ({
    id: `mysql-${id}`,
    description: `Statements at once against the replica of ${id}.`,
    slots: 2,
  })),
});
