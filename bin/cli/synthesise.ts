import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Failure } from "../../core/model/failures.ts";
import { ASSEMBLY_DIR, ENVIRONMENT, ROOT } from "./paths.ts";

/** What a synthesis reads. Installed packages are stood for by the lock file. */
const SOURCES = [
  "bin/app.ts",
  "bin/environments.ts",
  "lib",
  "state-machines",
  "lambdas",
  "core",
  "containers",
  "dbt",
  "package-lock.json",
];
const IGNORED = /(\.test\.ts|\/target|\/logs|__pycache__|\.user\.yml)$/;
const STAMP = join(ASSEMBLY_DIR, `.stamp-${ENVIRONMENT}`);

/** Synthesises the stage when a source has changed since the last time; otherwise it costs some milliseconds. */
export async function ensureAssembly(note: (message: string) => void): Promise<string> {
  const stamp = digest();
  const isCurrent = existsSync(STAMP) && readFileSync(STAMP, "utf8") === stamp;
  if (isCurrent && existsSync(join(ASSEMBLY_DIR, "manifest.json"))) return ASSEMBLY_DIR;
  const startedAt = Date.now();
  note("Synthesising the stacks …");
  rmSync(STAMP, { force: true });
  await synthesise(ASSEMBLY_DIR, ENVIRONMENT);
  mkdirSync(ASSEMBLY_DIR, { recursive: true });
  writeFileSync(`${STAMP}.${process.pid}`, stamp);
  renameSync(`${STAMP}.${process.pid}`, STAMP);
  note(`Synthesised in ${((Date.now() - startedAt) / 1000).toFixed(1)} s.`);
  return ASSEMBLY_DIR;
}

/** Synthesises environments, named with commas between, into a folder. Throws Misconfigured with what the app said. */
export function synthesise(outdir: string, environments: string): Promise<void> {
  const child = spawn(process.execPath, [join(ROOT, "bin", "app.ts")], {
    cwd: ROOT,
    env: {
      ...process.env,
      CDK_OUTDIR: outdir,
      // DuckDB comes from this repository here: the layer of the machine's own kind is enough.
      CDK_CONTEXT_JSON: JSON.stringify({ environments, duckdbLayer: "host" }),
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let log = "";
  child.stdout.on("data", (chunk: Buffer) => (log += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (log += chunk.toString()));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code) => {
      if (code === 0) return resolve();
      reject(
        new Failure("Misconfigured", `The stacks cannot be synthesised:\n${log.trim().slice(-2_000)}`, {
          code: "synth_failed",
          what: "synthesise the stacks",
          hint: "`npm run check` tells more.",
        }),
      );
    });
  });
}

/** Contents, not times: a fresh checkout and a touched file are not changes. */
function digest(): string {
  const hash = createHash("sha256");
  for (const source of SOURCES) {
    for (const path of filesOf(join(ROOT, source)))
      hash.update(path).update("\0").update(readFileSync(path)).update("\0");
  }
  return hash.digest("hex");
}

function filesOf(path: string): string[] {
  const info = statSync(path, { throwIfNoEntry: false });
  if (info === undefined || IGNORED.test(path)) return [];
  if (!info.isDirectory()) return [path];
  return readdirSync(path)
    .sort()
    .flatMap((name) => filesOf(join(path, name)));
}
