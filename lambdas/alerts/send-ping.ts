import { randomUUID } from "node:crypto";
import * as z from "zod";
import { describeFailure } from "../../core/model/failures.ts";
import { task, type TaskContext } from "../../core/task.ts";
import { announce } from "./announce.ts";
import { ping, pingRole } from "./ping.ts";

const Input = z.looseObject({
  /** The pipeline that has ended, as a whole: one that succeeded in part has failed. */
  pipeline: z.string().min(1),
  deployment: z.string().regex(/^[a-z0-9][a-z0-9_-]*$/),
  signal: z.enum(["success", "fail", "start"]),
  /** ISO 8601: when it ended. */
  at: z.iso.datetime(),
});

type Result = { readonly outcome: "sent" } | { readonly outcome: "skipped" | "failed"; readonly reason: string };

export const handler = task({ name: "SendPing", input: Input, run: sendPing });

/** A ping that cannot be sent is an alert of its own, and the run stays what it was. */
export async function sendPing(
  { pipeline, deployment, signal, at }: z.infer<typeof Input>,
  { io, settings, run, log }: TaskContext,
): Promise<Result> {
  const { environment } = settings;
  const role = pingRole(deployment);
  try {
    return (await ping(io.secrets, environment, deployment, signal))
      ? { outcome: "sent" }
      : { outcome: "skipped", reason: `there is no secret ${role}` };
  } catch (error) {
    const { class: name, code, message } = describeFailure(error);
    const event = { id: `ping/${run.id}/${role}/${signal}`, at, environment, pipeline, kind: "ping-failed" as const };
    const holder = `${run.id}/${run.state}/${run.attempt}/${randomUUID()}`;
    await announce(
      { ...event, role, signal, class: name, errorName: code, text: message },
      { io, environment, holder },
    ).catch((cause: unknown) =>
      log.error("The alert of a failed ping was not sent.", { failure: describeFailure(cause) }),
    );
    return { outcome: "failed", reason: message };
  }
}
