import type { Items } from "./items.ts";
import type { ItemRow, PageQuery } from "./items-page.ts";
import type { Ledger, LedgerItem } from "./ports.ts";

const PAGE = 1_000;

/** All items of one partition of the ledger, with a page of them in memory; those after the sort key `from`, if it is given. */
export async function* everyItem(ledger: Ledger, pk: string, from?: string): AsyncGenerator<LedgerItem> {
  for (let after = from; ;) {
    const page = await ledger.query(pk, { limit: PAGE, ...(after === undefined ? {} : { after }) });
    yield* page.items;
    if (page.next === undefined) return;
    after = page.next;
  }
}

/** The same at once, of a partition that is known to be small. */
export async function allItems(ledger: Ledger, pk: string): Promise<LedgerItem[]> {
  const all: LedgerItem[] = [];
  for await (const item of everyItem(ledger, pk)) all.push(item);
  return all;
}

/** All partitions of an asset, or those of the query, page by page. */
export async function* everyPage(
  items: Pick<Items, "page">,
  asset: string,
  query: Omit<PageQuery, "after" | "limit"> = {},
): AsyncGenerator<readonly ItemRow[]> {
  for (let after: string | undefined; ;) {
    const page = await items.page(asset, { ...query, limit: PAGE, ...(after === undefined ? {} : { after }) });
    yield page.items;
    if (page.next === undefined) return;
    after = page.next;
  }
}
