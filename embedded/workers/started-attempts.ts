import { closeSync, openSync, readFileSync, renameSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";

const FILE = "started-attempts";
/** About 40,000 attempts; the file is then written anew with those that still run. */
const LIMIT_BYTES = 1024 * 1024;

export interface StartedAttempts {
  /** Before the restart. */
  has(attemptId: string): boolean;
  /** Call when a worker begins, not when its task is queued. Call the result when it has ended. */
  begin(attemptId: string): () => void;
  close(): void;
}

/**
 * Which attempts have got a worker. After a `kill -9` a task that only waited for its turn has lost nothing and must
 * not use up a retry. Not synced to disk: after a power cut a task that had begun may run once more without it, and
 * tasks bear that.
 */
export function openStartedAttempts(stateDir: string): StartedAttempts {
  const path = join(stateDir, FILE);
  const before = new Set(readLines(path));
  const running = new Set<string>();
  writeFileSync(path, "");
  let fd = openSync(path, "a");
  let size = 0;
  return {
    has: (attemptId) => before.has(attemptId),
    begin(attemptId) {
      running.add(attemptId);
      if (size > LIMIT_BYTES) {
        closeSync(fd);
        writeFileSync(`${path}.new`, "");
        renameSync(`${path}.new`, path);
        fd = openSync(path, "a");
        size = writeSync(fd, [...running].map((id) => `${id}\n`).join(""));
      } else size += writeSync(fd, `${attemptId}\n`);
      return () => running.delete(attemptId);
    },
    close: () => closeSync(fd),
  };
}

function readLines(path: string): string[] {
  try {
    return readFileSync(path, "utf8").split("\n");
  } catch {
    // The first start of this folder.
    return [];
  }
}
