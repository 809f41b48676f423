import { readdirSync, readFileSync } from "node:fs";
import { WORKER_MARK } from "./environment.ts";

/** Sends a signal to a worker and everything that it has started. A group that is gone already is fine. */
export function killGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}

/**
 * Anonymous memory in MB of a process and its descendants; mapped files (the node binary, DuckDB's library) are
 * shared and do not count, as in Lambda's figure. 0 where there is no /proc.
 */
export function memoryOf(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    const own = Number(/^RssAnon:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) / 1024;
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean);
    return children.reduce((sum, child) => sum + memoryOf(Number(child)), own);
  } catch {
    // It has ended meanwhile, or this system has no /proc: nothing to watch.
    return 0;
  }
}

/**
 * Kills workers that a killed engine has left behind. They are known by the mark in their environment, which names
 * the state folder, so a reused process id is never hit. Returns how many there were.
 */
export function killLeftovers(stateDir: string): number {
  let killed = 0;
  for (const entry of processIds()) {
    try {
      const environment = readFileSync(`/proc/${entry}/environ`, "utf8").split("\0");
      if (!environment.includes(`${WORKER_MARK}=${stateDir}`)) continue;
      process.kill(Number(entry), "SIGKILL");
      killed += 1;
    } catch {
      // Not ours to read, or gone.
    }
  }
  return killed;
}

function processIds(): string[] {
  try {
    return readdirSync("/proc").filter((name) => /^\d+$/.test(name) && name !== String(process.pid));
  } catch {
    return [];
  }
}
