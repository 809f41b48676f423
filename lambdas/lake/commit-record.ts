import * as z from "zod";
import type { Ledger } from "../../core/io/ports.ts";
import type { TableCommit } from "../../core/model/commit-plan.ts";

const COMMIT_PK = "commit";

export interface CommitKey {
  readonly plan: string;
  /** Place in the plan: a plan may name a table twice, with different rows to replace. */
  readonly index: number;
  /** `raw.<table>` */
  readonly table: string;
}

const CommitRecord = z.object({ table: z.string(), snapshotId: z.string(), rows: z.number().int() });

export async function findCommit(ledger: Ledger, key: CommitKey): Promise<TableCommit | undefined> {
  const item = await ledger.get(COMMIT_PK, sortKey(key));
  return item === undefined ? undefined : CommitRecord.parse(item.data);
}

/** The last word wins: a plan is committed again only when its snapshot left the table's history. */
export async function recordCommit(ledger: Ledger, key: CommitKey, commit: TableCommit): Promise<void> {
  const data = { ...commit, plan: key.plan, committedAt: new Date().toISOString() };
  await ledger.write([{ put: { pk: COMMIT_PK, sk: sortKey(key), data }, if: { any: true } }]);
}

const sortKey = ({ plan, index, table }: CommitKey): string => `${plan}#${table}#${index}`;
