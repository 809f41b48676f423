import { definePipeline } from "../../core/model/pipeline.ts";
import { EDXORG_TABLES } from "../../lambdas/edxorg/sources/tables.ts";
import { EDXORG_TABLES_CODE } from "../../lambdas/edxorg/sources/code-versions.ts";
import { lakeTable, tableAsset } from "../../lambdas/edxorg/sources/raw-tables.ts";
import { Announce, RecordFailure } from "../shared-tasks.ts";

const LANE = "edxorg-tables";

/** Apart from `edxorg`, which unpacks: an archive is one run there, and 44 here. */
export const edxorgTables = definePipeline({
  domain: "edxorg_tables",
  description: "The tables of edx.org in the lake: what each weekly archive has brought, merged.",
  // A first archive brings all courses of `courseware_studentmodule`.
  longestMinutes: 660,
  jobs: {
    tables: {
      description:
        "Merges what one archive has brought of one table, if anything: rows are added, seen again, or absent.",
      exampleInput: { job: "tables", item: { asset: tableAsset("auth_user"), partition: "mitx-2026-01-04.tar.gz" } },
    },
    rebuild: {
      description:
        "Drops the tables and forgets them, before their archives are unpacked again: docs/runbooks/edxorg-tables.md.",
      exampleInput: { job: "rebuild", confirm: "forget all tables of edx.org" },
    },
  },
  tasks: {
    FindTableNews: {
      description: "Finds whether an archive has brought anything of one table that is not loaded.",
      handler: "edxorg/find-table-news",
      // A manifest of a hundred thousand members, and what is on record of the table.
      compute: { kind: "lambda", memoryMb: 1024, timeoutSeconds: 300 },
      reads: [{ bucket: "artifacts", prefix: "edxorg/archives/" }],
      ledger: "write",
    },
    LoadTable: {
      description: "Loads the new objects of one table in slices, a commit for each; goes on where it was killed.",
      handler: "edxorg/load-table",
      compute: {
        kind: "fargate",
        cpuUnits: 2048,
        memoryMb: 8192,
        // The largest object as it came, a slice of it twice, and what DuckDB spills.
        diskGb: 200,
        timeoutSeconds: 43_200,
        heartbeatSeconds: 300,
        container: "worker",
      },
      duckdb: true,
      reads: [
        { bucket: "landing", prefix: "edxorg/raw_data/db_table/" },
        { bucket: "artifacts", prefix: "edxorg/archives/" },
        { bucket: "artifacts", prefix: "edxorg/tables/" },
        { bucket: "artifacts", prefix: "commits/" },
        { bucket: "lake", prefix: "staging/" },
      ],
      writes: [
        { bucket: "lake", prefix: "staging/" },
        { bucket: "artifacts", prefix: "edxorg/tables/" },
        { bucket: "artifacts", prefix: "commits/" },
      ],
      ledger: "write",
      lake: { reads: ["raw"], writes: ["raw"] },
    },
    ForgetTables: {
      description: "Drops the tables and what is on record of them; objects, manifests and records of loads stay.",
      handler: "edxorg/forget-tables",
      compute: { kind: "lambda", memoryMb: 1024, timeoutSeconds: 900 },
      duckdb: true,
      ledger: "write",
      lake: { reads: ["raw"], writes: ["raw"] },
    },
    Announce,
    RecordFailure,
  },
  triggers: [],
  assets: EDXORG_TABLES.map((table) => ({
    id: tableAsset(table),
    description: `Rows of \`${table}\` of all courses, merged by row hash and course.`,
    partition: "archive's file name",
    tables: [`raw.${lakeTable(table)}`],
    codeVersion: EDXORG_TABLES_CODE,
    job: "tables",
    lane: LANE,
    upstreams: ["edxorg/raw_data/archive"],
  })),
  lanes: [{ id: LANE, description: "Tables that are loaded at once.", slots: 4 }],
});
