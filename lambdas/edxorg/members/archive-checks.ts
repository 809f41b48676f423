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
  const red = [
    {
      ...{ check: "unknown_table", members: counts["unknown_table"] ?? 0, sample: "" },
      description: `Tables that are none of the 44: stored, and not loaded. The manifest of ${archive} names them.`,
    },
    {
      ...{ check: "malformed_members", members: counts["malformed"] ?? 0, sample: "" },
      description: `Members that could not be read: their bytes are in quarantine. The manifest of ${archive} names them.`,
    },
    {
      ...{
        check: "missing_since",
        members: gone.length,
        sample: gone
          .slice(0, SAMPLE)
          .map(({ member }) => member)
          .join(", "),
      },
      description: `Members that ${before ?? "the archive before"} had and ${archive} has not. What was made of them stays.`,
    },
  ].filter(({ members }) => members > 0);
  await raiseChecks(
    home,
    "edxorg_archive",
    red.map(({ check, members, sample, description }) => ({
      ...{ asset: ARCHIVE_ASSET, check, description },
      metadata: [
        ["archive", archive],
        ["members", members],
        ["sample", sample === "" ? null : sample],
      ],
    })),
  );
  return red.map(({ check }) => check);
}
