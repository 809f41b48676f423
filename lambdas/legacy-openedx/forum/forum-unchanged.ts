import type { Io } from "../../../core/io/ports.ts";
import { startAlert } from "../../../core/io/start-alert.ts";
import type { Settings } from "../../../core/io/settings.ts";
import type { DropKey } from "../drop/drop-record.ts";
import { dropAsset } from "../sources/deployments.ts";
import { daysBetween } from "./forum-record.ts";

const CHECK = "forum_unchanged";
const QUIET_DAYS = 3;

/**
 * A forum that has been the same for days is one that nobody writes to, or a source that is dead: somebody should look.
 * Told once for a day, however often it is made.
 */
export async function raiseUnchanged(
  { executions }: Pick<Io, "executions">,
  { environment }: Pick<Settings, "environment">,
  { deployment, date }: DropKey,
  { since, backend, at }: { readonly since: string; readonly backend: string; readonly at: string },
): Promise<boolean> {
  const days = daysBetween(since, date);
  if (days < QUIET_DAYS) return false;
  const id = `${CHECK}/${deployment}/${date}`;
  const check = {
    ...{ asset: dropAsset(deployment), check: CHECK },
    description: `The forum has been the same since ${since}: look whether its source (${backend}) is still the one that people write to.`,
    metadata: [
      ["deployment", deployment],
      ["since", since],
      ["days", days],
    ] satisfies [string, string | number][],
  };
  await startAlert(executions, {
    ...{ key: id, trigger: CHECK },
    event: { kind: "checks-failed", id, at, environment, pipeline: "legacy_openedx", checks: [check] },
  });
  return true;
}
