import * as z from "zod";
import type { Ledger, LedgerItem, LedgerWrite } from "../../core/io/ports.ts";
import type { AssetMaterialized } from "../../core/model/events.ts";
import { LAKEHOUSE } from "./builder-item.ts";
import { ifUnchanged } from "../../core/io/ledger-conditions.ts";

const INPUT = "input#";

const Seen = z.object({ dataVersion: z.string(), codeVersion: z.string(), repeatedBy: z.string().optional() });
const Input = z.object({ table: z.string(), mark: z.number().int() });

const seenKey = ({ asset, partition }: AssetMaterialized) => ({ pk: LAKEHOUSE, sk: `seen#${asset}#${partition}` });

/** An event may come twice, and an asset may be announced again without a change, unless a person had it made again. */
export async function findSeen(ledger: Ledger, event: AssetMaterialized): Promise<LedgerItem | undefined> {
  const { pk, sk } = seenKey(event);
  return ledger.get(pk, sk);
}

export function isNews(seen: LedgerItem | undefined, event: AssetMaterialized): boolean {
  const known = Seen.safeParse(seen?.data);
  return !(
    known.success &&
    known.data.dataVersion === event.dataVersion &&
    known.data.codeVersion === event.codeVersion &&
    (event.repeatedBy === undefined || known.data.repeatedBy === event.repeatedBy)
  );
}

/** What stands in the ledger once `event` is mark number `mark`. */
export function markWrites(event: AssetMaterialized, seen: LedgerItem | undefined, mark: number): LedgerWrite[] {
  const { dataVersion, codeVersion, asset, partition, materializedAt: changedAt, repeatedBy } = event;
  return [
    {
      put: {
        ...seenKey(event),
        data: { dataVersion, codeVersion, mark, ...(repeatedBy === undefined ? {} : { repeatedBy }) },
      },
      if: ifUnchanged(seen),
    },
    ...rawTables(event).map((table) => ({
      put: {
        pk: LAKEHOUSE,
        sk: `${INPUT}${table}`,
        data: { table, mark, asset, partition, dataVersion, codeVersion, changedAt },
      },
      // The builder's item orders marks; this one is written in the same transaction.
      if: { any: true } as const,
    })),
  ];
}

/** Only raw tables are inputs: what dbt itself writes must not make it run again. */
export const rawTables = ({ tables }: AssetMaterialized): string[] =>
  [...new Set(tables)].filter((table) => table.startsWith("raw."));

/** Raw tables marked after number `since`, as `raw.<table>`. */
export async function staleInputs(ledger: Ledger, since: number): Promise<string[]> {
  const stale: string[] = [];
  let after: string | undefined;
  do {
    const page = await ledger.query(LAKEHOUSE, { prefix: INPUT, ...(after === undefined ? {} : { after }) });
    for (const item of page.items) {
      const input = Input.parse(item.data);
      if (input.mark > since) stale.push(input.table);
    }
    after = page.next;
  } while (after !== undefined);
  return stale;
}
