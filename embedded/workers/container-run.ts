import { spawn } from "node:child_process";
import { closeSync, existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ContainerTask } from "../assembly/containers.ts";
import { temporaryFolder, workerEnvironment, type Surroundings } from "./environment.ts";
import { openLog } from "./log-file.ts";
import { killGroup, memoryOf } from "./process-group.ts";

const HOST = fileURLToPath(new URL("container-host.ts", import.meta.url));
const MEMORY_CHECK_MS = 250;
/** ECS waits 30 s between SIGTERM and SIGKILL; on one machine a person waits for it. */
const STOP_GRACE_MS = 2_000;

export interface ContainerEnd {
  readonly exitCode: number | undefined;
  readonly outOfMemory: boolean;
}

export interface ContainerRun {
  readonly ended: Promise<ContainerEnd>;
  /** SIGTERM, then SIGKILL for the whole group. */
  stop(): void;
  /** SIGKILL for the whole group: it does not answer any more. */
  kill(): void;
}

/** Runs a container's command as a process in the image's folder. */
export function runContainer(
  task: ContainerTask,
  overrides: { readonly command?: readonly string[]; readonly environment: Readonly<Record<string, string>> },
  surroundings: Surroundings,
): ContainerRun {
  const { stateDir } = surroundings;
  const log = openLog(stateDir, task.family);
  const temporary = temporaryFolder(stateDir, task.family);
  const [program = "node", ...args] = overrides.command ?? task.command;
  const dbt = join(task.imageDir, "dbt");
  const child = spawn(process.execPath, [HOST, program === "node" ? process.execPath : program, ...args], {
    cwd: task.imageDir,
    env: {
      ...(existsSync(dbt) ? { MILLRACE_DBT_PROJECT: dbt } : {}),
      ...workerEnvironment(surroundings, { ...task.environment, ...overrides.environment }),
      // What is left between the two signals here; the definition says what ECS gives.
      MILLRACE_STOP_SECONDS: String(STOP_GRACE_MS / 1000),
      TMPDIR: temporary,
    },
    stdio: ["ignore", log, log, "ipc"],
    detached: true,
  });
  closeSync(log);

  let outOfMemory = false;
  let grace: NodeJS.Timeout | undefined;
  const signal = (name: NodeJS.Signals): void => {
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) killGroup(child.pid, name);
  };
  const watch = setInterval(() => {
    if (child.pid === undefined || memoryOf(child.pid) <= task.memoryMb) return;
    outOfMemory = true;
    signal("SIGKILL");
  }, MEMORY_CHECK_MS);

  const { promise: ended, resolve } = Promise.withResolvers<ContainerEnd>();
  const end = (exitCode: number | undefined): void => {
    clearInterval(watch);
    clearTimeout(grace);
    // The host may be gone while what it started lives on.
    if (child.pid !== undefined) killGroup(child.pid, "SIGKILL");
    rmSync(temporary, { recursive: true, force: true });
    resolve({ exitCode, outOfMemory });
  };
  child.on("exit", (code) => end(code ?? undefined));
  child.on("error", () => end(undefined));

  return {
    ended,
    kill: () => signal("SIGKILL"),
    stop() {
      signal("SIGTERM");
      grace = setTimeout(() => signal("SIGKILL"), STOP_GRACE_MS);
    },
  };
}
