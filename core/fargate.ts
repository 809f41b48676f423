import type { Context } from "aws-lambda";
import { setTimeout as pause } from "node:timers/promises";
import { startHeartbeat } from "./heartbeat.ts";
import { connect } from "./io/connect.ts";
import type { TaskTokens } from "./io/ports.ts";
import { memoryOf, readSettings } from "./io/settings.ts";
import { Failure, describeFailure, isFailure } from "./model/failures.ts";
import type { TaskHandler } from "./task.ts";
import { watchEventLoop } from "./watchdog.ts";

/** Of the time between SIGTERM and SIGKILL this much is kept for the answer; the rest is the work's, to end by itself. */
const ANSWER_MS = 30_000;
/** `output` of SendTaskSuccess, in bytes: https://docs.aws.amazon.com/step-functions/latest/apireference/API_SendTaskSuccess.html */
const OUTPUT_MAX_BYTES = 262_144;
const FIRST_PAUSE_MS = 400;
const LONGEST_PAUSE_MS = 10_000;

type Answer = { readonly output: unknown } | { readonly error: string; readonly cause: string };

/** What an operator and ECS see of the end: 128 + SIGTERM as a shell has it; 1 = nobody was told. */
const EXIT = { answered: 0, untold: 1, interrupted: 143 } as const;

/**
 * Runs one task in a container: input from `MILLRACE_INPUT`, answer through the task token. The machine waits by
 * token, so our error names arrive as they are and a dead worker is noticed by its missing heartbeat.
 *
 * SIGTERM comes two minutes before Fargate takes spot capacity back, and from whoever stops the task. Children that
 * listen for it end at once (dbt); work that can end within `MILLRACE_STOP_SECONDS` less 30 s does. Whatever has not
 * succeeded by then is answered as Transient, so that the machine starts another attempt without waiting for silence.
 */
export async function serve(handler: TaskHandler): Promise<void> {
  watchEventLoop();
  const token = required("MILLRACE_TASK_TOKEN");
  const boundMs = seconds("MILLRACE_HEARTBEAT_SECONDS") * 1000;
  const { tokens } = await connect(readSettings(process.env));

  const terminated = Promise.withResolvers<void>();
  process.once("SIGTERM", () => terminated.resolve());
  const crashed = Promise.withResolvers<Answer>();
  process.once("uncaughtException", (error) => crashed.resolve(failed(error)));

  const heartbeat = await startHeartbeat(tokens, token, boundMs);
  const outOfTime = terminated.promise
    .then(() => pause(Math.max(0, seconds("MILLRACE_STOP_SECONDS") * 1000 - ANSWER_MS)))
    .then(() => interrupted());
  const answer = await Promise.race([
    heartbeat.nobodyWaits,
    crashed.promise,
    outOfTime,
    work(handler).then(async (own) => {
      // What a task says that was told to stop is about the stop: a dbt that was killed, a model that was not built.
      return "error" in own && (await isSettled(terminated.promise)) ? interrupted(own) : own;
    }),
  ]);
  if (typeof answer === "string") leave(EXIT.untold, `Stopped without an answer: ${answer}.`);
  const told = await deliver(tokens, token, answer, boundMs);
  heartbeat.stop();
  if (!told) leave(EXIT.untold, "The answer did not get through; the machine counts this worker as lost.");
  process.exit((await isSettled(terminated.promise)) && "error" in answer ? EXIT.interrupted : EXIT.answered);
}

async function work(handler: TaskHandler): Promise<Answer> {
  try {
    const output = (await handler(JSON.parse(required("MILLRACE_INPUT")), containerContext())) ?? null;
    const bytes = Buffer.byteLength(JSON.stringify(output));
    if (bytes <= OUTPUT_MAX_BYTES) return { output };
    const error = new Error(`The output has ${bytes} bytes; Step Functions carries ${OUTPUT_MAX_BYTES}. Pass keys.`);
    error.name = "OutputTooLarge";
    return failed(error);
  } catch (error) {
    return failed(error);
  }
}

/** What `task()` throws carries its record as message; anything else is a bug that came around it. */
function failed(thrown: unknown): Answer {
  const record = describeFailure(thrown);
  if (!(thrown instanceof Error)) return { error: record.class, cause: JSON.stringify(record) };
  return { error: thrown.name, cause: thrown.message.startsWith("{") ? thrown.message : JSON.stringify(record) };
}

function interrupted(instead?: Answer): Answer {
  const stop = new Failure("Transient", "The worker was asked to stop before it had finished. It runs again.", {
    code: "interrupted",
    what: "run a task to its end",
    ...(instead !== undefined && "cause" in instead ? { cause: instead.cause } : {}),
  });
  return { error: stop.name, cause: JSON.stringify(describeFailure(stop)) };
}

/**
 * The work is done and durable by now; losing the answer would only repeat it. So it is tried until it gets through,
 * but not for longer than the heartbeat's bound: no beat does either then. A refusal is final.
 */
async function deliver(tokens: TaskTokens, token: string, answer: Answer, boundMs: number): Promise<boolean> {
  const until = Date.now() + boundMs;
  for (let attempt = 0; ; attempt += 1) {
    const call =
      "output" in answer ? tokens.succeed(token, answer.output) : tokens.fail(token, answer.error, answer.cause);
    const left = pause(Math.max(0, until - Date.now()), "late" as const, { ref: false });
    try {
      return (await Promise.race([call, left])) !== "late";
    } catch (error) {
      const final = isFailure(error) && error.name !== "Transient" && error.name !== "Throttled";
      if (final || Date.now() >= until) return false;
      await pause(Math.min(FIRST_PAUSE_MS * 2 ** attempt, LONGEST_PAUSE_MS));
    }
  }
}

function leave(code: number, why: string): never {
  process.stderr.write(`${JSON.stringify({ level: "ERROR", message: why })}\n`);
  process.exit(code);
}

async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  const pending = {};
  return (await Promise.race([promise, Promise.resolve(pending)])) !== pending;
}

const seconds = (name: string): number => Number(required(name));

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
    memoryLimitInMB: String(memoryOf(process.env)),
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
