import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { spawnSync } from "node:child_process";
import { authorise, readPermissions } from "../lib/checks/policy/authorise.ts";
import { roleOfTask } from "../lib/checks/policy/principals.ts";
import { readStacks } from "../lib/checks/policy/stacks.ts";

/** "Can this task do this?", answered from the templates: exit code 0 = yes, 1 = no, 2 = a wrong question. */
const [environment, task, action, resource, ...given] = process.argv.slice(2);
const root = join(import.meta.dirname, "..");
const folder = mkdtempSync(join(tmpdir(), "millrace-can-"));
try {
  if (environment === undefined || task === undefined || action === undefined || resource === undefined)
    throw new Error(
      "Usage: node bin/can.ts <environment> <task> <action> <resource> [key=value ...]\n" +
        "Example: node bin/can.ts dev millrace-dev-openedx-InspectLog s3:GetObject arn:aws:s3:::millrace-dev-ol-landing/sources/a.gz",
    );
  const { status, stderr } = spawnSync(process.execPath, [join(root, "bin", "app.ts")], {
    env: { ...process.env, CDK_OUTDIR: folder, CDK_CONTEXT_JSON: JSON.stringify({ environments: environment }) },
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(stderr.split("\n").find((line) => line.startsWith("Error: ")) ?? stderr);
  const permissions = readPermissions(readStacks(join(folder, `assembly-${environment}`)));
  const context = Object.fromEntries(
    given.map((pair): [string, string] => [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)]),
  );
  const decision = authorise(permissions, { as: { role: roleOfTask(permissions, task) }, action, resource, context });
  console.log(decision.allowed ? `Yes: ${decision.by}.` : `No: ${decision.because}.`);
  process.exitCode = decision.allowed ? 0 : 1;
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 2;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
