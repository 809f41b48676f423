import { spawnSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** A Python environment of its own below .tools; gives its folder. Throws with pip's words when a package cannot be had. */
export function pythonWith(name: string, packages: readonly string[]): string {
  const folder = join(import.meta.dirname, "..", ".tools", name);
  const mark = join(folder, `installed-${packages.join("-").replaceAll(/[^a-z0-9.-]/g, "")}`);
  if (existsSync(mark)) return folder;
  process.stderr.write(`Installing ${packages.join(", ")} into .tools/${name} …\n`);
  for (const [program, args] of [
    ["python3", ["-m", "venv", folder]],
    [join(folder, "bin", "pip"), ["install", "--quiet", "--disable-pip-version-check", ...packages]],
  ] as const) {
    const { status, stderr } = spawnSync(program, args, { encoding: "utf8" });
    if (status !== 0) throw new Error(`${packages.join(", ")} cannot be installed:\n${stderr.slice(-2_000)}`);
  }
  writeFileSync(mark, "");
  return folder;
}
