import { createRequire } from "node:module";
import { join } from "node:path";
import type { HostReply } from "./messages.ts";

/**
 * A function's process: loads the bundle once, then answers one call after another over IPC, as Lambda's runtime
 * does. It imports nothing but its bundle, so that start-up is the bundle's own.
 */
const [folder = ".", handlerName = "index.handler"] = process.argv.slice(2);
const [file = "index", exported = "handler"] = handlerName.split(".");

type Handler = (event: unknown, context: object) => unknown;

/** The engine is gone: whatever runs here must not write on. The group includes what a handler has started. */
process.on("disconnect", () => {
  try {
    process.kill(-process.pid, "SIGKILL");
  } catch {
    process.exit(1);
  }
});

const loaded: unknown = createRequire(join(folder, "/"))(join(folder, `${file}.js`));
const handler = find(loaded, exported);

function find(module: unknown, name: string): Handler {
  const found: unknown = typeof module === "object" && module !== null ? Reflect.get(module, name) : undefined;
  if (typeof found !== "function") throw new Error(`${file}.js has no function "${name}".`);
  return (event, context) => Reflect.apply(found, undefined, [event, context]);
}

process.on("message", (message: unknown) => {
  if (typeof message !== "object" || message === null || !("id" in message) || typeof message.id !== "number") return;
  const deadline = "deadline" in message && typeof message.deadline === "number" ? message.deadline : 0;
  void answer(message.id, "payload" in message ? message.payload : null, deadline);
});

async function answer(id: number, payload: unknown, deadline: number): Promise<void> {
  let reply: HostReply;
  try {
    reply = { id, result: (await handler(payload, contextOf(id, deadline))) ?? null };
  } catch (error) {
    reply = { id, error: describe(error) };
  }
  process.send?.(reply);
}

function describe(error: unknown): NonNullable<HostReply["error"]> {
  if (!(error instanceof Error)) return { errorType: typeof error, errorMessage: String(error), trace: [] };
  return { errorType: error.name, errorMessage: error.message, trace: (error.stack ?? "").split("\n") };
}

function contextOf(id: number, deadline: number): object {
  const name = process.env["AWS_LAMBDA_FUNCTION_NAME"] ?? "function";
  return {
    callbackWaitsForEmptyEventLoop: false,
    functionName: name,
    functionVersion: "$LATEST",
    invokedFunctionArn: `arn:aws:lambda:us-east-1:000000000000:function:${name}`,
    memoryLimitInMB: process.env["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] ?? "",
    awsRequestId: `${process.pid}-${id}`,
    logGroupName: `/aws/lambda/${name}`,
    logStreamName: String(process.pid),
    getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
  };
}
