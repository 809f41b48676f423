import * as z from "zod";
import type { ItemKey } from "../model/items/item-key.ts";
import type { RunTarget } from "../model/items/trigger-rule.ts";
import type { Ledger } from "./ports.ts";

/** The machine and input that would run an item once more, for those who know only the item. */
export async function keepTarget(ledger: Ledger, { asset, partition }: ItemKey, target: RunTarget): Promise<void> {
  const key = { pk: `item-target#${asset}`, sk: partition };
  const known = await ledger.get(key.pk, key.sk);
  if (known !== undefined && JSON.stringify(known.data) === JSON.stringify(target)) return;
  await ledger.write([{ put: { ...key, data: target }, if: { any: true } }]);
}

const Target = z.object({ domain: z.string(), lane: z.string(), input: z.record(z.string(), z.unknown()) });

/** Undefined = no run of it has ended yet. */
export async function readTarget(ledger: Ledger, { asset, partition }: ItemKey): Promise<RunTarget | undefined> {
  return Target.optional().parse((await ledger.get(`item-target#${asset}`, partition))?.data);
}
