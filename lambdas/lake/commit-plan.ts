import { setTimeout as pause } from "node:timers/promises";
import * as z from "zod";
import type { LakeSession } from "../../core/io/lake.ts";
import { ensureTable } from "../../core/io/lake-table.ts";
import { withLease, type Lease } from "../../core/io/lease.ts";
import type { Ledger, Objects } from "../../core/io/ports.ts";
import type { CommitPlan, TableCommit, TablePlan } from "../../core/model/commit-plan.ts";
import { Failure, isFailure } from "../../core/model/failures.ts";
import { findCommit, recordCommit, type CommitKey } from "./commit-record.ts";
import { replaceRows } from "./replace-rows.ts";
import { verifyCommit } from "./verify-commit.ts";

export interface LakeAccess {
  session(): Promise<LakeSession>;
  /** Closes the session after an error; the next `session()` opens a new one. */
  discard(): Promise<void>;
}

export interface CommitDeps {
  readonly lake: LakeAccess;
  readonly ledger: Ledger;
  readonly objects: Pick<Objects, "sqlUri">;
  /** For people: run, state and attempt. */
  readonly holder: string;
  readonly lease?: { readonly ttlSeconds: number; readonly waitSeconds: number };
}

/**
 * A committer that dies is replaced after the ttl; one commit takes well under a second, a huge one keeps renewing.
 * Waiting in line ends below the Lambda's time-out of 900 s, so that it ends as our own Transient.
 */
const LEASE = { ttlSeconds: 10, waitSeconds: 600 };
/** Stands for a snapshot where a newer plan has taken the rows over. */
const SUPERSEDED = "superseded";
const CONFLICT_ATTEMPTS = 8;
const CONFLICT_PAUSE_MS = 100;

/**
 * Commits every table of the plan, one Iceberg commit each, and believes it only after reading it back. Doing the
 * same plan again changes nothing. Throws Transient `commit_conflict`, `commit_queue_full`, `commit_not_found`.
 */
export async function commitPlan(plan: CommitPlan, deps: CommitDeps): Promise<TableCommit[]> {
  const commits: TableCommit[] = [];
  for (const [index, table] of plan.tables.entries()) {
    commits.push(await commitTable({ plan: plan.id, index, table: tableName(table) }, table, plan.newest, deps));
  }
  return commits;
}

async function commitTable(
  key: CommitKey,
  table: TablePlan,
  newest: CommitPlan["newest"],
  deps: CommitDeps,
): Promise<TableCommit> {
  const done = await finished(key, table, deps);
  if (done !== undefined) return done;
  const lease = { ...(deps.lease ?? LEASE), holder: deps.holder };
  try {
    return await withLease(deps.ledger, `iceberg-commit/${key.table}`, lease, async (held) => {
      // Another attempt of the same plan may have finished while this one stood in line.
      const meanwhile = await finished(key, table, deps);
      if (meanwhile !== undefined) return meanwhile;
      if (await isOutdated(key.plan, newest, deps.ledger)) return { table: key.table, snapshotId: SUPERSEDED, rows: 0 };
      const commit = await commitWithRetry(table, deps, held);
      await recordCommit(deps.ledger, key, commit);
      return commit;
    });
  } catch (error) {
    if (!isFailure(error) || error.code !== "lease_held") throw error;
    throw new Failure("Transient", `${key.table} has more commits in line than ${lease.waitSeconds} s can take.`, {
      code: "commit_queue_full",
      what: `commit rows to ${key.table}`,
      cause: error,
    });
  }
}

/** Asked under the lease: whoever became the newest meanwhile commits after us and replaces our rows. */
async function isOutdated(plan: string, newest: CommitPlan["newest"], ledger: Ledger): Promise<boolean> {
  if (newest === undefined) return false;
  const item = z.object({ planId: z.string() }).safeParse((await ledger.get(newest.pk, newest.sk))?.data);
  return item.success && item.data.planId !== plan;
}

/** The recorded result, if its snapshot is in the table's present history (or nothing had to be written). */
async function finished(key: CommitKey, table: TablePlan, deps: CommitDeps): Promise<TableCommit | undefined> {
  const recorded = await findCommit(deps.ledger, key);
  if (recorded === undefined) return undefined;
  const { target } = await deps.lake.session();
  const snapshot = await target.currentSnapshot(table.namespace, table.table);
  return snapshot?.history.includes(recorded.snapshotId) === true ? recorded : undefined;
}

async function commitWithRetry(table: TablePlan, deps: CommitDeps, lease: Lease): Promise<TableCommit> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const session = await deps.lake.session();
      await ensureTable(session, table);
      const before = await session.target.currentSnapshot(table.namespace, table.table);
      const written = await replaceRows(session, table, deps.objects, lease);
      return await verifyCommit(session, table, before, written, deps.objects);
    } catch (error) {
      if (isFailure(error) && error.name !== "Transient") throw error;
      await deps.lake.discard();
      if (isFailure(error) || !isConflict(error)) throw lakeFailure(`commit rows to ${tableName(table)}`, error);
      if (attempt >= CONFLICT_ATTEMPTS) {
        throw new Failure("Transient", `${tableName(table)} changed under each of ${attempt} attempts.`, {
          code: "commit_conflict",
          what: `commit rows to ${tableName(table)}`,
          cause: error,
        });
      }
      await pause(CONFLICT_PAUSE_MS * 2 ** Math.min(attempt, 5) * Math.random());
    }
  }
}

/** DuckDB passes the catalogue's answer on in words. Another writer won, or made the table or namespace first. */
const isConflict = (error: unknown): boolean =>
  error instanceof Error && /Conflict_409|CommitFailedException|AlreadyExistsException/.test(error.message);

/** A lost connection is worth another attempt; any other error of the engine is a bug and keeps its name. */
export function lakeFailure(what: string, error: unknown): unknown {
  if (isFailure(error) || !(error instanceof Error)) return error;
  const network =
    /^(IO|HTTP|Connection) Error|Could not (connect|establish)|ServiceUnavailable_503|InternalServerError_500/;
  if (!network.test(error.message)) return error;
  return new Failure("Transient", `Cannot ${what}: the lake does not answer.`, {
    code: "lake_unreachable",
    what,
    cause: error,
  });
}

const tableName = (table: TablePlan): string => `${table.namespace}.${table.table}`;
