import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { findEngine, type EngineClient } from "../../embedded/control/client.ts";
import { Failure } from "../../core/model/failures.ts";
import { ROOT } from "./paths.ts";

const START_TIMEOUT_MS = 120_000;
const OTHER_START_TIMEOUT_MS = 5_000;
const IDLE_STOP_MINUTES = 30;

/** The engine of this state folder; starts one in the background when none runs. */
export async function useEngine(stateDir: string, note: (message: string) => void): Promise<EngineClient> {
  const running = await findEngine(stateDir);
  if (running !== undefined) return running;
  note(
    `No engine runs on ${stateDir}: starting one in the background (it stops after ${IDLE_STOP_MINUTES} idle minutes).`,
  );
  return startInBackground(stateDir, ["--idle-stop-minutes", String(IDLE_STOP_MINUTES)]);
}

/** Starts `millrace up` as a process of its own and waits until it answers. */
export async function startInBackground(stateDir: string, options: readonly string[]): Promise<EngineClient> {
  const logs = join(stateDir, "logs");
  mkdirSync(logs, { recursive: true, mode: 0o700 });
  const log = join(logs, "engine.log");
  const fd = openSync(log, "a");
  const child = spawn(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", join(ROOT, "bin", "millrace.ts"), "up", "--state", stateDir, ...options],
    { cwd: ROOT, detached: true, stdio: ["ignore", fd, fd] },
  );
  closeSync(fd);
  child.unref();
  let deadline = Date.now() + START_TIMEOUT_MS;
  for (let ended = false; Date.now() < deadline; await sleep(50)) {
    const client = await findEngine(stateDir);
    if (client !== undefined) return client;
    if (ended || (child.exitCode === null && child.signalCode === null)) continue;
    // Somebody else may be starting one on the same folder: theirs is as good, once it answers.
    ended = true;
    deadline = Math.min(deadline, Date.now() + OTHER_START_TIMEOUT_MS);
  }
  const last = readFileSync(log, "utf8")
    .trim()
    .split("\n")
    .findLast((line) => line.startsWith("millrace: "));
  throw new Failure("Misconfigured", last?.replace("millrace: ", "") ?? "The engine did not start.", {
    code: "engine_not_started",
    what: "start the engine",
    hint: `Read ${log}, or start it in the foreground with \`npx millrace up\`.`,
  });
}
