import * as z from "zod";
import { openCodeVersions } from "../../core/io/code-versions.ts";
import { openCoordination } from "../../core/io/coordination.ts";
import { isReconciliationDue } from "../../core/io/reconcile.ts";
import { decided } from "../../core/io/retry-conflict.ts";
import { describeFailure } from "../../core/model/failures.ts";
import { task } from "../../core/task.ts";

/** The clock of the lanes: leases that are over, requests that come due, starts that somebody died over; and of backfills. */
export const handler = task({
  name: "Sweep",
  input: z.looseObject({}),
  unrecorded: true,
  run: async (_, { io, settings, log }) => {
    const coordination = openCoordination({ io, settings, now: Date.now });
    const { lanes, backfills } = coordination;
    const { started, refused, failed } = await decided("look after the lanes", () => lanes.tick(Date.now()));
    for (const { name, error } of failed) log.error("not settled", { run: name, failure: describeFailure(error) });
    const { length } = await decided("look after backfills", () => backfills.sweep(Date.now()));
    const reconcileDue = await isReconciliationDue(io.ledger, Date.now());
    const { assets = [] } = settings.runs ?? {};
    const codeDue = await openCodeVersions({ ledger: io.ledger, coordination, assets, now: Date.now }).due(Date.now());
    return {
      codeDue,
      reconcileDue,
      backfills: length,
      started: started.length,
      refused: refused.length,
      failed: failed.length,
    };
  },
});
