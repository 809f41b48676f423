import type { Items } from "../../../core/io/items.ts";

const PAGE = 1_000;

/** Every partition of an asset that is not retired: a few thousand course runs. */
export async function activeCourses(items: Pick<Items, "page">, asset: string): Promise<string[]> {
  const ids: string[] = [];
  for (let after: string | undefined; ;) {
    const page = await items.page(asset, { limit: PAGE, ...(after === undefined ? {} : { after }) });
    ids.push(...page.items.filter(({ status }) => status !== "retired").map(({ partition }) => partition));
    after = page.next;
    if (after === undefined) return ids;
  }
}
