import * as z from "zod";
import { Failure } from "../../core/model/failures.ts";
import { RowHashSetting } from "./settled-row-hash.ts";
import { tableOf } from "./sources/raw-tables.ts";

/** One table of one archive. */
export const TableInput = z.looseObject({
  item: z.object({ asset: z.string().min(1), partition: z.string().min(1) }),
  rowHash: RowHashSetting,
});

/** Throws Misconfigured `wrong_item`. */
export function tableOfItem(asset: string): string {
  const table = tableOf(asset);
  if (table !== undefined) return table;
  throw new Failure("Misconfigured", `The asset "${asset}" is none of the tables of edx.org.`, {
    code: "wrong_item",
    what: "find the table of a run",
    hint: "docs/reference/assets.md lists them.",
  });
}
