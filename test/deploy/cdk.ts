import { spawn } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ROOT } from "./checkout.ts";
import type { Emulator } from "./emulator.ts";

const CDK = join(ROOT, "node_modules", "aws-cdk", "bin", "cdk");

export interface CdkRun {
  readonly status: number | null;
  /** Both streams, without colours. */
  readonly output: string;
}

export interface Cdk {
  bootstrap(): Promise<CdkRun>;
  /** Every stack of the assembly's environment. */
  deploy(assembly: string): Promise<CdkRun>;
  destroy(assembly: string): Promise<CdkRun>;
}

/** The CDK's own command line, unmodified, with the emulator's account behind it. */
export function cdkOf({ env }: Emulator, region = "us-east-1"): Cdk {
  const run = (...args: readonly string[]): Promise<CdkRun> =>
    new Promise((resolve, reject) => {
      const child = spawn(process.execPath, [CDK, ...args, "--no-color", "--ci", "--no-notices"], {
        env: { ...process.env, ...env, AWS_REGION: region, CDK_DISABLE_CLI_TELEMETRY: "true" },
        // Away from cdk.json, which would synthesise every environment again.
        cwd: tmpdir(),
        stdio: ["ignore", "pipe", "pipe"],
      });
      let output = "";
      const keep = (chunk: Buffer): void => void (output += chunk.toString());
      child.stdout.on("data", keep);
      child.stderr.on("data", keep);
      child.once("error", reject);
      child.once("close", (status) => resolve({ status, output }));
    });
  return {
    bootstrap: () => run("bootstrap", `aws://000000000000/${region}`),
    deploy: (assembly) => run("deploy", "--app", assembly, "emulated/*", "--require-approval", "never"),
    destroy: (assembly) => run("destroy", "--app", assembly, "emulated/*", "--force"),
  };
}
