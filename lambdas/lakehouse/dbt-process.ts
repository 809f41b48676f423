import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { Failure } from "../../core/model/failures.ts";
import type { DbtSettings } from "./dbt-settings.ts";

/** After SIGTERM; ECS kills the whole container 30 s after it asked. */
const KILL_AFTER_MS = 10_000;
/** What dbt said last explains most; the whole of it is in the task's log. */
const TAIL_LINES = 40;

export interface DbtExit {
  readonly code: number | null;
  readonly tail: string;
}

/**
 * Runs one dbt command to its end. `signal` stops it; so does SIGTERM, and so does this process's own death: dbt's
 * standard input is a pipe from here, and the project's plugin leaves when it closes, so that a killed worker's dbt
 * does not go on writing beside the next one.
 */
export async function runDbt(
  { command, project, target }: DbtSettings,
  args: readonly string[],
  options: {
    readonly env: NodeJS.ProcessEnv;
    readonly log: (line: string) => void;
    readonly signal: AbortSignal;
  },
): Promise<DbtExit> {
  const child = spawn(command, [...args, "--project-dir", project, "--profiles-dir", project, "--target", target], {
    env: { ...options.env, MILLRACE_DBT_PROJECT: project, MILLRACE_DBT_GUARD: "stdin", PYTHONUNBUFFERED: "1" },
    stdio: ["pipe", "pipe", "pipe"],
  });
  const tail: string[] = [];
  const listen = async (stream: NodeJS.ReadableStream): Promise<void> => {
    for await (const line of createInterface({ input: stream })) {
      if (line.trim() === "") continue;
      tail.push(line);
      if (tail.length > TAIL_LINES) tail.shift();
      options.log(line);
    }
  };
  let killer: NodeJS.Timeout | undefined;
  const stop = (): void => {
    child.kill("SIGTERM");
    killer ??= setTimeout(() => child.kill("SIGKILL"), KILL_AFTER_MS);
  };
  // A child that dies early breaks the pipe; its exit code tells more.
  child.stdin.on("error", () => undefined);
  options.signal.addEventListener("abort", stop, { once: true });
  process.once("SIGTERM", stop);
  try {
    const ended = new Promise<number | null>((resolve, reject) => {
      child.once("error", (error) => reject(notStarted(command, error)));
      child.once("close", resolve);
    });
    const [code] = await Promise.all([ended, listen(child.stdout), listen(child.stderr)]);
    options.signal.throwIfAborted();
    return { code, tail: tail.join("\n") };
  } finally {
    clearTimeout(killer);
    options.signal.removeEventListener("abort", stop);
    process.removeListener("SIGTERM", stop);
  }
}

const notStarted = (command: string, cause: Error): Failure =>
  new Failure("Misconfigured", `dbt could not be started as "${command}": ${cause.message}`, {
    code: "dbt_missing",
    what: "start dbt",
    hint: "Install containers/dbt/requirements.txt into an environment and set MILLRACE_DBT to its dbt command.",
    cause,
  });
