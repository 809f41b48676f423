import { createHash } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as z from "zod";
import { diskFull, isDiskFull } from "../../core/io/disk-failures.ts";
import { withLease } from "../../core/io/lease.ts";
import { Failure } from "../../core/model/failures.ts";
import { task, type TaskContext } from "../../core/task.ts";
import { lakeAccess } from "../lake/lake-access.ts";
import { RowHashSetting, settleRowHash } from "./settled-row-hash.ts";
import { EDXORG_TABLES_CODE } from "./sources/code-versions.ts";
import { deliveredBy, openBatch, recordNew } from "./tables/batch.ts";
import { loadOpenBatch } from "./tables/load-batch.ts";
import { lakeTable, NAMESPACE, tableOf } from "./sources/raw-tables.ts";
import type { LoadRecord } from "./tables/records.ts";

const Input = z.looseObject({
  item: z.object({ asset: z.string().min(1), partition: z.string().min(1) }),
  rowHash: RowHashSetting,
});

export const handler = task({ name: "LoadTable", input: Input, run: loadTable });

/** The rest is for Node, and for what DuckDB takes above its limit. */
const DUCKDB_MB = 4_096;
/** Of one commit: what a killed worker has to do again, at most. And how long a dead worker holds up the next one. */
const LIMITS = { sliceBytes: 512 * 1_048_576, leaseSeconds: 60 };
/** An earlier archive of the same table is loaded first. */
const WAIT_SECONDS = 3_600;

interface TableOutcome {
  readonly outcome: "loaded" | "unchanged";
  readonly asset: string;
  /** The archive. */
  readonly partition: string;
  /** sha256 over what the archive has delivered of the table. */
  readonly dataVersion: string;
  readonly codeVersion: string;
  /** What others are to look at anew. */
  readonly tables: readonly string[];
  readonly counts: Readonly<Record<string, number>>;
  readonly commits: readonly { readonly table: string; readonly snapshotId: string; readonly rows: number }[];
  readonly checks: readonly { readonly name: string; readonly passed: boolean; readonly objects: number }[];
}

/** What one archive has brought of one table, merged into the lake. A batch that was begun before is ended first. */
export async function loadTable(
  { item: { asset, partition }, rowHash }: z.infer<typeof Input>,
  context: Pick<TaskContext, "io" | "settings" | "run" | "log">,
  { sliceBytes, leaseSeconds } = LIMITS,
): Promise<TableOutcome> {
  const { io, settings, run, log } = context;
  const table = tableOf(asset);
  if (table === undefined) throw wrongItem(asset);
  await settleRowHash(io.ledger, rowHash);
  const { buckets } = settings;
  const delivered = await deliveredBy({ io, buckets }, table, partition);
  await recordNew({ io }, table, partition, delivered);
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
    const loads = await withLease(io.ledger, `edxorg-table/${table}`, terms, async (lease) => {
      const home = { io, buckets, table, folder, sliceBytes, lake, holder, lease };
      const before = await loadOpenBatch(home);
      await openBatch(home, table, partition, delivered);
      const own = await loadOpenBatch(home);
      return [before, own].filter((load) => load !== undefined);
    });
    for (const load of loads) {
      if (load.counts.quarantined > 0) log.warn("Objects of a table cannot be read.", { table, ...load.counts });
    }
    return outcomeOf({ asset, partition, table, keys: delivered.objects.map(({ key }) => key) }, loads);
  } catch (error) {
    throw isDiskFull(error) ? diskFull(`load ${table}`, error) : error;
  } finally {
    await lake.discard();
    await rm(folder, { recursive: true, force: true });
  }
}

function outcomeOf(
  { asset, partition, table, keys }: Record<"asset" | "partition" | "table", string> & { readonly keys: string[] },
  loads: readonly LoadRecord[],
): TableOutcome {
  const name = `${NAMESPACE}.${lakeTable(table)}`;
  const sum = (of: (load: LoadRecord) => number): number => loads.reduce((total, load) => total + of(load), 0);
  const counts = {
    objects: sum((load) => load.objects),
    rows: sum((load) => load.counts.rowsRead),
    inserted: sum((load) => load.counts.inserted),
    refreshed: sum((load) => load.counts.refreshed),
    absent: sum((load) => load.counts.absent),
    duplicates: sum((load) => load.counts.duplicates),
    quarantined: sum((load) => load.counts.quarantined),
    seconds: sum((load) => load.seconds),
  };
  const snapshots = loads.flatMap((load) => load.snapshots);
  const rows = counts.inserted + counts.refreshed + counts.absent;
  const newest = snapshots.at(-1);
  return {
    ...{ outcome: newest === undefined ? "unchanged" : "loaded", asset, partition },
    dataVersion: createHash("sha256").update(JSON.stringify(keys.toSorted())).digest("hex"),
    ...{ codeVersion: EDXORG_TABLES_CODE, tables: newest === undefined ? [] : [name], counts },
    commits: newest === undefined ? [] : [{ table: name, snapshotId: newest, rows }],
    checks: [{ name: "unreadable_object", passed: counts.quarantined === 0, objects: counts.quarantined }],
  };
}

const wrongItem = (asset: string): Failure =>
  new Failure("Misconfigured", `The asset "${asset}" is none of the tables of edx.org.`, {
    code: "wrong_item",
    what: "find the table of a run",
    hint: "docs/reference/assets.md lists them.",
  });
