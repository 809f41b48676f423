import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { expect } from "vitest";

const MILLRACE = join(import.meta.dirname, "..", "..", "bin", "millrace.js");
const LOOKS = 180;

/** One engine with the real assembly in a state folder of its own, told what to do by the command line. */
export function e2eHome(name: string) {
  const folder = mkdtempSync(join(tmpdir(), `millrace-${name}-`));
  const stateDir = join(folder, "state");
  mkdirSync(stateDir);

  /** The one JSON document that a verb prints. Stand-ins of this process answer meanwhile. */
  const json = async (...args: readonly string[]) => {
    const options = {
      ...{ cwd: folder, env: { ...process.env, MILLRACE_STATE: stateDir }, maxBuffer: 64 * 2 ** 20 },
      encoding: "utf8",
    } as const;
    const { stdout, stderr } = await new Promise<{ stdout: string; stderr: string }>((done) => {
      execFile(process.execPath, [MILLRACE, ...args, "--json"], options, (_, out, err) =>
        done({ stdout: out, stderr: err }),
      );
    });
    expect(stdout.trim().split("\n"), stderr).toHaveLength(1);
    return JSON.parse(stdout);
  };

  /** The first look that is as wished. */
  const until = async <T>(look: () => Promise<T>, ready: (value: T) => boolean): Promise<T> => {
    for (let attempt = 1; ; attempt += 1) {
      const value = await look();
      if (ready(value)) return value;
      if (attempt === LOOKS) throw new Error(`It did not come to pass: ${JSON.stringify(value)}`);
      await pause(500);
    }
  };

  /** `[partition, status]` of an asset, when they are these. */
  const settled = (asset: string, wanted: readonly (readonly string[])[]) =>
    until(
      async (): Promise<string[][]> =>
        (await json("partitions", asset)).items.map((item: Record<string, string>) => [
          item["partition"],
          item["status"],
        ]),
      (states) => JSON.stringify(states) === JSON.stringify(wanted),
    );

  const remove = async (): Promise<void> => {
    await json("down");
    rmSync(folder, { recursive: true, force: true });
  };
  return { folder, stateDir, json, until, settled, remove };
}
