import * as z from "zod";
import type { ItemKey } from "../model/items/item-key.ts";
import { Instant } from "../model/items/item-state.ts";
import { allItems } from "./every-item.ts";
import type { Ledger, LedgerWrite } from "./ports.ts";

/** What a run has made: told at its end to its own item and to everything that is made of it. */
export const RunOutput = z.object({
  asset: z.string(),
  partition: z.string(),
  dataVersion: z.string(),
  at: Instant,
});
export type RunOutput = z.infer<typeof RunOutput>;

/** A run lasts days, and who follows up its end may be late. */
const KEPT_SECONDS = 30 * 86_400;
const pkOf = (run: string): string => `run-output#${run}`;

/** For the transaction that puts the materialisation on record. */
export const outputWrite = (run: string, output: RunOutput): LedgerWrite => ({
  put: {
    ...{ pk: pkOf(run), sk: JSON.stringify([output.asset, output.partition]), data: output },
    expiresAt: Math.floor(output.at / 1_000) + KEPT_SECONDS,
  },
  if: { any: true },
});

export const outputsOf = async (ledger: Ledger, run: string): Promise<RunOutput[]> =>
  (await allItems(ledger, pkOf(run))).map(({ data }) => RunOutput.parse(data));

/** The item's own; a run that is about one file of a day may materialise the day. */
export function ownOutput({ asset, partition }: ItemKey, outputs: readonly RunOutput[]): RunOutput | undefined {
  const own = outputs.filter((output) => output.asset === asset);
  return own.find((output) => output.partition === partition) ?? (own.length === 1 ? own[0] : undefined);
}
