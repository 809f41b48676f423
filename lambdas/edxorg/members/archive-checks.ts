import type { FailedCheck } from "../../../core/model/alerts/alert-event.ts";
import { raiseChecks, type ChecksHome } from "../../../core/io/raise-checks.ts";
import { ARCHIVE_ASSET } from "../archive/keys.ts";
import type { ArchiveMembers } from "./archive-members.ts";

const SAMPLE = 5;

/** Tells people what an archive holds that it should not, or no longer holds. Gives the names of the red checks. */
export async function raiseArchiveChecks(
  home: ChecksHome,
  archive: string,
  { footer }: ArchiveMembers,
): Promise<readonly string[]> {
  const { counts, missing, compared_with: before } = footer;
  const gone = missing.filter(({ missing_since }) => missing_since === archive);
  const facts = (found: number): FailedCheck["metadata"] => [
    ["archive", archive],
    ["members", found],
  ];
  const [unknown, malformed] = [counts["unknown_table"] ?? 0, counts["malformed"] ?? 0];
  const sample = gone.slice(0, SAMPLE).map(({ member }) => member);
  const red = [
    {
      ...{ check: "unknown_table", metadata: facts(unknown), failed: unknown > 0 },
      description: `Tables that are none of the 44: stored, and not loaded. The manifest of ${archive} names them.`,
    },
    {
      ...{ check: "malformed_members", metadata: facts(malformed), failed: malformed > 0 },
      description: `Members that could not be read: their bytes are in quarantine. The manifest of ${archive} names them.`,
    },
    {
      check: "missing_since",
      metadata: [...facts(gone.length), ["sample", sample.join(", ")] satisfies FailedCheck["metadata"][number]],
      failed: gone.length > 0,
      description: `Members that ${before ?? "the archive before"} had and ${archive} has not. What was made of them stays.`,
    },
  ].flatMap(({ failed, ...check }) => (failed ? [{ asset: ARCHIVE_ASSET, ...check }] : []));
  await raiseChecks(home, "edxorg_archive", red);
  return red.map(({ check }) => check);
}
