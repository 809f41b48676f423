import { openItems } from "../../core/io/items.ts";
import { readRequest } from "../../core/io/lane-requests.ts";
import type { Ledger } from "../../core/io/ports.ts";
import { outputsOf, type RunOutput } from "../../core/io/run-outputs.ts";
import { consumersOf, declaredTarget, type DeclaredAsset } from "../../core/model/assets.ts";
import type { ItemKey } from "../../core/model/items/item-key.ts";
import type { ItemState } from "../../core/model/items/item-state.ts";
import { executionName } from "../../core/model/items/run-request.ts";

/** What the outputs of runs have had requested: nobody but the ledger knows of a run that waits in its lane. */
export interface Consumers {
  /** They wait, have begun or are over: which of it, the engine knows. */
  readonly requested: readonly { readonly run: string; readonly lane: string }[];
  /** So many of the given runs have ended and may cause more still: their ends are being followed up. */
  readonly untold: number;
}

/** Direct consumers only: what these cause is asked for by their own names. */
export async function consumersOfRuns(
  ledger: Ledger,
  assets: readonly DeclaredAsset[],
  runs: readonly string[],
): Promise<Consumers> {
  const items = openItems(ledger);
  const requested: Consumers["requested"][number][] = [];
  let untold = 0;
  for (const run of runs) {
    // Forgotten when all that the end of the run asks for is requested.
    if ((await readRequest(ledger, run)) !== undefined) untold += 1;
    for (const output of await outputsOf(ledger, run)) {
      for (const asset of consumersOf(output.asset, assets)) {
        const key = { asset, partition: output.partition };
        const lane = declaredTarget(asset, assets)?.lane;
        const state = lane === undefined ? undefined : await items.read(key);
        const caused = state && causedBy(output, key, state);
        if (lane !== undefined && caused !== undefined) requested.push({ run: caused, lane });
      }
    }
  }
  return { requested, untold };
}

/** A run that is asked for once more because it failed is no longer waited for: it has failed. */
function causedBy(
  { asset, dataVersion, at }: RunOutput,
  key: ItemKey,
  { runs, pending, observed, requested, requests, last }: ItemState,
): string | undefined {
  if (requested?.[asset] === dataVersion) {
    const own = runs.find((run) => run.versions[asset] === dataVersion && !run.reasons.includes("failed-once"));
    if (own !== undefined) return own.name;
    return last?.run == null || last.at < at ? undefined : last.run;
  }
  const isHeld = runs.length > 0 && pending.includes("upstream-changed") && observed[asset]?.version === dataVersion;
  return isHeld ? executionName(key, requests + 1) : undefined;
}
