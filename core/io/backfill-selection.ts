import { leftOut, type BackfillMode } from "../model/backfills/mode.ts";
import { checkSelection, selects, type Selection } from "../model/backfills/selection.ts";
import { Failure } from "../model/failures.ts";
import { statusOf, type ItemStatus } from "../model/items/status.ts";
import type { BackfillHome } from "./backfill-home.ts";
import { outcomesPk, PartitionEnd } from "./backfill-records.ts";
import { everyItem, everyPage } from "./every-item.ts";

/** Partitions that match a selection. `leftOut`: matched, and not run for this reason. */
export interface SelectedPartition {
  readonly partition: string;
  readonly status: ItemStatus;
  readonly leftOut?: "retired" | "materialised" | "in_progress" | "no-input";
}

type Row = Pick<SelectedPartition, "partition" | "status">;
/** Targets that are read at a time. */
const PARALLEL = 32;

/** In byte order, page by page: however many there are, one page is in memory. Throws Rejected `partition_unknown`. */
export async function* selectPartitions(
  home: BackfillHome,
  selection: Selection,
  mode: BackfillMode,
): AsyncGenerator<SelectedPartition> {
  checkSelection(selection);
  for await (const rows of rowsOf(home, selection)) {
    const wanted = rows.filter(
      ({ partition, status }) =>
        selects(selection, partition) && (selection.status === "all" || selection.status === status),
    );
    for (let from = 0; from < wanted.length; from += PARALLEL) {
      yield* await Promise.all(
        wanted.slice(from, from + PARALLEL).map((row) => judge(home, selection.asset, row, mode)),
      );
    }
  }
}

async function judge(home: BackfillHome, asset: string, row: Row, mode: BackfillMode): Promise<SelectedPartition> {
  const left = leftOut(mode, row.status);
  if (left !== undefined) return { ...row, leftOut: left };
  const target = await home.targetOf({ asset, partition: row.partition });
  return target === undefined ? { ...row, leftOut: "no-input" } : row;
}

async function* rowsOf(home: BackfillHome, { asset, status, prefix, partitions, failedOf }: Selection) {
  if (partitions !== undefined) yield await readRows(home, asset, [...new Set(partitions)], "refuse");
  else if (failedOf !== undefined) {
    for await (const { sk, data } of everyItem(home.ledger, outcomesPk(failedOf))) {
      if (PartitionEnd.parse(data).outcome === "failed") yield await readRows(home, asset, [sk], "skip");
    }
  } else {
    const filter = { ...(status === "all" ? {} : { status }), ...(prefix === undefined ? {} : { prefix }) };
    yield* everyPage(home.items, asset, filter);
  }
}

async function readRows(
  { items }: BackfillHome,
  asset: string,
  keys: readonly string[],
  unknown: "refuse" | "skip",
): Promise<Row[]> {
  const rows: Row[] = [];
  const missing: string[] = [];
  for (const partition of keys) {
    const state = await items.read({ asset, partition });
    if (state === undefined) missing.push(partition);
    else rows.push({ partition, status: statusOf(state) });
  }
  if (missing.length === 0 || unknown === "skip") return rows;
  const named = missing
    .slice(0, 3)
    .map((key) => `"${key.slice(0, 80)}"`)
    .join(", ");
  throw new Failure(
    "Rejected",
    `${asset} has no partition ${named}: ${missing.length} of ${keys.length} are unknown.`,
    {
      code: "partition_unknown",
      what: "select partitions",
      hint: `\`npx millrace partitions ${asset}\` lists what there is; nothing has been started.`,
    },
  );
}
