import * as z from "zod";
import { openCoordination } from "../../core/io/coordination.ts";
import { task, type TaskContext } from "../../core/task.ts";
import { raiseArchiveChecks } from "./members/archive-checks.ts";
import { readMembers } from "./members/archive-members.ts";
import { recordMaterialisations } from "./members/materialisations.ts";
import { recordPartitions, requestCourses, type Requested } from "./members/partitions.ts";

const Input = z.looseObject({
  /** Name of the archive. */
  partition: z.string().min(1),
  manifestKey: z.string().min(1),
});

export const handler = task({
  name: "RecordMembers",
  input: Input,
  run: (input, context) => recordMembers(input, context),
});

export interface RecordedMembers extends Requested {
  readonly archive: string;
  /** Objects that the archive brought first, and that were not on record. */
  readonly materialised: number;
  /** By asset: partitions that are new. */
  readonly added: Readonly<Record<string, number>>;
  readonly checks: readonly string[];
}

/**
 * What a complete archive brought is put on record, member by member, and what is made of its courses is requested. Of
 * an archive that is recorded again nothing is written or requested twice. Throws Malformed `archive_incomplete`.
 */
export async function recordMembers(
  { partition: archive, manifestKey }: z.infer<typeof Input>,
  { io, settings, run, log }: Pick<TaskContext, "io" | "settings" | "run" | "log">,
  now: () => number = Date.now,
): Promise<RecordedMembers> {
  const coordination = openCoordination({ io, settings, now });
  const members = await readMembers(io, settings.buckets, { archive, manifestKey });
  const materialised = await recordMaterialisations(io.ledger, members, run.id);
  const added = await recordPartitions(coordination.items, members, run.id, now);
  const requested = await requestCourses(coordination, members, now);
  const home = { executions: io.executions, settings, run };
  const checks = await raiseArchiveChecks(home, archive, members);
  if (checks.length > 0) log.warn("An archive's checks have failed.", { archive, checks });
  return { archive, materialised, added, ...requested, checks };
}
