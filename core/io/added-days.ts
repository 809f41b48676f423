import * as z from "zod";
import { daysUntil } from "../model/items/daily.ts";
import type { DailyAsset } from "../model/partitioning.ts";
import { allItems } from "./every-item.ts";
import type { Items } from "./items.ts";
import type { Ledger } from "./ports.ts";
import { retryConflict } from "./retry-conflict.ts";
import { ifUnchanged } from "./ledger-conditions.ts";

/** All days of an asset from one to another have been added. */
const DaysRecord = z.object({ start: z.string(), through: z.string() });
type DaysRecord = z.infer<typeof DaysRecord>;

const RECORDS = "asset-days";
/** A few transactions for each shard. */
const PAGE = 700;
/** Pages of one call, of all assets together: about two seconds of writing; the clock calls again a minute later. */
const PAGES = 10;

export interface DaysReport {
  readonly added: number;
  /** Assets with days that are still to be added. */
  readonly open: readonly string[];
}

/**
 * Adds the days that have ended, of each asset in its zone, in bounded pages that take turns; requests no run. One query
 * where nothing is due. A page is added before it is on record, so whoever dies repeats it; a day that somebody has
 * retired stays so. A clock that goes back adds nothing; an earlier `start` begins anew there.
 */
export async function addDays(
  { ledger, items }: { readonly ledger: Ledger; readonly items: Pick<Items, "addAll"> },
  assets: readonly DailyAsset[],
  now: number,
): Promise<DaysReport> {
  if (assets.length === 0) return { added: 0, open: [] };
  const records = await readRecords(ledger);
  let [added, pages] = [0, 0];
  let open = assets.filter((asset) => daysDue(asset, records.get(asset.asset), now, 1).length > 0);
  while (open.length > 0 && pages < PAGES) {
    const more: DailyAsset[] = [];
    for (const [index, asset] of open.entries()) {
      if (pages === PAGES) {
        more.push(...open.slice(index));
        break;
      }
      pages += 1;
      const page = await addPage({ ledger, items }, asset, now);
      added += page.added;
      if (page.isOpen) more.push(asset);
    }
    open = more;
  }
  return { added, open: open.map(({ asset }) => asset) };
}

const addPage = ({ ledger, items }: Parameters<typeof addDays>[0], asset: DailyAsset, now: number) =>
  retryConflict(async () => {
    const item = await ledger.get(RECORDS, asset.asset);
    const record = DaysRecord.optional().parse(item?.data);
    const days = daysDue(asset, record, now, PAGE);
    const through = days.at(-1);
    if (through === undefined) return { added: 0, isOpen: false };
    const { added } = await items.addAll(asset.asset, days, now);
    const data: DaysRecord = { start: covers(record, asset) ? record.start : asset.start, through };
    const condition = ifUnchanged(item);
    await ledger.write([{ put: { pk: RECORDS, sk: asset.asset, data }, if: condition }]);
    return { added, isOpen: days.length === PAGE };
  });

/** The record tells of the days from the asset's first one on. */
const covers = (record: DaysRecord | undefined, { start }: DailyAsset): record is DaysRecord =>
  record !== undefined && record.start <= start && start <= record.through;

/** The next days to be added, at most so many. */
function daysDue(asset: DailyAsset, record: DaysRecord | undefined, now: number, limit: number): string[] {
  const { start, timeZone } = asset;
  const after = covers(record, asset) ? record.through : undefined;
  const days: string[] = [];
  for (const day of daysUntil({ start: after ?? start, timeZone }, now)) {
    if (day !== after) days.push(day);
    if (days.length === limit) break;
  }
  return days;
}

async function readRecords(ledger: Ledger): Promise<Map<string, DaysRecord>> {
  const items = await allItems(ledger, RECORDS);
  return new Map(items.map(({ sk, data }) => [sk, DaysRecord.parse(data)]));
}
