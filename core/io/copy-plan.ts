import { text } from "node:stream/consumers";
import { CommitPlan } from "../model/commit-plan.ts";
import type { Io } from "./ports.ts";
import type { Settings } from "./settings.ts";

/**
 * Copies a commit plan under another id, so that its staged rows are loaded once more. False = they, or the plan, are
 * there no longer (staged rows are kept for seven days), and have to be made from what landed.
 */
export async function copyPlan(
  { objects }: Pick<Io, "objects">,
  { artifacts }: Settings["buckets"],
  from: string,
  to: { readonly id: string; readonly key: string },
): Promise<boolean> {
  const ref = { bucket: artifacts, key: from };
  if ((await objects.head(ref)) === undefined) return false;
  const plan = CommitPlan.parse(JSON.parse(await text(await objects.get(ref))));
  for (const { bucket, key } of plan.tables.flatMap(({ files }) => files)) {
    if ((await objects.head({ bucket, key })) === undefined) return false;
  }
  await objects.put(artifacts, to.key, JSON.stringify({ ...plan, id: to.id }), { contentType: "application/json" });
  return true;
}
