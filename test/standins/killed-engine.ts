import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DUCKDB_EXTENSIONS, TOOL_PATH } from "../../bin/cli/paths.ts";
import { findEngine } from "../../embedded/control/client.ts";
import { killLeftovers } from "../../embedded/workers/process-group.ts";

const ENGINE = join(import.meta.dirname, "engine-process.ts");
const STAGE = "assembly-dev";
const LOOKS = 300;

/** An engine on the state folder of another, with its assembly or one like it, that dies as a host does. */
export function killedEngine(stateDir: string, assembly: string) {
  let child: ChildProcess | undefined;
  const kill = async (): Promise<void> => {
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    process.kill(-child.pid, "SIGKILL");
    killLeftovers(stateDir);
    await ended;
  };
  const start = async (): Promise<void> => {
    const args = [ENGINE, stateDir, assembly, DUCKDB_EXTENSIONS, ...TOOL_PATH];
    child = spawn(process.execPath, args, { stdio: "ignore", detached: true });
    for (let look = 0; (await findEngine(stateDir)) === undefined; look += 1) {
      if (look === LOOKS) throw new Error("The engine does not answer.");
      await new Promise((done) => setTimeout(done, 200));
    }
  };
  return { start, kill };
}

/** The same assembly as a deployment with other settings makes it: every template is changed by `edit`. */
export function deployedAgain(assembly: string, target: string, edit: (template: string) => string): void {
  mkdirSync(join(target, STAGE), { recursive: true });
  for (const name of readdirSync(assembly)) if (name !== STAGE) symlinkSync(join(assembly, name), join(target, name));
  for (const name of readdirSync(join(assembly, STAGE))) {
    const file = readFileSync(join(assembly, STAGE, name), "utf8");
    writeFileSync(join(target, STAGE, name), name.endsWith(".template.json") ? edit(file) : file);
  }
}
