import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { basename, join } from "node:path";
import * as z from "zod";

const BINDINGS = "@duckdb/node-bindings-linux-arm64";
/** Pure JavaScript, the same for every processor. */
const PORTABLE = ["@duckdb/node-api", "@duckdb/node-bindings", "detect-libc"];
const EXTENSIONS = "containers/worker/requirements.txt";
/** Lambda allows 250 MB for the function and all its layers, unpacked; our bundles stay far below the rest. */
const LIMIT_BYTES = 240 * 2 ** 20;

const Lock = z.object({
  packages: z.record(z.string(), z.looseObject({ version: z.string().optional(), integrity: z.string().optional() })),
});

/**
 * The folder that becomes the DuckDB layer. `host`: one machine runs its own processor's build from `node_modules`,
 * so the layer only says which version; `arm64`: what AWS runs, fetched once and checked against the pinned hashes.
 */
export function provideDuckdb(root: string, kind: "host" | "arm64"): string {
  const lock = Lock.parse(JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")));
  const { version, integrity } = lock.packages[`node_modules/${BINDINGS}`] ?? {};
  if (version === undefined || integrity === undefined) {
    throw new Error(`package-lock.json does not pin ${BINDINGS}. Run npm install and commit the lock file.`);
  }
  const pins = createHash("sha256")
    .update(integrity)
    .update(readFileSync(join(root, EXTENSIONS)))
    .digest("hex");
  const store = join(root, ".tools", "layers");
  // The name identifies the content. It has no dot, which the CDK would take for the beginning of a file's extension.
  const folder = join(store, `duckdb-${version}`, `${kind}-${pins.slice(0, 32)}`);
  if (existsSync(folder)) return folder;
  mkdirSync(join(folder, ".."), { recursive: true });
  const work = mkdtempSync(join(store, "draft-"));
  try {
    const layer = join(work, "layer");
    mkdirSync(layer);
    if (kind === "arm64") {
      fetchBindings(root, work, layer, version, integrity);
      fetchExtensions(root, work, layer);
    }
    writeFileSync(join(layer, "versions.json"), JSON.stringify({ duckdb: version, extensions: pins, processor: kind }));
    refuseTooLarge(layer);
    renameSync(layer, folder);
  } catch (error) {
    // Two synths may fetch at the same time: the first complete folder stays.
    if (!existsSync(folder)) throw error;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return folder;
}

function fetchBindings(root: string, work: string, layer: string, version: string, integrity: string): void {
  const modules = join(layer, "nodejs", "node_modules");
  for (const name of PORTABLE) cpSync(join(root, "node_modules", name), join(modules, name), { recursive: true });
  fetching("npm", ["pack", `${BINDINGS}@${version}`, "--silent", "--pack-destination", work], work);
  const archive = one(join(work, "*.tgz"));
  const found = `sha512-${createHash("sha512").update(readFileSync(archive)).digest("base64")}`;
  if (found !== integrity) {
    throw new Error(
      `${BINDINGS}@${version} has the hash ${found}, package-lock.json says ${integrity}. Do not deploy it.`,
    );
  }
  const target = join(modules, BINDINGS);
  mkdirSync(target, { recursive: true });
  execFileSync("tar", ["-xzf", archive, "-C", target, "--strip-components=1"]);
}

function fetchExtensions(root: string, work: string, layer: string): void {
  const own = join(root, ".tools", "python", "bin", "python");
  const python = existsSync(own) ? own : "python3";
  const wheels = join(work, "wheels");
  fetching(
    python,
    // prettier-ignore
    ["-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "--platform", "manylinux2014_aarch64",
     "--require-hashes", "--requirement", join(root, EXTENSIONS), "--dest", wheels],
    work,
  );
  const target = join(layer, "duckdb", "extensions");
  mkdirSync(target, { recursive: true });
  for (const wheel of globSync(join(wheels, "*.whl"))) {
    const unpacked = `${wheel}.d`;
    execFileSync(python, ["-m", "zipfile", "-e", wheel, unpacked]);
    const extension = one(join(unpacked, "**", "*.duckdb_extension"));
    renameSync(extension, join(target, basename(extension)));
  }
}

function fetching(command: string, args: readonly string[], cwd: string): void {
  try {
    execFileSync(command, [...args], { cwd, stdio: ["ignore", "ignore", "pipe"], timeout: 300_000 });
  } catch (error) {
    throw new Error(
      `DuckDB for AWS's processors could not be fetched with ${command}. Check the way to the package registry, or ` +
        "synthesise for this machine only with the context duckdbLayer=host.",
      { cause: error },
    );
  }
}

function one(pattern: string): string {
  const [first, ...others] = globSync(pattern);
  if (first === undefined || others.length > 0) throw new Error(`Expected exactly one file ${pattern}.`);
  return first;
}

function refuseTooLarge(layer: string): void {
  const bytes = globSync(join(layer, "**", "*")).reduce((sum, path) => sum + statSync(path).size, 0);
  if (bytes > LIMIT_BYTES) {
    throw new Error(`The DuckDB layer has ${Math.round(bytes / 2 ** 20)} MB unpacked; Lambda allows 250 MB in all.`);
  }
}
