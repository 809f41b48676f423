import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ENVIRONMENTS, type EnvironmentName } from "../../core/model/pipeline.ts";
import { readPermissions, type Permissions } from "../../lib/checks/policy/authorise.ts";
import { readStacks, type Stacks } from "../../lib/checks/policy/stacks.ts";

const root = join(import.meta.dirname, "..", "..");

/** Environments as they are synthesised, removed again by `remove`. */
export function synthesised(environments: readonly EnvironmentName[] = ENVIRONMENTS): {
  stacks(name: EnvironmentName): Stacks;
  permissions(name: EnvironmentName): Permissions;
  readonly folder: string;
  remove(): void;
} {
  const folder = mkdtempSync(join(tmpdir(), "millrace-policy-"));
  execFileSync(process.execPath, [join(root, "bin", "app.ts")], {
    env: {
      PATH: process.env["PATH"],
      CDK_OUTDIR: folder,
      CDK_CONTEXT_JSON: JSON.stringify({ duckdbLayer: "host", environments: environments.join(",") }),
    },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const stacks = (name: EnvironmentName): Stacks => readStacks(join(folder, `assembly-${name}`));
  return {
    stacks,
    permissions: (name) => readPermissions(stacks(name)),
    folder,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
