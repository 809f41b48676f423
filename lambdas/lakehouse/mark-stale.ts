import * as z from "zod";
import type { Ledger } from "../../core/io/ports.ts";
import { AssetMaterialized } from "../../core/model/events.ts";
import { claim, mark } from "../../core/model/staleness.ts";
import { task } from "../../core/task.ts";
import { changeBuilder } from "./builder-item.ts";
import { findSeen, isNews, markWrites, rawTables } from "./stale-inputs.ts";

/** With `event`: an asset changed. With `all`: an operator wants everything. With neither: a sweep. */
const Input = z.looseObject({ event: AssetMaterialized.optional(), all: z.boolean().default(false) });

export const handler = task({
  name: "MarkStale",
  input: Input,
  run: (input, { io, run }) => markStale(io.ledger, input, run.id),
});

export interface MarkAnswer {
  /** This run is the builder now. False: nothing is stale, or the present builder will see the mark. */
  readonly build: boolean;
  /** Number of the latest mark. */
  readonly mark: number;
}

/**
 * Marks what changed and claims the build, in one transaction: a builder either sees the mark when it releases, or
 * has released and the claim succeeds.
 */
export async function markStale(
  ledger: Ledger,
  { event, all }: { readonly event?: AssetMaterialized | undefined; readonly all: boolean },
  run: string,
  now: () => number = Date.now,
): Promise<MarkAnswer> {
  return changeBuilder(ledger, async (state) => {
    const change = event !== undefined && rawTables(event).length > 0 ? event : undefined;
    const seen = change === undefined ? undefined : await findSeen(ledger, change);
    const news = change !== undefined && isNews(seen, change);
    // A repeated attempt of the run that marked everything does not mark it again.
    const everything = all && state.claim?.run !== run;
    const marked = news || everything ? mark(state, everything) : state;
    const { state: claimed, build } = claim(marked, run, now());
    return {
      state: claimed === state ? undefined : claimed,
      writes: news ? markWrites(change, seen, marked.requested) : [],
      result: { build, mark: claimed.requested },
    };
  });
}
