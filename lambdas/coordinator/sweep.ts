import * as z from "zod";
import { openCodeVersions } from "../../core/io/code-versions.ts";
import { openCoordination } from "../../core/io/coordination.ts";
import { addDays } from "../../core/io/added-days.ts";
import { lookAround, type Looked } from "../../core/io/look-around.ts";
import { isReconciliationDue } from "../../core/io/reconcile.ts";
import { decided } from "../../core/io/retry-conflict.ts";
import { describeFailure } from "../../core/model/failures.ts";
import { task, type Measure } from "../../core/task.ts";

/** The clock of the lanes: leases that are over, requests that come due, starts that somebody died over; and of backfills. */
export const handler = task({
  name: "Sweep",
  input: z.looseObject({}),
  unrecorded: true,
  run: async (_, { io, settings, log, measure }) => {
    const coordination = openCoordination({ io, settings, now: Date.now });
    const { items, lanes, backfills } = coordination;
    const { started, refused, failed } = await decided("look after the lanes", () => lanes.tick(Date.now()));
    for (const { name, error } of failed) log.error("not settled", { run: name, failure: describeFailure(error) });
    const { length } = await decided("look after backfills", () => backfills.sweep(Date.now()));
    const { daily = [] } = settings.watched ?? {};
    const days = await decided("add days", () => addDays({ ledger: io.ledger, items }, daily, Date.now()));
    const reconcileDue = await isReconciliationDue(io.ledger, Date.now());
    const { assets = [] } = settings.runs ?? {};
    const codeDue = await openCodeVersions({ ledger: io.ledger, coordination, assets, now: Date.now }).due(Date.now());
    // Last, and its failure is no failure of the clock: an alarm sounds when nobody has looked around for a while.
    const looked = await lookAround({ io, settings, now: Date.now() }).catch((error: unknown) => {
      log.error("not looked around", { failure: describeFailure(error) });
      return undefined;
    });
    if (looked !== undefined) publish(looked, measure);
    const counts = { started: started.length, refused: refused.length, failed: failed.length };
    return {
      codeDue,
      reconcileDue,
      backfills: length,
      days: days.added,
      ...counts,
      ...(looked === undefined ? {} : { looked }),
    };
  },
});

/** What all is well about is not counted: CloudWatch takes its price for every hour in which a metric has a value. */
function publish({ lanes, unsentSeconds, silent, stuck }: Looked, measure: Measure): void {
  measure("Looks", 1, "Count");
  for (const { lane, oldestSeconds, closed } of lanes) {
    if (oldestSeconds !== undefined) measure("QueueAge", oldestSeconds, "Seconds", { lane });
    if (closed) measure("ClosedLanes", 1, "Count", { lane });
  }
  if (unsentSeconds !== undefined) measure("UnsentAlertAge", unsentSeconds, "Seconds");
  if (silent.length > 0) measure("SilentSchedules", silent.length, "Count");
  if (stuck.length > 0) measure("StuckRuns", stuck.length, "Count");
}
