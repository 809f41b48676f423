import * as z from "zod";
import type { Ledger } from "../../core/io/ports.ts";

const Commits = z.object({ commits: z.array(z.object({ snapshotId: z.string() })) });
const Commit = z.object({ snapshotId: z.string() });

export interface Materialised {
  readonly asset: string;
  readonly partition: string;
  readonly dataVersion: string;
  readonly codeVersion: string;
}

/**
 * A plan is committed and these very commits are announced: every step behind the staging may have died, and the record
 * of a version may be of the time before it came back.
 */
export async function arePlansCommitsTold(
  ledger: Ledger,
  planId: string,
  { asset, partition, dataVersion, codeVersion }: Materialised,
): Promise<boolean> {
  const { items } = await ledger.query("commit", { prefix: `${planId}#` });
  if (items.length === 0) return false;
  const materialised = Commits.safeParse(
    (await ledger.get(`materialisation#${asset}`, `${partition}#${dataVersion}#${codeVersion}`))?.data,
  );
  const told = new Set(materialised.data?.commits.map(({ snapshotId }) => snapshotId));
  return items.every(({ data }) => told.has(Commit.parse(data).snapshotId));
}
