import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { diskFull, isDiskFull } from "../../core/io/disk-failures.ts";
import { retryConflict } from "../../core/io/retry-conflict.ts";
import type { BackfillMode } from "../../core/model/backfills/mode.ts";
import type { TaskContext } from "../../core/task.ts";
import { COURSE_STRUCTURE_CODE } from "../openedx/sources/code-versions.ts";
import { planKey } from "../staged-rows/plan-key.ts";
import { writeRowFiles } from "./row-files.ts";
import type { StructureRows } from "./rows.ts";
import { stageStructure } from "./stage-structure.ts";
import type { StructureHome } from "./structure-home.ts";
import { isAnnounced, knownStructure, recordStructure, type StructureVersion } from "./structure-versions.ts";
import { STRUCTURE_ENTITIES } from "./tables.ts";

export type StructureContext = Pick<TaskContext, "io" | "settings" | "run">;

export interface StructureOutcome {
  /** `staged`: there is something to commit or to announce. `unchanged`: nothing is. */
  readonly outcome: "staged" | "unchanged";
  /** Key of the commit plan in the artifacts bucket; only when staged. */
  readonly planKey?: string;
  readonly asset: string;
  /** Course id; of edx.org with its source. */
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

export interface ReadStructure {
  readonly home: StructureHome;
  readonly courseId: string;
  readonly rows: StructureRows;
  readonly mode: BackfillMode;
  /** ISO 8601, UTC. */
  readonly checkedAt: string;
}

/** Lands and stages the rows of a document that differs from the newest; `all` does it once for a run, differs or not. */
export const settleStructure = (read: ReadStructure, context: StructureContext): Promise<StructureOutcome> =>
  retryConflict(() => settle(read, context));

async function settle(read: ReadStructure, context: StructureContext): Promise<StructureOutcome> {
  const { home, courseId, rows, mode, checkedAt } = read;
  const { io, run } = context;
  const known = await knownStructure(io.ledger, home.id, courseId);
  const { dataVersion, codeVersion } = known?.version ?? {};
  const isSame = dataVersion === rows.sha256 && codeVersion === COURSE_STRUCTURE_CODE;
  const again = isSame && mode === "all" && known?.version.run !== run.id;
  const version =
    isSame && known !== undefined && !again
      ? known.version
      : newVersion(read, run.id, (known?.version.generation ?? 0) + 1, again);
  if (version === known?.version && (await isAnnounced(io.ledger, home, courseId, version))) {
    return structureOutcome(home, courseId, version, { outcome: "unchanged", checkedAt, warnings: rows.warnings });
  }
  await publishStructure(home, courseId, rows, version, context);
  await recordStructure(io.ledger, home.id, courseId, version, known);
  return structureOutcome(home, courseId, version, { outcome: "staged", checkedAt, warnings: rows.warnings });
}

export function structureOutcome(
  { asset, partition, table }: StructureHome,
  courseId: string,
  { dataVersion, codeVersion, planId, blocks, repeated }: StructureVersion,
  { outcome, ...found }: Pick<StructureOutcome, "outcome" | "checkedAt" | "warnings">,
): StructureOutcome {
  return {
    ...{ asset, partition: partition(courseId), dataVersion, codeVersion, counts: { blocks } },
    ...{ tables: STRUCTURE_ENTITIES.map((entity) => `raw.${table(entity)}`), ...found, outcome },
    ...(outcome === "staged" ? { planKey: planKey(planId) } : {}),
    ...(outcome === "staged" && repeated === true ? { repeated } : {}),
  };
}

function newVersion(
  { home, courseId, rows, checkedAt }: ReadStructure,
  run: string,
  generation: number,
  again: boolean,
): StructureVersion {
  const identity = [home.id, courseId, rows.sha256, COURSE_STRUCTURE_CODE, generation];
  return {
    ...{ dataVersion: rows.sha256, codeVersion: COURSE_STRUCTURE_CODE, generation, planId: structurePlan(identity) },
    ...{ blocks: rows.blockCount, retrievedAt: checkedAt, run },
    ...(again ? { repeated: true as const } : {}),
  };
}

export const structurePlan = (identity: readonly unknown[]): string =>
  `structure-${createHash("sha256").update(JSON.stringify(identity)).digest("hex").slice(0, 40)}`;

/** Objects by content are written once and kept. */
export async function publishStructure(
  home: StructureHome,
  courseId: string,
  rows: StructureRows,
  { planId, retrievedAt }: Pick<StructureVersion, "planId" | "retrievedAt">,
  { io, settings, run }: StructureContext,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "millrace-structure-"));
  try {
    const files = await writeRowFiles(rows, folder);
    for (const entity of STRUCTURE_ENTITIES) {
      const key = home.key(entity, courseId, rows.sha256);
      await io.objects.put(settings.buckets.landing, key, createReadStream(files[entity].landed.path), {
        ...{ ifAbsent: true, contentType: "application/json" },
      });
    }
    await stageStructure({ planId, home, courseId, retrievedAt, runId: run.id, folder, files }, io, settings);
  } catch (error) {
    throw isDiskFull(error) ? diskFull(`stage the structure of ${courseId}`, error) : error;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
