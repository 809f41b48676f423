import * as z from "zod";
import type { Ledger } from "../../core/io/ports.ts";
import { arePlansCommitsTold } from "../staged-rows/announced.ts";
import type { StructureHome } from "./structure-home.ts";
import { ifUnchanged } from "../../core/io/ledger-conditions.ts";

/** `pk course-structure#<home>, sk <course id>`: the newest version that was staged. */
const StructureVersion = z.object({
  dataVersion: z.string(),
  codeVersion: z.string(),
  /** Counts versions, so that going back to an older content is a plan of its own. */
  generation: z.number().int(),
  planId: z.string(),
  blocks: z.number().int(),
  /** When the LMS was asked, ISO 8601. */
  retrievedAt: z.string(),
  /** The run that staged it: what it was asked to do again it does once, however often it is tried. */
  run: z.string(),
  /** The content was there before. */
  repeated: z.literal(true).exactOptional(),
});
export type StructureVersion = z.infer<typeof StructureVersion>;

export interface KnownStructure {
  readonly rev: number;
  readonly version: StructureVersion;
}

/** Where the newest plan of a course is named. */
export const newestStructurePlan = (home: string, courseId: string) => ({
  pk: `course-structure#${home}`,
  sk: courseId,
});

export async function knownStructure(
  ledger: Ledger,
  home: string,
  courseId: string,
): Promise<KnownStructure | undefined> {
  const { pk, sk } = newestStructurePlan(home, courseId);
  const item = await ledger.get(pk, sk);
  return item === undefined ? undefined : { rev: item.rev, version: StructureVersion.parse(item.data) };
}

/** Throws Conflict `stale_item` when another run staged the course meanwhile. */
export async function recordStructure(
  ledger: Ledger,
  home: string,
  courseId: string,
  version: StructureVersion,
  before: KnownStructure | undefined,
): Promise<void> {
  const condition = ifUnchanged(before);
  await ledger.write([{ put: { ...newestStructurePlan(home, courseId), data: version }, if: condition }]);
}

/** Its rows are committed and these very commits announced: every step behind the staging may have died. */
export const isAnnounced = (
  ledger: Ledger,
  { asset, partition }: Pick<StructureHome, "asset" | "partition">,
  courseId: string,
  { dataVersion, codeVersion, planId }: StructureVersion,
): Promise<boolean> =>
  arePlansCommitsTold(ledger, planId, { asset, partition: partition(courseId), dataVersion, codeVersion });
