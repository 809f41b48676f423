import type * as z from "zod";
import { withLease } from "../../core/io/lease.ts";
import { isFailure } from "../../core/model/failures.ts";
import { task, type TaskContext } from "../../core/task.ts";
import { TableInput, tableOfItem } from "./table-item.ts";
import { settleRowHash } from "./settled-row-hash.ts";
import { deliveredBy } from "./tables/delivered.ts";
import { newsOf, recordNew, recordSeen, withoutObject } from "./tables/news.ts";
import { outcomeOf, type TableOutcome } from "./tables/outcome.ts";
import { findOpen, tableLease } from "./tables/records.ts";

export const handler = task({ name: "FindTableNews", input: TableInput, run: findTableNews });

interface TableNews {
  readonly outcome: "news";
  /** Why a worker is to look: `objects` to load, a batch that was begun, or another run that has the table. */
  readonly because: "objects" | "open_batch" | "lease_held";
  readonly objects: number;
}

const LEASE = { ttlSeconds: 60, waitSeconds: 0 };

/**
 * Whether a worker has anything to load of one table of one archive; without, the run ends as `unchanged` and no
 * container is started. While another run has the table nobody can say: then a worker waits for it and looks.
 */
export async function findTableNews(
  { item: { asset, partition }, rowHash }: z.infer<typeof TableInput>,
  { io, settings, run }: Pick<TaskContext, "io" | "settings" | "run">,
): Promise<TableNews | TableOutcome> {
  const { ledger } = io;
  const table = tableOfItem(asset);
  await settleRowHash(ledger, rowHash);
  const delivered = await deliveredBy({ io, buckets: settings.buckets }, table, partition);
  const holder = `${run.id}/${run.state}/${run.attempt}`;
  const found = await withLease(
    ledger,
    tableLease(table),
    { ...LEASE, holder },
    async (): Promise<TableNews | TableOutcome> => {
      if ((await findOpen(ledger, table)) !== undefined) return news("open_batch");
      const found = await newsOf(ledger, table, partition, delivered);
      if (found.objects.length > 0) return news("objects", found.objects.length);
      await recordSeen(ledger, table, partition, found);
      const keys = delivered.objects.map(({ key }) => key);
      const without = await withoutObject(ledger, table, partition, delivered);
      return outcomeOf({ asset, partition, table, keys, ...without }, []);
    },
  ).catch((error: unknown) => {
    if (isFailure(error) && error.code === "lease_held") return news("lease_held");
    throw error;
  });
  if (found.outcome === "news") await recordNew(ledger, table, partition, delivered);
  return found;
}

const news = (because: TableNews["because"], objects = 0): TableNews => ({ outcome: "news", because, objects });
