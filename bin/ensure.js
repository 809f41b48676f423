// Plain JavaScript without packages: it runs on the machine's own Node (20 or newer) before anything is installed.
// `node bin/ensure.js <what> [arguments]` installs what <what> needs and is missing, then runs it on the pinned Node.
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const tools = join(root, ".tools");
const venv = join(tools, "python");
const extensions = join(tools, "duckdb-extensions");

/** The Python packages of dbt and DuckDB's extensions; checks and tests need some more. */
const RUN = ["containers/dbt/requirements.txt"];
const CHECK = [...RUN, "test/requirements.txt", "test/deploy/requirements.txt"];

const quiet = "--disable-warning=ExperimentalWarning";
const TARGETS = {
  "first-contact": { python: RUN, command: [quiet, "bin/first-contact/main.ts"] },
  test: { python: CHECK, command: [quiet, "bin/test.ts"] },
  check: { python: CHECK, command: [quiet, "bin/check.ts"] },
  bench: { python: RUN, command: [quiet, "bench/index.ts"] },
  demo: { python: RUN, command: [quiet, "bench/demo.ts"] },
  chaos: { python: RUN, command: [quiet, "bench/chaos.ts"] },
  synth: { python: RUN, command: ["node_modules/aws-cdk/bin/cdk", "synth", "--all", "--quiet"] },
  reference: { python: RUN, command: [quiet, "bin/reference.ts"] },
  cost: { python: RUN, command: [quiet, "bin/cost.ts"] },
  diff: { python: RUN, command: [quiet, "bin/diff.ts"] },
  drift: { python: RUN, command: [quiet, "bin/drift.ts"] },
  emulator: { python: CHECK, command: [quiet, "test/deploy/run-emulator.ts"] },
};

const [what = "", ...args] = process.argv.slice(2);
const target = Object.hasOwn(TARGETS, what) ? TARGETS[what] : undefined;
if (target === undefined) fail(`"${what}" is nothing to run.`, `Use one of: ${Object.keys(TARGETS).join(", ")}.`);
if (Number(process.versions.node.split(".")[0]) < 20) {
  fail(`Node ${process.versions.node} is too old.`, "Install Node 20 or newer: https://nodejs.org");
}

const startedAt = Date.now();
const elapsed = () => `${((Date.now() - startedAt) / 1000).toFixed(0).padStart(3)} s`;
const say = (text) => process.stderr.write(`${elapsed()}  ${text}\n`);

const results = await Promise.allSettled([ensurePackages(), ensurePython(target.python)]);
for (const result of results) {
  if (result.status === "rejected")
    fail(result.reason.message, result.reason.hint ?? "Correct it and run the same command again.");
}

const node = join(root, "node_modules", ".bin", "node");
const child = spawn(node, [...target.command, ...args], {
  cwd: root,
  stdio: "inherit",
  env: { ...process.env, PATH: `${join(root, "node_modules", ".bin")}:${process.env.PATH ?? ""}` },
});
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
child.on("exit", (code, signal) => process.exit(code ?? (signal === "SIGINT" ? 130 : 143)));

async function ensurePackages() {
  const marker = join(root, "node_modules", ".millrace-lock");
  const wanted = hashOf(["package-lock.json"]);
  if (isMarked(marker, wanted) || isInstalledSince("package-lock.json")) return;
  const npm = process.env.npm_execpath;
  const [program, first] = npm?.endsWith(".js") ? [process.execPath, [npm]] : ["npm", []];
  await step("npm packages", program, [...first, "ci", "--no-audit", "--no-fund"]);
  writeFileSync(marker, wanted);
}

/** npm writes its own copy of the lock file when it has installed; that was after the lock file's last change. */
function isInstalledSince(lock) {
  const own = statSync(join(root, "node_modules", ".package-lock.json"), { throwIfNoEntry: false });
  return own !== undefined && own.mtimeMs >= statSync(join(root, lock)).mtimeMs;
}

