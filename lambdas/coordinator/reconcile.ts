import * as z from "zod";
import { openCoordination } from "../../core/io/coordination.ts";
import { openReconciliation } from "../../core/io/reconcile.ts";
import { decided } from "../../core/io/retry-conflict.ts";
import { describeFailure } from "../../core/model/failures.ts";
import { task } from "../../core/task.ts";

/** The clock calls again a minute later until a round is finished. */
const BUDGET_MS = 40_000;

/** Finds objects that landed and were never told of. Its own job begins a round; the clock's goes on with it. */
export const handler = task({
  name: "Reconcile",
  input: z.looseObject({ job: z.string().optional() }),
  unrecorded: true,
  run: async ({ job }, { io, settings, run, log }) => {
    const { landings = [] } = settings;
    const coordination = openCoordination({ io, settings, now: Date.now });
    const reconciliation = openReconciliation({
      ...{ io, now: Date.now, bucket: settings.buckets.landing, landings, coordination },
      problem: (key, error) => log.error("not looked at", { key, failure: describeFailure(error) }),
    });
    // The run's own time, so that its second attempt begins no second round.
    if (job === "reconcile") {
      await reconciliation.due(new Date(run.startedAt).getTime());
      for (const asset of new Set(landings.map((landing) => landing.asset))) {
        const freed = await coordination.recovery.orphans(asset, Date.now());
        if (freed > 0) log.warn("items had waited for nobody", { asset, freed });
      }
    }
    const found = await decided("compare what has landed", () =>
      reconciliation.run({ holder: `${run.id} attempt ${run.attempt}`, budgetMs: BUDGET_MS }),
    );
    for (const { upstream, error } of found.failing) log.error("not listed", { landing: upstream, error });
    return found;
  },
});
