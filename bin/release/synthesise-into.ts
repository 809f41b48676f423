import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { Failure } from "../../core/model/failures.ts";
import { ROOT } from "../cli/paths.ts";

/** Synthesises one environment of the working tree into a folder, which it returns. Needs no credentials. */
export function synthesiseInto(folder: string, environment: string): string {
  const { status, stderr } = spawnSync(process.execPath, [join(ROOT, "bin", "app.ts")], {
    cwd: ROOT,
    encoding: "utf8",
    env: { ...process.env, CDK_OUTDIR: folder, CDK_CONTEXT_JSON: JSON.stringify({ environments: environment }) },
    maxBuffer: 64 * 2 ** 20,
  });
  if (status === 0) return folder;
  throw new Failure(
    "Misconfigured",
    `The stacks of ${environment} cannot be synthesised:\n${stderr.trim().slice(-2_000)}`,
    {
      code: "synth_failed",
      what: "synthesise the stacks",
      hint: "`npm run check` tells more.",
    },
  );
}
