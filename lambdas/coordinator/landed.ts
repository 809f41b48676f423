import * as z from "zod";
import { openCoordination } from "../../core/io/coordination.ts";
import { observeLanded } from "../../core/io/landed.ts";
import { executionArnOf, machineArnOf } from "../../core/io/machine-arns.ts";
import { executionName } from "../../core/model/items/run-request.ts";
import { Landing, laneOf } from "../../core/model/landings/landing.ts";
import { task } from "../../core/task.ts";

/** `event`: S3's "Object Created" as EventBridge gives it, with the key unencoded. */
const Input = z.looseObject({
  landing: Landing,
  event: z.looseObject({
    detail: z.looseObject({
      bucket: z.looseObject({ name: z.string().min(1) }),
      object: z.looseObject({ key: z.string().min(1) }),
    }),
  }),
});

interface Followed {
  /** Arn of the run that works on the object, or will: it may wait in its lane, or for the one before it to end. */
  readonly executions: readonly string[];
  /** Why there is none; absent = there is one. */
  readonly ignored?: "gone";
}

/** Has the trigger rule see an object that has landed. An event that is lost, the daily reconciliation makes up for. */
export const handler = task({
  name: "Landed",
  input: Input,
  unrecorded: true,
  run: async ({ landing, event: { detail } }, { io, settings }): Promise<Followed> => {
    const coordination = openCoordination({ io, settings, now: Date.now });
    const object = { bucket: detail.bucket.name, key: detail.object.key };
    const seen = await observeLanded({ objects: io.objects, coordination, now: Date.now }, landing, object);
    if (seen === undefined) return { executions: [], ignored: "gone" };
    const { item, applied } = seen;
    const { runs, pending, requests, last } = applied.state;
    // Also of a request that an earlier telling made: its dispatch may never have come.
    if (runs.some(({ phase }) => phase === "queued")) await coordination.lanes.dispatch([laneOf(landing)], Date.now());
    const next = pending.includes("upstream-changed") ? executionName(item, requests + 1) : undefined;
    const name = next ?? runs.at(-1)?.name ?? last?.run;
    const machine = machineArnOf(settings.machineArnPrefix, landing.domain);
    return { executions: name == null ? [] : [executionArnOf(machine, name)] };
  },
});
