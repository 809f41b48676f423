import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type * as z from "zod";
import { diskFull, isDiskFull } from "../../core/io/disk-failures.ts";
import { withLease } from "../../core/io/lease.ts";
import { task, type TaskContext } from "../../core/task.ts";
import { lakeAccess } from "../lake/lake-access.ts";
import { TableInput, tableOfItem } from "./table-item.ts";
import { settleRowHash } from "./settled-row-hash.ts";
import { openBatch } from "./tables/batch.ts";
import { deliveredBy } from "./tables/delivered.ts";
import { loadOpenBatch } from "./tables/load-batch.ts";
import { withoutObject } from "./tables/news.ts";
import { outcomeOf, type TableOutcome } from "./tables/outcome.ts";
import { tableLease } from "./tables/records.ts";

export const handler = task({ name: "LoadTable", input: TableInput, run: loadTable });

/** The rest is for Node, and for what DuckDB takes above its limit. */
const DUCKDB_MB = 4_096;
/** Of one commit: what a killed worker has to do again, at most. And how long a dead worker holds up the next one. */
const LIMITS = { sliceBytes: 512 * 1_048_576, leaseSeconds: 60 };
/** An earlier archive of the same table is loaded first. */
const WAIT_SECONDS = 3_600;

/** What one archive has brought of one table, merged into the lake. A batch that was begun before is ended first. */
export async function loadTable(
  { item: { asset, partition }, rowHash }: z.infer<typeof TableInput>,
  context: Pick<TaskContext, "io" | "settings" | "run" | "log">,
  { sliceBytes, leaseSeconds } = LIMITS,
): Promise<TableOutcome> {
  const { io, settings, run, log } = context;
  const table = tableOfItem(asset);
  await settleRowHash(io.ledger, rowHash);
  const { buckets } = settings;
  const delivered = await deliveredBy({ io, buckets }, table, partition);
  const folder = await mkdtemp(join(tmpdir(), "millrace-table-"));
  const lake = lakeAccess(io.lake, {
    memoryMb: Math.min(DUCKDB_MB, Math.floor(settings.memoryMb / 2)),
    threads: 2,
    tempDir: join(folder, "spill"),
    extensionsDir: settings.duckdbExtensions,
  });
  const holder = `${run.id}/${run.state}/${run.attempt}`;
  try {
    const terms = { holder, ttlSeconds: leaseSeconds, waitSeconds: WAIT_SECONDS };
    const loads = await withLease(io.ledger, tableLease(table), terms, async (lease) => {
      const home = { io, buckets, table, folder, sliceBytes, lake, holder, lease };
      const before = await loadOpenBatch(home);
      await openBatch(home, table, partition, delivered);
      const own = await loadOpenBatch(home);
      return [before, own].filter((load) => load !== undefined);
    });
    for (const load of loads) {
      if (load.counts.quarantined > 0) log.warn("Objects of a table cannot be read.", { table, ...load.counts });
    }
    const keys = delivered.objects.map(({ key }) => key);
    const without = await withoutObject(io.ledger, table, partition, delivered);
    return outcomeOf({ asset, partition, table, keys, ...without }, loads);
  } catch (error) {
    throw isDiskFull(error) ? diskFull(`load ${table}`, error) : error;
  } finally {
    await lake.discard();
    await rm(folder, { recursive: true, force: true });
  }
}
