import { readdirSync, readFileSync } from "node:fs";
import { WORKER_MARK } from "../../embedded/workers/environment.ts";

export type VictimKind = "engine" | "worker" | "dbt";

/** Living worker processes of a state folder, found from outside by their environment. */
export function findWorkers(stateDir: string): { readonly pid: number; readonly isDbt: boolean }[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const environment = readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
        if (!environment.includes(`${WORKER_MARK}=${stateDir}`)) return [];
        return [
          {
            pid: Number(pid),
            isDbt: /\bdbt\b/.test(readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ")),
          },
        ];
      } catch {
        // It has ended meanwhile.
        return [];
      }
    });
}

/** False: it was gone already. */
export function killNow(pid: number): boolean {
  try {
    process.kill(pid, "SIGKILL");
    return true;
  } catch {
    return false;
  }
}
