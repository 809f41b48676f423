import { definePipeline, type LambdaCompute, type TaskDeclaration } from "../../core/model/pipeline.ts";
import { COURSE_STRUCTURE_CODE } from "../../lambdas/openedx/sources/code-versions.ts";
import {
  courseExportAsset,
  courseStructureAsset,
  courseStructureTable,
  exporting,
  exportLane,
} from "../../lambdas/openedx/sources/course-assets.ts";
import { jobModes } from "../../lambdas/openedx/sources/modes.ts";
import { Announce, CommitRows, RecordFailure } from "../shared-tasks.ts";

/** Ends after what a server that throttles may ask to wait for. */
const caller: LambdaCompute = { kind: "lambda", memoryMb: 512, timeoutSeconds: 300 };
/** What asks LMS or Studio of any installation. */
const asks: Pick<TaskDeclaration, "ledger" | "internet" | "secrets"> = {
  ledger: "write",
  internet: true,
  secrets: exporting.map(({ id }) => `openedx/${id}`),
};
const courseRun = "course-v1:Org+Course+Run";

/** Apart from `openedx`, which works on what lands: one machine of both would be read on no screen. */
export const openedxCourses = definePipeline({
  domain: "openedx_courses",
  description: "Course runs as LMS and Studio of the Open edX installations tell of them: structure and exports.",
  jobs: {
    course_structure: {
      description: "Structure and blocks of one course run, committed to their raw tables when they have changed.",
      modes: jobModes.course_structure,
      exampleInput: {
        job: "course_structure",
        item: { asset: courseStructureAsset("mitxonline"), partition: courseRun },
      },
    },
    course_export: {
      description: "Has Studio write the archive of one course run; its landing starts what unpacks it.",
      exampleInput: { job: "course_export", item: { asset: courseExportAsset("mitxonline"), partition: courseRun } },
    },
  },
  tasks: {
    ReadStructure: {
      description: "Reads the structure of one course run and stages its rows if it has changed.",
      handler: "openedx/read-structure",
      compute: { kind: "lambda", memoryMb: 2048, timeoutSeconds: 900, diskMb: 2048 },
      duckdb: true,
      ...asks,
      // What a reload loads once more.
      reads: [
        ...exporting.map(({ id }) => ({ bucket: "landing" as const, prefix: `${id}/openedx/processed_data/` })),
        { bucket: "lake", prefix: "staging/" },
        { bucket: "artifacts", prefix: "commits/" },
      ],
      writes: [
        ...exporting.map(({ id }) => ({ bucket: "landing" as const, prefix: `${id}/openedx/processed_data/` })),
        { bucket: "lake", prefix: "staging/" },
        { bucket: "artifacts", prefix: "commits/" },
      ],
    },
    StartExport: {
      description: "Has Studio begin to export one course run, once for a run.",
      handler: "openedx/start-export",
      compute: caller,
      ...asks,
      reads: exporting.map(({ coursePrefix }) => ({ bucket: "landing" as const, prefix: coursePrefix })),
    },
    PollExport: {
      description: "Looks whether an export has ended: its archive is there, or Studio says so.",
      handler: "openedx/poll-export",
      compute: { ...caller, timeoutSeconds: 120 },
      ...asks,
      reads: exporting.map(({ coursePrefix }) => ({ bucket: "landing" as const, prefix: coursePrefix })),
    },
    CommitRows,
    Announce,
    RecordFailure,
  },
  triggers: [],
  assets: exporting.flatMap(({ id }) => [
    {
      id: courseExportAsset(id),
      description: `Archives that Studio of ${id} was asked for; what is in them is ${id}/openedx/raw_data/course_xml.`,
      partition: "course id",
      tables: [],
      job: "course_export",
      lane: exportLane(id),
    },
    {
      id: courseStructureAsset(id),
      description: `Structure and blocks of the course runs of ${id}, as the LMS tells them.`,
      partition: "course id",
      tables: (["course_structure", "course_blocks"] as const).map(
        (entity) => `raw.${courseStructureTable(id, entity)}`,
      ),
      codeVersion: COURSE_STRUCTURE_CODE,
      job: "course_structure",
    },
  ]),
  lanes: [
    { id: "openedx_courses", description: "Runs that read what the LMS tells.", slots: 8 },
    ...exporting.map(({ id }) => ({
      id: exportLane(id),
      description: `Exports that Studio of ${id} writes at once.`,
      slots: 4,
    })),
  ],
});
