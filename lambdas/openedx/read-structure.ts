import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as z from "zod";
import { diskFull, isDiskFull } from "../../core/io/disk-failures.ts";
import { retryConflict } from "../../core/io/retry-conflict.ts";
import { takenMode, type BackfillMode } from "../../core/model/backfills/mode.ts";
import { task, type TaskContext } from "../../core/task.ts";
import { openOpenEdx } from "../open-edx-api/client.ts";
import { courseOf, CourseItem, type CourseOfItem } from "./course-item.ts";
import { readDocument } from "../course-structure/document.ts";
import { structureRows, type StructureRows } from "../course-structure/rows.ts";
import { writeRowFiles } from "../course-structure/row-files.ts";
import { stageStructure } from "../course-structure/stage-structure.ts";
import { planKey } from "../staged-rows/plan-key.ts";
import {
  isAnnounced,
  knownStructure,
  recordStructure,
  type StructureVersion,
} from "../course-structure/structure-versions.ts";
import { STRUCTURE_ENTITIES } from "../course-structure/tables.ts";
import { COURSE_STRUCTURE_CODE } from "./sources/code-versions.ts";
import { courseStructureAsset, courseStructureTable } from "./sources/course-assets.ts";
import { jobModes } from "./sources/modes.ts";

/** Below the task's own 900 s, with room for the rows. */
const DEADLINE_MS = 480_000;

const Input = CourseItem.extend({ mode: z.string().optional() });

export const handler = task({ name: "ReadStructure", input: Input, run: readStructure });

type Context = Pick<TaskContext, "io" | "settings" | "run" | "measure">;

interface Gone {
  readonly outcome: "gone";
  readonly courseId: string;
}

interface StructureOutcome {
  /** `staged`: there is something to commit or to announce. `unchanged`: nothing is. */
  readonly outcome: "staged" | "unchanged";
  /** Key of the commit plan in the artifacts bucket; only when staged. */
  readonly planKey?: string;
  readonly asset: string;
  /** Course id. */
  readonly partition: string;
  /** sha256 of the document's legacy form. */
  readonly dataVersion: string;
  readonly codeVersion: string;
  readonly counts: { readonly blocks: number };
  readonly tables: readonly string[];
  readonly warnings: readonly string[];
  readonly checkedAt: string;
  readonly repeated?: true;
}

/**
 * The structure of one course run: its rows land and are staged when they differ from the newest. Mode `all` makes them
 * again, once for a run. Throws Malformed for a document that has no such rows.
 */
export async function readStructure(input: z.infer<typeof Input>, context: Context): Promise<StructureOutcome | Gone> {
  const { io, measure } = context;
  const mode = takenMode(input.mode, jobModes.course_structure, "course_structure");
  const course = courseOf(input.item, courseStructureAsset);
  const { deployment, courseId } = course;
  const client = await openOpenEdx({
    secrets: io.secrets,
    deployment: deployment.id,
    deadline: Date.now() + DEADLINE_MS,
  });
  if ((await client.status(courseId)) === "gone") return { outcome: "gone", courseId };
  const checkedAt = new Date().toISOString();
  const rows = structureRows(readDocument(await client.structure(courseId)), courseId, checkedAt);
  if (rows.warnings.length > 0) measure("CourseStructureWarnings", 1, "Count", { deployment: deployment.id });
  return retryConflict(() => settle({ course, rows, mode, checkedAt }, context));
}

interface Read {
  readonly course: CourseOfItem;
  readonly rows: StructureRows;
  readonly mode: BackfillMode;
  readonly checkedAt: string;
}

async function settle({ course, rows, mode, checkedAt }: Read, context: Context): Promise<StructureOutcome> {
  const { io, run } = context;
  const { asset, courseId } = course;
  const { id } = course.deployment;
  const known = await knownStructure(io.ledger, id, courseId);
  const { dataVersion, codeVersion } = known?.version ?? {};
  const isSame = dataVersion === rows.sha256 && codeVersion === COURSE_STRUCTURE_CODE;
  const again = isSame && mode === "all" && known?.version.run !== run.id;
  const version =
    isSame && known !== undefined && !again
      ? known.version
      : newVersion({ course, rows, mode, checkedAt }, run.id, (known?.version.generation ?? 0) + 1, again);
  const outcome = {
    ...{ asset, partition: courseId, dataVersion: rows.sha256, codeVersion: COURSE_STRUCTURE_CODE },
    counts: { blocks: rows.blockCount },
    tables: STRUCTURE_ENTITIES.map((entity) => `raw.${courseStructureTable(id, entity)}`),
    ...{ warnings: rows.warnings, checkedAt },
  };
  if (version === known?.version && (await isAnnounced(io.ledger, id, courseId, version))) {
    return { ...outcome, outcome: "unchanged" };
  }
  await publish(course, rows, version, context);
  await recordStructure(io.ledger, id, courseId, version, known);
  const repeated = version.repeated === true ? { repeated: true as const } : {};
  return { ...outcome, ...repeated, outcome: "staged", planKey: planKey(version.planId) };
}

function newVersion(
  { course, rows, checkedAt }: Read,
  run: string,
  generation: number,
  again: boolean,
): StructureVersion {
  const identity = [course.deployment.id, course.courseId, rows.sha256, COURSE_STRUCTURE_CODE, generation];
  return {
    ...{ dataVersion: rows.sha256, codeVersion: COURSE_STRUCTURE_CODE, generation },
    planId: `structure-${createHash("sha256").update(JSON.stringify(identity)).digest("hex").slice(0, 40)}`,
    ...{ blocks: rows.blockCount, retrievedAt: checkedAt, run },
    ...(again ? { repeated: true as const } : {}),
  };
}

/** Objects by content are written once and kept. */
async function publish(
  { deployment: { id }, courseId }: CourseOfItem,
  rows: StructureRows,
  { planId, retrievedAt }: StructureVersion,
  { io, settings, run }: Context,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "millrace-structure-"));
  try {
    const files = await writeRowFiles(rows, folder);
    for (const entity of STRUCTURE_ENTITIES) {
      const key = `${id}/openedx/processed_data/${entity}/${courseId}/${rows.sha256}.json`;
      await io.objects.put(settings.buckets.landing, key, createReadStream(files[entity].landed.path), {
        ...{ ifAbsent: true, contentType: "application/json" },
      });
    }
    const staging = { planId, deployment: id, courseId, retrievedAt, runId: run.id, folder, files };
    await stageStructure(staging, io, settings);
  } catch (error) {
    throw isDiskFull(error) ? diskFull(`stage the structure of ${courseId}`, error) : error;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
