import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { describeMachine, round, type BenchResult } from "./machine.ts";

const ROOT = join(import.meta.dirname, "..");

/**
 * `npm start -- --once` as a newcomer meets it: in a fresh clone with nothing installed, and again when all is there.
 * `--warm-only` measures the second in this checkout and leaves the clone out.
 */
export async function run(args: readonly string[]): Promise<BenchResult> {
  const { values } = parseArgs({ args: [...args], options: { "warm-only": { type: "boolean", default: false } } });
  const folder = mkdtempSync(join(tmpdir(), "millrace-start-"));
  try {
    const clone = join(folder, "clone");
    if (!values["warm-only"]) command("git", ["clone", "--quiet", "--no-hardlinks", ROOT, clone], folder, undefined);
    const checkout = values["warm-only"] ? ROOT : clone;
    const start = (): number => {
      const begun = performance.now();
      command("npm", ["start", "--silent", "--", "--once"], checkout, join(folder, "state"));
      return (performance.now() - begun) / 1000;
    };
    const first = start();
    const warm = start();
    return {
      bench: "start",
      machine: describeMachine(),
      figures: { [values["warm-only"] ? "first_s" : "fresh_s"]: round(first), warm_s: round(warm) },
      ratios: {},
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function command(program: string, args: readonly string[], cwd: string, stateDir: string | undefined): void {
  const env = { ...process.env, ...(stateDir === undefined ? {} : { MILLRACE_STATE: stateDir }) };
  const { status, stderr, stdout } = spawnSync(program, args, { cwd, env, encoding: "utf8", maxBuffer: 64 * 2 ** 20 });
  if (status !== 0) throw new Error(`${program} ${args.join(" ")} has failed:\n${`${stdout}${stderr}`.slice(-3_000)}`);
}
