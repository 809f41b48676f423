import type { LakeSession } from "../../core/io/lake.ts";
import type { LakeSnapshot, Objects } from "../../core/io/ports.ts";
import type { TableCommit, TablePlan } from "../../core/model/commit-plan.ts";
import { Failure } from "../../core/model/failures.ts";
import { countReplaced, plannedRows, type Written } from "./replace-rows.ts";

/** What a table without any snapshot answers: only deleting from an empty table leads here. */
const NO_SNAPSHOT = "none";

/**
 * Reads the commit back from the catalogue: acknowledged commits have been lost by one. The table must have a new
 * snapshot that grew out of the one before and that states the planned rows. Where the catalogue keeps no counts the
 * rows are counted, which costs a scan.
 */
export async function verifyCommit(
  session: LakeSession,
  table: TablePlan,
  before: LakeSnapshot | undefined,
  written: Written,
  objects: Pick<Objects, "sqlUri">,
): Promise<TableCommit> {
  const name = `${table.namespace}.${table.table}`;
  const after = await session.target.currentSnapshot(table.namespace, table.table);
  const moved = after?.snapshotId !== before?.snapshotId;
  const grown = before === undefined || after?.history.includes(before.snapshotId) === true;
  const stated = after?.summary["added-records"];
  const rows =
    written.inserted === 0 ? 0 : stated === undefined ? await countReplaced(session, table, objects) : Number(stated);
  const expected = plannedRows(table);
  if (moved !== written.deleted + written.inserted > 0 || !grown || rows !== expected) {
    throw new Failure("Transient", `The commit to ${name} was acknowledged but cannot be read back.`, {
      code: "commit_not_found",
      what: `verify the commit to ${name}`,
      details: { rows, expected, before: before?.snapshotId, after: after?.snapshotId },
    });
  }
  return { table: name, snapshotId: after?.snapshotId ?? NO_SNAPSHOT, rows };
}
