import { text } from "node:stream/consumers";
import type { Lease } from "../../../core/io/lease.ts";
import { CommitPlan } from "../../../core/model/commit-plan.ts";
import { commitPlan, lakeFailure, type LakeAccess } from "../../lake/commit-plan.ts";
import { readList } from "./batch.ts";
import type { BatchObject } from "./batch-object.ts";
import {
  addCounts,
  closeBatch,
  findOpen,
  putHead,
  putObject,
  putOpen,
  writeAll,
  LoadRecord,
  type OpenBatch,
  type StagedSlice,
} from "./records.ts";
import { stageSlice, type SliceHome } from "./stage-slice.ts";

export interface LoadHome extends SliceHome {
  readonly lake: LakeAccess;
  /** For people: run, state and attempt. */
  readonly holder: string;
  readonly lease: Pick<Lease, "check">;
}

/** Where nothing had to be written. */
const NO_SNAPSHOT = "none";

/**
 * Loads the open batch of the table to its end, slice by slice: staged, committed, read back, on record. Done again after
 * a death it goes on with the slice that was not on record; the same slice committed twice is committed once. Undefined =
 * none is open.
 */
export async function loadOpenBatch(home: LoadHome): Promise<LoadRecord | undefined> {
  const found = await findOpen(home.io.ledger, home.table);
  if (found === undefined) return undefined;
  let { open, rev } = found;
  const list = await readList(home, open);
  const write = async (next: OpenBatch): Promise<void> => {
    await home.io.ledger.write([putOpen(home.table, next, rev)]);
    [open, rev] = [next, rev + 1];
  };
  await write({ ...open, attempts: open.attempts + 1 });
  while (open.cursor.index < list.length) {
    await home.lease.check();
    const staged = open.staged ?? (await stage(home, open, list));
    if (open.staged === undefined) await write({ ...open, staged });
    const snapshot = await commit(home, staged);
    await recordObjects(home, open, list, staged, snapshot ?? NO_SNAPSHOT);
    const { staged: _, ...rest } = open;
    await write({
      ...{ ...rest, cursor: staged.next, slices: open.slices + 1, counts: addCounts(open.counts, staged.counts) },
      snapshots: snapshot === undefined ? open.snapshots : [...open.snapshots, snapshot],
    });
  }
  const load = LoadRecord.parse({ ...open, ...lasted(open) });
  await home.io.ledger.write(closeBatch(home.table, load, rev));
  return load;
}

function lasted({ startedAt }: OpenBatch): Pick<LoadRecord, "endedAt" | "seconds"> {
  const endedAt = new Date();
  return { endedAt: endedAt.toISOString(), seconds: (endedAt.getTime() - new Date(startedAt).getTime()) / 1_000 };
}

async function stage(home: LoadHome, open: OpenBatch, list: readonly BatchObject[]): Promise<StagedSlice> {
  try {
    return await stageSlice(await home.lake.session(), home, open, list);
  } catch (error) {
    await home.lake.discard();
    throw lakeFailure(`load ${home.table}`, error);
  }
}

/** The snapshot that was read back; undefined = there was nothing to commit. */
async function commit({ io, buckets, lake, holder }: LoadHome, staged: StagedSlice): Promise<string | undefined> {
  if (staged.planKey === undefined) return undefined;
  const body = await text(await io.objects.get({ bucket: buckets.artifacts, key: staged.planKey }));
  const plan = CommitPlan.parse(JSON.parse(body));
  const [done] = await commitPlan(plan, { lake, ledger: io.ledger, objects: io.objects, holder });
  return done?.snapshotId;
}

/** Objects that ended in the slice: loaded or failed, and what their courses hold now. */
async function recordObjects(
  { io, table }: LoadHome,
  { batch, loadId, archive, archiveVersion, cursor }: OpenBatch,
  list: readonly BatchObject[],
  { next, failed }: StagedSlice,
  snapshot: string,
): Promise<void> {
  const at = new Date().toISOString();
  const why = new Map(failed.map(({ index, reason }) => [index, reason]));
  const writes = list.slice(cursor.index, next.index).flatMap(({ key, courseId, member, newest }, place) => {
    const reason = why.get(cursor.index + place);
    const record = { courseId, member, archive, archiveVersion, batch, loadId, at };
    if (reason !== undefined) return [putObject(table, key, { ...record, state: "failed", reason })];
    return [
      putObject(table, key, { ...record, state: "loaded", snapshot }),
      ...(newest ? [putHead(table, courseId, { objectKey: key, archive, archiveVersion, loadId })] : []),
    ];
  });
  await writeAll(io.ledger, writes);
}
