import type { ItemKey } from "../model/items/item-key.ts";
import type { RunTarget } from "../model/items/trigger-rule.ts";
import type { ApplyOptions, Items } from "./items.ts";
import type { Lanes } from "./lanes.ts";
import type { Executions, Ledger, Objects } from "./ports.ts";

/** What backfills and recovery stand on. */
export interface BackfillHome {
  readonly ledger: Ledger;
  readonly objects: Objects;
  readonly executions: Executions;
  /** The artifacts bucket: manifests lie there. */
  readonly bucket: string;
  readonly items: Items;
  readonly lanes: Lanes;
  /** Of a lane as it is declared; undefined = it is not. */
  readonly slotsOf: (lane: string) => number | undefined;
  /** What would run the item; undefined = no run of it is on record. */
  readonly targetOf: (key: ItemKey) => Promise<RunTarget | undefined>;
  /** How items are decided by everybody in this environment. */
  readonly rules: Pick<ApplyOptions, "automatic" | "failedOnceDelayMs">;
}

export const enqueueOf = ({ lanes }: BackfillHome, target: RunTarget): NonNullable<ApplyOptions["enqueue"]> => ({
  target,
  writesFor: lanes.writesFor,
  overtaking: lanes.overtaking,
});
