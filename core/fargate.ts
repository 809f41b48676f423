import type { Context } from "aws-lambda";
import { connect } from "./io/connect.ts";
import { readSettings } from "./io/settings.ts";
import { Failure, describeFailure, isFailure } from "./model/failures.ts";
import type { TaskHandler } from "./task.ts";

/** A container has this long after SIGTERM before it is killed (ECS default 30 s); the token is answered well within. */
const HEARTBEAT_SHARE = 3;
const TOKEN_ATTEMPTS = 5;

/**
 * Runs one task in a container: input from `MILLRACE_INPUT`, answer through the task token. The machine waits by
 * token, so our error names arrive as they are and a dead worker is noticed by its missing heartbeat.
 */
export async function serve(handler: TaskHandler): Promise<void> {
  const token = required("MILLRACE_TASK_TOKEN");
  const heartbeatSeconds = Number(process.env["MILLRACE_HEARTBEAT_SECONDS"] ?? "60");
  const { tokens } = await connect(readSettings(process.env));

  const beat = setInterval(
    () => {
      tokens.heartbeat(token).catch((error: unknown) => {
        // The execution has ended or moved on: work that nobody waits for must stop writing.
        if (isFailure(error) && error.code === "task_gone") process.exit(1);
      });
    },
    (heartbeatSeconds * 1000) / HEARTBEAT_SHARE,
  );
  process.once("SIGTERM", () => {
    const stop = new Failure("Transient", "The worker was asked to stop before it had finished. It runs again.", {
      code: "interrupted",
      what: "run a task to its end",
    });
    void tokens.fail(token, stop.name, JSON.stringify(describeFailure(stop))).finally(() => process.exit(143));
  });

  let answer: () => Promise<void>;
  try {
    const output = await handler(JSON.parse(required("MILLRACE_INPUT")), containerContext());
    answer = () => tokens.succeed(token, output ?? null);
  } catch (error) {
    const thrown = error instanceof Error ? error : new Error(String(error));
    answer = () => tokens.fail(token, thrown.name, thrown.message);
  }
  await persist(answer);
  clearInterval(beat);
  process.exit(0);
}

/** The work is done and durable by now; losing the answer would only repeat it, so it is tried a few times. */
async function persist(answer: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await answer();
      return;
    } catch (error) {
      if (isFailure(error) && error.code === "task_gone") return;
      if (attempt === TOKEN_ATTEMPTS) throw error;
      await new Promise((resolve) => setTimeout(resolve, 200 * 2 ** attempt));
    }
  }
}

function required(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === "") {
    throw new Failure(
      "Misconfigured",
      `The setting ${name} is missing: this container is started by a state machine.`,
      {
        code: "setting_missing",
        what: "start a container task",
      },
    );
  }
  return value;
}

function containerContext(): Context {
  const name = process.env["MILLRACE_TASK_NAME"] ?? "container";
  return {
    callbackWaitsForEmptyEventLoop: false,
    functionName: name,
    functionVersion: "1",
    invokedFunctionArn: name,
    memoryLimitInMB: "0",
    awsRequestId: name,
    logGroupName: name,
    logStreamName: name,
    // The longest time that a timer holds: middy sets one from this.
    getRemainingTimeInMillis: () => 2 ** 31 - 1,
    done: () => undefined,
    fail: () => undefined,
    succeed: () => undefined,
  };
}
