import { text } from "node:stream/consumers";
import { copyPlan } from "../../core/io/copy-plan.ts";
import { retryConflict } from "../../core/io/retry-conflict.ts";
import { Failure } from "../../core/model/failures.ts";
import { legacyJsonText, parseLegacyJson } from "../../core/model/legacy-json.ts";
import { planKey } from "../staged-rows/plan-key.ts";
import { isObject, readDocument } from "./document.ts";
import { structureRows } from "./rows.ts";
import {
  publishStructure,
  structureOutcome,
  structurePlan,
  type StructureContext,
  type StructureOutcome,
} from "./settle-structure.ts";
import type { StructureHome } from "./structure-home.ts";
import { isAnnounced, knownStructure, recordStructure, type StructureVersion } from "./structure-versions.ts";

/**
 * The newest version of a course once more, once for a run, and nobody is asked for it: from the rows that were staged
 * or, when they are no longer kept, from the document that landed. Throws Rejected `nothing_to_reload`.
 */
export const reloadStructure = (
  home: StructureHome,
  courseId: string,
  context: StructureContext,
): Promise<StructureOutcome> => retryConflict(() => reload(home, courseId, context));

async function reload(home: StructureHome, courseId: string, context: StructureContext): Promise<StructureOutcome> {
  const { io, settings, run } = context;
  const known = await knownStructure(io.ledger, home.id, courseId);
  if (known === undefined) throw nothingToReload(home, courseId);
  const { version } = known;
  const found = { checkedAt: new Date().toISOString(), warnings: [] };
  if (version.run === run.id) {
    const outcome = (await isAnnounced(io.ledger, home, courseId, version)) ? "unchanged" : "staged";
    return structureOutcome(home, courseId, version, { outcome, ...found });
  }
  const generation = version.generation + 1;
  const planId = structurePlan([version.planId, "reload", generation]);
  const reloaded: StructureVersion = { ...version, planId, generation, run: run.id, repeated: true };
  const copied = await copyPlan(io, settings.buckets, planKey(version.planId), { id: planId, key: planKey(planId) });
  if (!copied) {
    const rows = structureRows(await landedDocument(home, courseId, version, context), courseId, version.retrievedAt);
    await publishStructure(home, courseId, rows, reloaded, context);
  }
  await recordStructure(io.ledger, home.id, courseId, reloaded, known);
  return structureOutcome(home, courseId, reloaded, { outcome: "staged", ...found });
}

async function landedDocument(
  home: StructureHome,
  courseId: string,
  { dataVersion }: StructureVersion,
  { io, settings }: StructureContext,
) {
  const key = home.key("course_structure", courseId, dataVersion);
  const row = parseLegacyJson((await text(await io.objects.get({ bucket: settings.buckets.landing, key }))).trimEnd());
  return readDocument(legacyJsonText((isObject(row) ? row.get("course_structure") : undefined) ?? null));
}

const nothingToReload = ({ asset }: StructureHome, courseId: string): Failure =>
  new Failure("Rejected", `${asset} has nothing of ${courseId} that could be loaded again.`, {
    code: "nothing_to_reload",
    what: `reload the structure of ${courseId}`,
    hint: "Run it with mode missing-only: that reads the structure.",
  });
