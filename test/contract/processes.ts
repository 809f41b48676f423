import { spawn, type ChildProcess } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** A child that runs one of the scripts of `children/` and the lines that it said so far. */
export interface Child {
  readonly process: ChildProcess;
  readonly lines: string[];
  /** Resolves with the first line that the child says from now on. */
  nextLine(): Promise<string>;
  /** Resolves when the child has ended and its output is read to the end. */
  readonly ended: Promise<number | null>;
}

export function startChild(script: string, ...args: string[]): Child {
  const process_ = spawn(process.execPath, [join(import.meta.dirname, "children", script), ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const lines: string[] = [];
  const reader = createInterface({ input: process_.stdout });
  reader.on("line", (line) => lines.push(line));
  const ended = new Promise<number | null>((done) => process_.once("close", (code) => done(code)));
  return {
    process: process_,
    lines,
    ended,
    nextLine: () => new Promise((said) => reader.once("line", said)),
  };
}

export async function killHard(child: Child): Promise<void> {
  child.process.kill("SIGKILL");
  await child.ended;
}

export const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));
