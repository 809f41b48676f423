import type { Io } from "../../core/io/ports.ts";
import type { RunContext } from "../../core/model/run-context.ts";
import type { EnvironmentName } from "../../core/model/pipeline.ts";
import { deleteCourseBody } from "./body.ts";
import { deliver, type DeliveryOutcome } from "./deliver.ts";
import { DELETE_ROUTE } from "./delivery-key.ts";
import { learnTarget } from "./target.ts";

/**
 * Tells MIT Learn to delete a course, once for each time that it goes. `goneSince` names the time: a course that came
 * back may go again. Throws as any delivery.
 */
export async function tellDeletion(
  { ledger, secrets }: Pick<Io, "ledger" | "secrets">,
  environment: EnvironmentName,
  { source, courseId, goneSince }: { readonly source: string; readonly courseId: string; readonly goneSince: string },
  run: Pick<RunContext, "id" | "state" | "attempt" | "startedAt">,
): Promise<DeliveryOutcome> {
  return deliver(ledger, await learnTarget(secrets, environment), {
    ...{ route: DELETE_ROUTE, source, subject: courseId, contentDigest: `deleted ${goneSince}` },
    body: deleteCourseBody({ courseId, source }),
    askedAt: run.startedAt,
    holder: `${run.id}/${run.state}/${run.attempt}`,
  });
}
