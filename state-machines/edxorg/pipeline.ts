import { definePipeline, type AssetDeclaration } from "../../core/model/pipeline.ts";
import { OPERATIONS } from "../../core/model/platform-domains.ts";
import { EDXORG_ARCHIVE_CODE } from "../../lambdas/edxorg/sources/code-versions.ts";
import { Announce, RecordFailure } from "../shared-tasks.ts";

const ARCHIVES = "sources/edxorg-archives/";

const members: readonly AssetDeclaration[] = [
  ["db_table", "Tables of the courses' databases, as edx.org exports them, with a hash for each row."],
  ["course_structure", "The structure of each course as JSON."],
  ["course_xml", "The export of each course."],
  ["forum_mongo", "The forum of each course, stored and not processed."],
].map(([category = "", description = ""]) => ({
  ...{ id: `edxorg/raw_data/${category}`, description, partition: "course id and source (prod or edge)", tables: [] },
  partitioning: { kind: "tuple", dimensions: ["course", "source"] },
}));

export const edxorg = definePipeline({
  domain: "edxorg",
  description: "Courses of edx.org: the weekly archives, member by member.",
  jobs: {
    archive: {
      description:
        "One weekly archive: every member an object by its content, and a manifest that tells of all of them.",
      exampleInput: { job: "archive", bucket: "<landing bucket>", key: `${ARCHIVES}mitx-2026-01-04.tar.gz` },
    },
  },
  tasks: {
    UnpackArchive: {
      description: "Unpacks one archive of any size as a stream and rewrites its tables; goes on where it was killed.",
      handler: "edxorg/unpack-archive",
      compute: {
        kind: "fargate",
        cpuUnits: 1024,
        memoryMb: 2048,
        // The largest member three times: as it came, as it is written, and on its way into the bucket.
        diskGb: 200,
        timeoutSeconds: 43_200,
        heartbeatSeconds: 300,
        container: "worker",
      },
      reads: [
        { bucket: "landing", prefix: ARCHIVES },
        { bucket: "artifacts", prefix: "edxorg/archives/" },
      ],
      writes: [
        { bucket: "landing", prefix: "edxorg/raw_data/" },
        { bucket: "artifacts", prefix: "edxorg/archives/" },
        { bucket: "quarantine", prefix: "quarantine/edxorg_archives/" },
      ],
      ledger: "write",
    },
    RecordMembers: {
      description: "Puts on record what a complete archive brought, and requests what is made of its courses.",
      handler: "edxorg/record-members",
      // A hundred thousand members: of each one read, of a new one three writes.
      compute: { kind: "lambda", memoryMb: 1024, timeoutSeconds: 900 },
      reads: [{ bucket: "artifacts", prefix: "edxorg/archives/" }],
      ledger: "write",
      starts: ["edxorg_courses", OPERATIONS],
    },
    Announce,
    RecordFailure,
  },
  triggers: [
    {
      kind: "landing",
      id: "edxorg_archive",
      description: "A weekly archive lands; other files beside it are counted and left alone.",
      job: "archive",
      prefix: ARCHIVES,
      asset: "edxorg/raw_data/archive",
      suffixes: [".tar.gz"],
      lane: "edxorg-archive",
    },
  ],
  assets: [
    {
      id: "edxorg/raw_data/archive",
      description: "The weekly archives, complete ones: their manifests say what each member became.",
      partition: "file name",
      tables: [],
      codeVersion: EDXORG_ARCHIVE_CODE,
    },
    ...members,
  ],
  lanes: [{ id: "edxorg-archive", description: "Unpacking of archives, one after another.", slots: 1 }],
});
