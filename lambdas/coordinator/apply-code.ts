import * as z from "zod";
import { openCodeVersions } from "../../core/io/code-versions.ts";
import { openCoordination } from "../../core/io/coordination.ts";
import { decided } from "../../core/io/retry-conflict.ts";
import { task } from "../../core/task.ts";

/** The clock calls again a minute later until every item has been told. */
const BUDGET_MS = 40_000;

/** Goes on telling items of the code versions that a deployment has brought. */
export const handler = task({
  name: "ApplyCode",
  input: z.looseObject({}),
  unrecorded: true,
  run: async (_, { io, settings, run, log }) => {
    const coordination = openCoordination({ io, settings, now: Date.now });
    const { assets = [] } = settings.runs ?? {};
    const versions = openCodeVersions({ ledger: io.ledger, coordination, assets, now: Date.now });
    const call = { holder: `${run.id} attempt ${run.attempt}`, budgetMs: BUDGET_MS };
    const applied = await decided("apply code versions", () => versions.run(call));
    for (const { upstream, error } of applied.failing) log.error("not told", { asset: upstream, error });
    return applied;
  },
});
