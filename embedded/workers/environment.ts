import { mkdirSync, mkdtempSync } from "node:fs";
import { join } from "node:path";

/** Marks a process as a worker of the engine on this state folder. */
export const WORKER_MARK = "MILLRACE_WORKER_OF";

export interface Surroundings {
  readonly stateDir: string;
  /** What the embedded home adds to every task's settings (`core/io/settings.ts`). */
  readonly settings: Readonly<Record<string, string>>;
  /** Folders in front of the PATH, where tools such as dbt are. */
  readonly toolPath: readonly string[];
}

/** A worker sees its own declaration, the home's settings and the bare system: nothing of the user's shell. */
export function workerEnvironment(
  surroundings: Surroundings,
  declared: Readonly<Record<string, string>>,
): Record<string, string> {
  const { stateDir, settings, toolPath } = surroundings;
  const system = ["HOME", "LANG", "LC_ALL", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"].flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value]];
  });
  return {
    ...Object.fromEntries(system),
    PATH: [...toolPath, process.env["PATH"] ?? "/usr/bin:/bin"].join(":"),
    TZ: "UTC",
    AWS_REGION: "us-east-1",
    ...declared,
    ...settings,
    [WORKER_MARK]: stateDir,
  };
}

/** A folder of its own for a worker's temporary files, on the state folder's disk: /tmp may be small. */
export function temporaryFolder(stateDir: string, label: string): string {
  const parent = join(stateDir, "tmp");
  mkdirSync(parent, { recursive: true });
  return mkdtempSync(join(parent, `${label}-`));
}
