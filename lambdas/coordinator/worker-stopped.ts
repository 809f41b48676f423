import * as z from "zod";
import { findWorker } from "../../core/io/workers.ts";
import { Failure, isFailure } from "../../core/model/failures.ts";
import { lostWorker } from "../../core/model/stopped-worker.ts";
import { task } from "../../core/task.ts";

/** Its ARN is all that an event has to tell: what it says besides holds the task token, and ECS says it, too. */
const Input = z.looseObject({ worker: z.string().regex(/^arn:[^:]+:ecs:[^:]*:[^:]*:task\/[^/]+\/[^/]+$/) });

interface Told {
  readonly worker: string;
  /** `told`: the machine has heard from us that this attempt is lost. */
  readonly outcome: "told" | "answered before" | "unknown" | "not ours";
  readonly code?: string;
}

/**
 * Answers for a worker that has stopped. One that has answered itself is past this, as is one that an earlier delivery
 * was about: Step Functions closes a token with its first answer.
 */
export const handler = task({
  name: "WorkerStopped",
  input: Input,
  unrecorded: true,
  run: async ({ worker }, { io, settings }): Promise<Told> => {
    const found = await findWorker(settings, worker);
    if (found === undefined) return { worker, outcome: "unknown" };
    if (!found.hasStopped) throw notYet(worker);
    if (found.token === undefined) return { worker, outcome: "not ours" };
    const record = lostWorker(found);
    try {
      await io.tokens.fail(found.token, record.class, JSON.stringify(record));
      return { worker, outcome: "told", code: record.code };
    } catch (error) {
      if (isFailure(error) && error.code === "task_gone") return { worker, outcome: "answered before" };
      throw error;
    }
  },
});

/** ECS answers from another place than it sends events from. */
const notYet = (worker: string): Failure =>
  new Failure("Transient", `The container ${worker} has stopped by its event, and ECS says that it has not.`, {
    code: "worker_not_stopped",
    what: "answer for a container that has stopped",
    hint: "It is asked again; else the missing heartbeat tells.",
  });
