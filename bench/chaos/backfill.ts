import { setTimeout as sleep } from "node:timers/promises";
import { useKernel } from "../../bin/cli/kernel.ts";
import { isFailure } from "../../core/model/failures.ts";
import type { BackfillProgress } from "../../core/model/backfills/progress.ts";
import type { EngineClient } from "../../embedded/control/client.ts";
import { LOAD_DEPLOYMENT } from "./load.ts";

export interface BackfillAccount extends BackfillProgress {
  readonly state: string;
  readonly total: number;
}

const ID = "backfill-chaos";
const ASSET = `${LOAD_DEPLOYMENT}/openedx/raw_data/tracking_logs`;
const POLL_MS = 1_000;

/** Asks for every log that has been seen so far once more; false = there is none yet, or the engine is gone just now. */
export async function startBackfill(engine: () => Promise<EngineClient>): Promise<boolean> {
  try {
    const { backfills } = await useKernel({ engine });
    const selection = { asset: ASSET, status: "all" } as const;
    await backfills.start({ id: ID, selection, mode: "all", author: "chaos", now: Date.now() });
    return true;
  } catch (error) {
    if (isFailure(error)) return false;
    throw error;
  }
}

/** Waits until it is over, or for `patienceMs`. What the kills cost is made up for by the clock of the lanes. */
export async function settledBackfill(
  engine: () => Promise<EngineClient>,
  patienceMs: number,
): Promise<BackfillAccount> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    const { backfill, progress } = await (await useKernel({ engine })).backfills.show(ID);
    const account = { ...progress, state: backfill.state, total: backfill.total };
    if (backfill.state === "finished" || Date.now() > deadline) return account;
    await sleep(POLL_MS);
  }
}
