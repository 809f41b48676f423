import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Emulator } from "./emulator.ts";

/** The command line of a checkout, with an operator's credentials, on a machine without an engine. */
export function operatorOf({ env }: Emulator, checkout: string) {
  const state = join(checkout, "no-engine");
  const settings = { MILLRACE_STATE: state, MILLRACE_ENVIRONMENT: "emulated" };
  const run = async (...args: readonly string[]) => {
    const child = spawn(
      process.execPath,
      ["--disable-warning=ExperimentalWarning", join(checkout, "bin", "millrace.ts"), ...args, "--json"],
      { cwd: checkout, env: { ...process.env, ...env, ...settings }, stdio: ["ignore", "pipe", "pipe"] },
    );
    let [out, notes] = ["", ""];
    child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (notes += chunk.toString()));
    const status = await new Promise<number | null>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", resolve);
    });
    if (out === "") throw new Error(`${args.join(" ")} printed nothing: ${notes}`);
    return { status, value: JSON.parse(out), notes };
  };
  return {
    run,
    /** Whether a verb has fallen back to this machine. */
    hasStartedEngine: (): boolean => existsSync(state),
  };
}
