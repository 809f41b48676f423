import type { BackfillHome } from "./backfill-home.ts";

const RUNS = 20;

/** How long the latest successful runs of some items of the asset took, in milliseconds: a sample, perhaps empty. */
export async function recentDurations(home: BackfillHome, asset: string): Promise<number[]> {
  const { items } = await home.items.page(asset, { status: "materialised", limit: RUNS });
  const found = await Promise.all(
    items.map(async ({ partition }) => {
      const key = { asset, partition };
      const [state, target] = [await home.items.read(key), await home.targetOf(key)];
      const name = state?.success?.run;
      if (name == null || target === undefined) return [];
      const run = await home.executions.describe({ domain: target.domain, name });
      return run?.endedAt === undefined ? [] : [run.endedAt.getTime() - run.startedAt.getTime()];
    }),
  );
  return found.flat();
}
