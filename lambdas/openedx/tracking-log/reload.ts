import { copyPlan } from "../../../core/io/copy-plan.ts";
import type { TaskContext } from "../../../core/task.ts";
import type { TrackingLogSource } from "../sources/tracking-logs.ts";
import { holderOfText, planIdOf, writeRecord, type StoredRecord } from "./file-record.ts";
import { outputOf, type NormaliseOutput } from "./output.ts";
import { planKeyOf } from "./publish.ts";

/**
 * Stages the rows that were made of a file once more, as they are. Undefined = they are no longer kept, or belong to
 * another file now, and the file has to be normalised again. Throws Conflict `stale_item`.
 */
export async function reloadRows(
  source: TrackingLogSource,
  before: StoredRecord,
  again: number,
  { io, settings, run }: Pick<TaskContext, "io" | "settings" | "run">,
): Promise<NormaliseOutput | undefined> {
  const known = before.record;
  const { uri, sha256, textSha256, generation, planKey, duplicateOf } = known;
  const { claim, holder } = await holderOfText(io.ledger, source, textSha256, uri);
  if (holder !== duplicateOf) return undefined;
  // Its rows are those of another file, or it has none: nothing of it is in the table.
  if (duplicateOf !== undefined || planKey === undefined) return outputOf("unchanged", source, known);
  const id = planIdOf(uri, sha256, generation, again);
  const copy = { id, key: planKeyOf(id) };
  if (!(await copyPlan(io, settings.buckets, planKey, copy))) return undefined;
  const record = { ...known, planId: id, planKey: copy.key, again, run: run.id };
  await writeRecord(io.ledger, source, record, before, claim);
  return outputOf("staged", source, record);
}
