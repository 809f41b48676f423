import { spawnSync } from "node:child_process";
import { globSync, existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { checkDefinition } from "../lib/checks/asl.ts";
import { checkPipeline } from "../lib/checks/pipeline.ts";
import { provideDuckdb } from "../lib/constructs/duckdb-files.ts";
import { STARTER_DEFINITION, STARTER_SUBSTITUTIONS } from "../lib/constructs/starter.ts";
import { domains } from "../state-machines/index.ts";

/** Everything that can be judged without running a test. All steps run, so that one push shows all there is to do. */
const root = join(import.meta.dirname, "..");
const assembly = join(root, ".tools", "checked-assembly");

interface Step {
  readonly name: string;
  /** What is wrong, for people; empty = nothing. */
  readonly run: () => string;
}

const steps: readonly Step[] = [
  { name: "format (oxfmt)", run: () => command("oxfmt", "--check") },
  { name: "lint (oxlint, type-aware)", run: () => command("oxlint", "--type-aware", "--deny-warnings") },
  { name: "types (tsc)", run: () => command("tsc", "-p", ".") },
  { name: "unused code (knip)", run: () => command("knip", "--no-progress") },
  { name: "machines (asl-validator and our rules)", run: machines },
  { name: "generated reference", run: () => command("node", "bin/reference.ts", "--check") },
  { name: "DuckDB layer for AWS", run: layer },
  { name: "synth of every environment, cdk-nag", run: synth },
  { name: "templates (cfn-lint)", run: cfnLint },
];

let failed = 0;
for (const { name, run } of steps) {
  const start = performance.now();
  const problems = run();
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`${problems === "" ? "ok    " : "FAILED"} ${name} (${seconds} s)`);
  if (problems === "") continue;
  failed += 1;
  console.log(problems.replaceAll(/^/gm, "       "));
}
console.log(failed === 0 ? `${steps.length} checks passed.` : `${failed} of ${steps.length} checks failed.`);
process.exitCode = failed === 0 ? 0 : 1;

/** Runs a command of this repository; its output counts only if it fails. */
function command(name: string, ...args: readonly string[]): string {
  return spawned(join(root, "node_modules", ".bin", name), args, {});
}

function spawned(file: string, args: readonly string[], env: Readonly<Record<string, string>>): string {
  const { status, error, stdout, stderr } = spawnSync(file, [...args], {
    cwd: root,
    encoding: "utf8",
    env: { ...process.env, ...env },
    maxBuffer: 64 * 2 ** 20,
    timeout: 600_000,
  });
  if (error !== undefined) return `${file} could not be run: ${error.message}. Run npm install.`;
  return status === 0 ? "" : `${stdout}${stderr}`.trim() || `${file} ended with status ${String(status)}.`;
}

function machines(): string {
  const found = domains.map(
    ({ pipeline, definition }) =>
      [definition, checkPipeline(pipeline, readFileSync(join(root, definition), "utf8"))] as const,
  );
  const starter = checkDefinition(STARTER_DEFINITION, { substitutions: STARTER_SUBSTITUTIONS, withoutTasks: true });
  return [...found, ["lib/constructs/starter.asl.json", starter] as const]
    .flatMap(([file, problems]) =>
      problems.map(
        ({ rule, state, message }) => `${file}${state === undefined ? "" : ` ${state}`}: ${message} [${rule}]`,
      ),
    )
    .join("\n");
}

function layer(): string {
  try {
    provideDuckdb(root, "arm64");
    return "";
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function synth(): string {
  rmSync(assembly, { recursive: true, force: true });
  return spawned(join(root, "node_modules", ".bin", "node"), ["bin/app.ts"], {
    CDK_OUTDIR: assembly,
    CDK_CONTEXT_JSON: JSON.stringify({ checks: true }),
  });
}

function cfnLint(): string {
  const linter = join(root, ".tools", "python", "bin", "cfn-lint");
  const templates = globSync(join(assembly, "assembly-*", "*.template.json"));
  if (!existsSync(linter)) return "cfn-lint is missing. Run npx millrace doctor.";
  if (templates.length === 0) return "There are no templates to judge: the synth before this failed.";
  // W3005 complains of dependencies that the CDK writes although a reference implies them.
  return spawned(linter, ["--ignore-checks", "W3005", "--", ...templates], {});
}