async function ensurePython(files) {
  const present = files.filter((file) => existsSync(join(root, file)));
  const marker = join(venv, `.millrace-${createHash("sha256").update(present.join()).digest("hex").slice(0, 8)}`);
  const wanted = hashOf(present);
  if (!isMarked(marker, wanted)) {
    if (!existsSync(join(venv, "bin", "pip"))) await makeVenv();
    const pip = ["-m", "pip", "install", "--disable-pip-version-check", "--quiet", "--require-hashes"];
    await step("Python packages (dbt, DuckDB extensions)", join(venv, "bin", "python"), [
      ...pip,
      ...present.flatMap((file) => ["-r", join(root, file)]),
    ]);
    writeFileSync(marker, wanted);
  }
  copyExtensions();
}

async function makeVenv() {
  const python = findPython();
  rmSync(venv, { recursive: true, force: true });
  mkdirSync(tools, { recursive: true });
  await step("Python environment", python, ["-m", "venv", venv]);
}

function findPython() {
  const probe = "import sys, venv, ensurepip; sys.exit(0 if sys.version_info >= (3, 11) else 3)";
  const found = [];
  for (const name of [process.env.MILLRACE_PYTHON, "python3", "python3.13", "python3.12", "python3.11"]) {
    if (!name) continue;
    const { status, error } = spawnSync(name, ["-c", probe]);
    if (error !== undefined) continue;
    if (status === 0) return name;
    found.push(status === 3 ? `${name} is older than 3.11` : `${name} has no venv module`);
  }
  const problem = found.length === 0 ? "Python 3 was not found" : found.join("; ");
  throw Object.assign(new Error(`dbt needs Python 3.11 or newer with venv: ${problem}.`), {
    hint: "On Debian or Ubuntu: apt install python3 python3-venv. Elsewhere: https://www.python.org. $MILLRACE_PYTHON names one.",
  });
}

/** The wheels hold `<package>/extensions/v<version>/<name>.duckdb_extension`; tasks get one folder with all of them. */
function copyExtensions() {
  const lib = join(venv, "lib");
  for (const python of existsSync(lib) ? readdirSync(lib) : []) {
    const packages = join(lib, python, "site-packages");
    for (const name of readdirSync(packages).filter((entry) => /^duckdb_extension_\w+$/.test(entry))) {
      const folder = join(packages, name, "extensions");
      for (const version of existsSync(folder) ? readdirSync(folder) : []) {
        for (const file of readdirSync(join(folder, version)).filter((entry) => entry.endsWith(".duckdb_extension"))) {
          copyOnce(join(folder, version, file), join(extensions, file));
        }
      }
    }
  }
}

function copyOnce(from, to) {
  const [source, existing] = [statSync(from), statSync(to, { throwIfNoEntry: false })];
  if (existing !== undefined && existing.size === source.size && existing.mtimeMs >= source.mtimeMs) return;
  mkdirSync(dirname(to), { recursive: true });
  copyFileSync(from, `${to}.${process.pid}`);
  renameSync(`${to}.${process.pid}`, to);
}

function step(label, program, programArgs) {
  say(`installing: ${label} …`);
  const begun = Date.now();
  const ticker = setInterval(() => say(`still installing: ${label}`), 15_000);
  const running = spawn(program, programArgs, { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
  let log = "";
  running.stdout.on("data", (chunk) => (log += chunk));
  running.stderr.on("data", (chunk) => (log += chunk));
  return new Promise((resolve, reject) => {
    running.on("error", (error) => {
      clearInterval(ticker);
      reject(new Error(`Installing ${label}: ${program} cannot be started (${error.message}).`));
    });
    running.on("exit", (code) => {
      clearInterval(ticker);
      if (code === 0) {
        say(`installed: ${label} in ${((Date.now() - begun) / 1000).toFixed(0)} s`);
        resolve();
      } else reject(new Error(`Installing ${label} failed:\n${log.trim().split("\n").slice(-15).join("\n")}`));
    });
  });
}

function hashOf(files) {
  const hash = createHash("sha256");
  for (const file of files) hash.update(readFileSync(join(root, file)));
  return hash.digest("hex");
}

function isMarked(marker, wanted) {
  return existsSync(marker) && readFileSync(marker, "utf8") === wanted;
}

function fail(message, hint) {
  process.stderr.write(`millrace: ${message}\n  ${hint}\n`);
  process.exit(1);
}
