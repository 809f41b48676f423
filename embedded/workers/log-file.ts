import { mkdirSync, openSync, renameSync, statSync } from "node:fs";
import { join } from "node:path";

/** Two files of this size per function at most. */
const LIMIT_BYTES = 10 * 1024 * 1024;

/** Opens a log for appending, to be handed to a child as its output; a full one is moved aside first. */
export function openLog(stateDir: string, name: string): number {
  const folder = join(stateDir, "logs");
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${name}.log`);
  if (logIsFull(stateDir, name)) renameSync(file, `${file}.1`);
  return openSync(file, "a");
}

export function logIsFull(stateDir: string, name: string): boolean {
  const info = statSync(join(stateDir, "logs", `${name}.log`), { throwIfNoEntry: false });
  return info !== undefined && info.size > LIMIT_BYTES;
}
