import { fork, type ChildProcess } from "node:child_process";
import { closeSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { LambdaFunction } from "../assembly/functions.ts";
import { temporaryFolder, workerEnvironment, type Surroundings } from "./environment.ts";
import { openLog } from "./log-file.ts";
import { HostReply } from "./messages.ts";
import { killGroup, memoryOf } from "./process-group.ts";
import { TaskError } from "../engine/errors.ts";
import { runtimeError } from "./runtime-error.ts";

const HOST = fileURLToPath(new URL("lambda-host.ts", import.meta.url));
const MEMORY_CHECK_MS = 200;
/** V8's own heap limit lies below the function's memory: buffers and DuckDB live outside of the heap. */
const HEAP_SHARE = 0.9;

export interface LambdaWorker {
  readonly alive: boolean;
  /** One call at a time. Throws TaskError. */
  invoke(payload: unknown, timeoutMs: number, signal: AbortSignal): Promise<unknown>;
  kill(): void;
}

export function startLambdaWorker(declared: LambdaFunction, surroundings: Surroundings): LambdaWorker {
  const { stateDir } = surroundings;
  const log = openLog(stateDir, declared.name);
  const temporary = temporaryFolder(stateDir, declared.name);
  const child = fork(HOST, [declared.assetDir, declared.handler], {
    cwd: declared.assetDir,
    env: {
      ...workerEnvironment(surroundings, declared.environment),
      AWS_LAMBDA_FUNCTION_NAME: declared.name,
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(declared.memoryMb),
      AWS_LAMBDA_FUNCTION_VERSION: "$LATEST",
      LAMBDA_TASK_ROOT: declared.assetDir,
      TMPDIR: temporary,
    },
    execArgv: [`--max-old-space-size=${Math.floor(declared.memoryMb * HEAP_SHARE)}`],
    stdio: ["ignore", log, log, "ipc"],
    detached: true,
  });
  closeSync(log);

  let calls = 0;
  let current: Call | undefined;
  let alive = true;
  /** Why we killed it ourselves, if we did. */
  let verdict: TaskError | undefined;

  const kill = (reason?: TaskError): void => {
    verdict ??= reason;
    if (alive && child.pid !== undefined) killGroup(child.pid, "SIGKILL");
  };
  const watch = setInterval(() => {
    if (current !== undefined && child.pid !== undefined && memoryOf(child.pid) > declared.memoryMb) {
      kill(runtimeError("Runtime.OutOfMemory", `The function used more than its ${declared.memoryMb} MB of memory.`));
    }
  }, MEMORY_CHECK_MS);

  child.on("message", (message) => {
    const reply = HostReply.safeParse(message);
    if (!reply.success || current?.id !== reply.data.id) return;
    const call = current;
    current = undefined;
    const { error, result } = reply.data;
    if (error === undefined) call.resolve(result);
    else call.reject(new TaskError(error.errorType, JSON.stringify(error)));
  });
  const end = (code: number | null, signal: NodeJS.Signals | null): void => {
    if (!alive) return;
    alive = false;
    clearInterval(watch);
    rmSync(temporary, { recursive: true, force: true });
    current?.reject(verdict ?? exitError(code, signal));
    current = undefined;
  };
  child.on("exit", end);
  child.on("error", () => end(null, null));

  return {
    get alive() {
      return alive && verdict === undefined;
    },
    kill: () => kill(),
    invoke(payload, timeoutMs, signal) {
      calls += 1;
      const id = calls;
      const { promise, resolve, reject } = Promise.withResolvers<unknown>();
      const timer = setTimeout(
        () => kill(runtimeError("Sandbox.Timedout", `Task timed out after ${(timeoutMs / 1000).toFixed(2)} seconds`)),
        timeoutMs,
      );
      const abort = (): void => kill(new TaskError("States.TaskFailed", "The execution has stopped waiting."));
      signal.addEventListener("abort", abort, { once: true });
      current = { id, resolve, reject };
      if (alive) send(child, { id, payload, deadline: Date.now() + timeoutMs });
      else reject(exitError(null, null));
      return promise.finally(() => {
        clearTimeout(timer);
        signal.removeEventListener("abort", abort);
      });
    },
  };
}

interface Call {
  readonly id: number;
  resolve(value: unknown): void;
  reject(error: TaskError): void;
}

/** A channel that breaks while we write is followed by the child's exit, which tells why. */
function send(child: ChildProcess, message: { id: number; payload: unknown; deadline: number }): void {
  child.send(message, () => undefined);
}

/** What a process does to itself, in the words of Lambda: V8 aborts when its heap is full, native code crashes. */
const CRASHES: Partial<Record<NodeJS.Signals, string>> = {
  SIGABRT: "aborted",
  SIGSEGV: "segmentation fault",
  SIGBUS: "bus error",
  SIGILL: "illegal instruction",
  SIGFPE: "floating point exception",
  SIGTRAP: "trace/breakpoint trap",
};

/**
 * A process that ended by itself is the function's fault. One that was killed from outside is what a lost sandbox is
 * in AWS: the service's own error, which machines retry.
 */
function exitError(code: number | null, signal: NodeJS.Signals | null): TaskError {
  const crash = signal === null ? undefined : CRASHES[signal];
  if (code === null && crash === undefined)
    return runtimeError("Lambda.ServiceException", `The function's process was ended by ${signal ?? "the system"}.`);
  const how = crash === undefined ? `exit status ${code}` : `signal: ${crash}`;
  return runtimeError("Runtime.ExitError", `Runtime exited with error: ${how}`);
}
