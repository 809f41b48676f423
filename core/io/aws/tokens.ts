import {
  SendTaskFailureCommand,
  SendTaskHeartbeatCommand,
  SendTaskSuccessCommand,
  SFNClient,
} from "@aws-sdk/client-sfn";
import type { TaskTokens } from "../ports.ts";
import { taskGone } from "../token-failures.ts";
import { CLIENT } from "./client.ts";
import { awsFailure, readAwsError } from "./errors.ts";

/** Quotas of SendTaskFailure; longer texts are cut, because a refused report would hide the failure itself. */
const ERROR_MAX_CHARS = 256;
const CAUSE_MAX_CHARS = 32_768;

const GONE: ReadonlySet<string> = new Set(["TaskTimedOut", "TaskDoesNotExist"]);

/** Call-backs of tasks to Step Functions. */
export function awsTokens(): TaskTokens {
  const sfn = new SFNClient(CLIENT);
  const report = async (verb: string, work: () => Promise<unknown>): Promise<void> => {
    const what = `report "${verb}" of a task`;
    try {
      await work();
    } catch (error) {
      if (GONE.has(readAwsError(error)?.name ?? "")) throw taskGone(what, error);
      throw awsFailure(error, what);
    }
  };
  return {
    succeed: (taskToken, output) =>
      report("succeed", () =>
        sfn.send(new SendTaskSuccessCommand({ taskToken, output: JSON.stringify(output ?? null) })),
      ),
    fail: (taskToken, error, cause) =>
      report("fail", () =>
        sfn.send(
          new SendTaskFailureCommand({
            taskToken,
            error: error.slice(0, ERROR_MAX_CHARS),
            cause: cause.slice(0, CAUSE_MAX_CHARS),
          }),
        ),
      ),
    heartbeat: (taskToken) => report("heartbeat", () => sfn.send(new SendTaskHeartbeatCommand({ taskToken }))),
  };
}
