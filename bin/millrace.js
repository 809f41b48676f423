#!/usr/bin/env node
// Plain JavaScript, because it must run on the machine's own Node (20 or newer) before anything is installed.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const node = join(root, "node_modules", ".bin", "node");
if (!existsSync(node)) {
  console.error("Millrace is not installed yet: node_modules is missing. Run `npm start` (or `npm install`) first.");
  process.exit(1);
}
const child = spawn(
  node,
  ["--disable-warning=ExperimentalWarning", join(root, "bin", "millrace.ts"), ...process.argv.slice(2)],
  {
    stdio: "inherit",
  },
);
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
child.on("exit", (code, signal) => process.exit(code ?? (signal === "SIGINT" ? 130 : 143)));
