import { execFile } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

export const ROOT = join(import.meta.dirname, "..", "..");
const SOURCES = ["bin", "lib", "core", "embedded", "lambdas", "state-machines", "containers", "dbt"];
const FILES = ["package.json", "package-lock.json", "tsconfig.json"];

/** What a colleague would change: file, text, its replacement. */
export type Edit = readonly [file: string, from: string | RegExp, to: string];

export interface Checkout {
  readonly path: string;
  /** Changes the sources; an edit that finds nothing to change is an error. */
  edit(...edits: readonly Edit[]): void;
  /** Synthesises environment `emulated` and gives the assembly's folder. */
  synthesise(): Promise<string>;
  remove(): void;
}

/** The sources in a folder of their own, with the installed packages and the caches of this repository. */
export function checkOut(): Checkout {
  const path = mkdtempSync(join(tmpdir(), "millrace-checkout-"));
  for (const name of [...SOURCES, ...FILES]) {
    cpSync(join(ROOT, name), join(path, name), {
      recursive: true,
      filter: (file) => !/\/(target|logs)$/.test(file),
    });
  }
  mkdirSync(join(path, ".tools"));
  symlinkSync(join(ROOT, "node_modules"), join(path, "node_modules"));
  for (const shared of ["layers", "python"]) symlinkSync(join(ROOT, ".tools", shared), join(path, ".tools", shared));
  const bundles = join(ROOT, ".tools", "bundles");
  if (existsSync(bundles)) cpSync(bundles, join(path, ".tools", "bundles"), { recursive: true });
  let assemblies = 0;
  return {
    path,
    edit: (...edits) => {
      for (const [file, from, to] of edits) {
        const before = readFileSync(join(path, file), "utf8");
        const after = before.replace(from, to);
        if (after === before) throw new Error(`${file} has no ${String(from)} to change.`);
        writeFileSync(join(path, file), after);
      }
    },
    synthesise: async () => {
      const outdir = join(path, `assembly-${(assemblies += 1)}`);
      await promisify(execFile)(process.execPath, [join(path, "bin", "app.ts")], {
        cwd: path,
        env: {
          PATH: process.env["PATH"],
          CDK_OUTDIR: outdir,
          CDK_CONTEXT_JSON: JSON.stringify({ environments: "emulated" }),
        },
      });
      return outdir;
    },
    remove: () => rmSync(path, { recursive: true, force: true, maxRetries: 3 }),
  };
}
