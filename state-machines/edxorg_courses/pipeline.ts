import { definePipeline, type AssetDeclaration } from "../../core/model/pipeline.ts";
import {
  COURSE_STRUCTURE,
  COURSE_XML,
  COURSES_LANE,
  courseStructureTable,
  courseXmlTable,
  RAW_COURSE_STRUCTURE,
  RAW_COURSE_XML,
} from "../../lambdas/edxorg/sources/course-sources.ts";
import { jobModes } from "../../lambdas/edxorg/sources/modes.ts";
import {
  CATALOGUE_NAMES,
  CATALOGUES,
  catalogueAsset,
  catalogueTable,
  type Catalogue,
} from "../../lambdas/edxorg/sources/catalogue.ts";
import { EDXORG_CATALOGUE_CODE } from "../../lambdas/edxorg/sources/code-versions.ts";
import { COURSE_ENTITIES } from "../../lambdas/course-archive/sources/entities.ts";
import { COURSE_ARCHIVE_CODE, COURSE_STRUCTURE_CODE } from "../../lambdas/openedx/sources/code-versions.ts";
import { Announce, CommitRows, RecordFailure } from "../shared-tasks.ts";

const PROCESSED = "edxorg/processed_data/";
const course: Pick<AssetDeclaration, "partition" | "partitioning"> = {
  partition: "course id and source (prod or edge)",
  partitioning: { kind: "tuple", dimensions: ["course", "source"] },
};
const partition = "MITx-6.00x-1T2020|prod";

/** Apart from `edxorg`, which works on whole archives: a run of this one is about one course of one source. */
export const edxorgCourses = definePipeline({
  domain: "edxorg_courses",
  description: "Courses of edx.org: what the archives hold of them beside tables, and what its discovery API lists.",
  jobs: {
    course_xml: {
      description: "The newest export of one course: unpacked safely, its rows committed, MIT Learn told once.",
      modes: jobModes.course_xml,
      exampleInput: { job: "course_xml", item: { asset: COURSE_XML, partition } },
    },
    course_structure: {
      description: "The newest structure of one course: its rows and those of its blocks, when they have changed.",
      modes: jobModes.course_structure,
      exampleInput: { job: "course_structure", item: { asset: COURSE_STRUCTURE, partition } },
    },
    catalogue: {
      description: "One list of the discovery API: its rows replace those before, when they have changed.",
      modes: jobModes.catalogue,
      exampleInput: { job: "catalogue", catalogue: "programs" satisfies Catalogue },
    },
  },
  tasks: {
    ExtractCourse: {
      description: "Unpacks one course export of an archive and stages its rows, files and manifest.",
      handler: "edxorg/extract-course",
      // Room for the largest course export.
      compute: {
        ...{ kind: "fargate", cpuUnits: 1024, memoryMb: 4096, diskGb: 50, timeoutSeconds: 14_400 },
        ...{ heartbeatSeconds: 300, container: "worker" },
      },
      duckdb: true,
      reads: [
        { bucket: "landing", prefix: `${RAW_COURSE_XML}/` },
        { bucket: "lake", prefix: "staging/" },
        { bucket: "artifacts", prefix: "commits/" },
      ],
      writes: [
        { bucket: "landing", prefix: PROCESSED },
        { bucket: "lake", prefix: "staging/" },
        { bucket: "quarantine", prefix: "quarantine/course_archives/edxorg/" },
        { bucket: "artifacts", prefix: "commits/" },
      ],
      ledger: "write",
    },
    ReadArchivedStructure: {
      description: "Reads the newest structure of one course and stages its rows if it has changed.",
      handler: "edxorg/read-archived-structure",
      compute: { kind: "lambda", memoryMb: 3008, timeoutSeconds: 900, diskMb: 2048 },
      duckdb: true,
      reads: [
        { bucket: "landing", prefix: `${RAW_COURSE_STRUCTURE}/` },
        { bucket: "landing", prefix: PROCESSED },
        { bucket: "lake", prefix: "staging/" },
        { bucket: "artifacts", prefix: "commits/" },
      ],
      writes: [
        { bucket: "landing", prefix: PROCESSED },
        { bucket: "lake", prefix: "staging/" },
        { bucket: "artifacts", prefix: "commits/" },
      ],
      ledger: "write",
    },
    ReadCatalogue: {
      description: "Reads one list of edx.org's discovery API to its end and stages its rows if they have changed.",
      handler: "edxorg/read-catalogue",
      compute: { kind: "lambda", memoryMb: 2048, timeoutSeconds: 900, diskMb: 1024 },
      duckdb: true,
      writes: [
        { bucket: "landing", prefix: "edxorg/api_data/" },
        { bucket: "lake", prefix: "staging/" },
        { bucket: "quarantine", prefix: "quarantine/edxorg_catalogue/" },
        { bucket: "artifacts", prefix: "commits/" },
      ],
      ledger: "write",
      internet: true,
      secrets: ["openedx/edxorg"],
    },
    CommitRows,
    Announce,
    NotifyLearn: {
      description: "Sends MIT Learn one signed webhook per course and content version.",
      handler: "learn-webhook/notify-learn",
      compute: { kind: "lambda", memoryMb: 512, timeoutSeconds: 240 },
      reads: [{ bucket: "landing", prefix: `${RAW_COURSE_XML}/` }],
      ledger: "write",
      internet: true,
      secrets: ["learn/webhook"],
    },
    RecordFailure,
  },
  triggers: CATALOGUE_NAMES.map((catalogue) => ({
    ...{ kind: "schedule", id: `edxorg_${catalogue}`, job: "catalogue", input: { catalogue } },
    description: `The ${catalogue} that edx.org lists, daily.`,
    ...{ expression: "cron(0 5 * * ? *)", timeZone: "UTC", misfire: "run-once" },
    // Where the secret is: a developer's environment has none unless somebody puts it there.
    environments: ["qa", "production"],
  })),
  assets: [
    {
      id: COURSE_XML,
      description: "Course exports of edx.org: metadata, videos, blocks, policy, signatories and static assets.",
      ...course,
      tables: COURSE_ENTITIES.map((entity) => `raw.${courseXmlTable(entity)}`),
      codeVersion: COURSE_ARCHIVE_CODE,
      job: "course_xml",
      upstreams: [RAW_COURSE_XML],
    },
    {
      id: COURSE_STRUCTURE,
      description: "Structure and blocks of the courses of edx.org.",
      ...course,
      tables: (["course_structure", "course_blocks"] as const).map((entity) => `raw.${courseStructureTable(entity)}`),
      codeVersion: COURSE_STRUCTURE_CODE,
      job: "course_structure",
      upstreams: [RAW_COURSE_STRUCTURE],
    },
    ...CATALOGUE_NAMES.map((catalogue) => ({
      id: catalogueAsset(catalogue),
      description: `The ${catalogue} that edx.org's discovery API lists.`,
      partition: "always `all`: it is one list",
      tables: CATALOGUES[catalogue].map((entity) => `raw.${catalogueTable(entity)}`),
      codeVersion: EDXORG_CATALOGUE_CODE,
    })),
  ],
  lanes: [{ id: COURSES_LANE, description: "Courses of archives; a first one has more than a thousand.", slots: 8 }],
});
