import { everyPage } from "../../../core/io/every-item.ts";
import type { Items } from "../../../core/io/items.ts";

/** Every partition of an asset that is not retired: a few thousand course runs. */
export async function activeCourses(items: Pick<Items, "page">, asset: string): Promise<string[]> {
  const ids: string[] = [];
  for await (const rows of everyPage(items, asset)) {
    ids.push(...rows.filter(({ status }) => status !== "retired").map(({ partition }) => partition));
  }
  return ids;
}
