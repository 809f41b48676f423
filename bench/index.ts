import type { BenchResult } from "./machine.ts";

/** `npm run bench -- NAME [options]`: readable lines, then one JSON object as the last line. */
const BENCHES: Readonly<Record<string, () => Promise<{ run(args: readonly string[]): Promise<BenchResult> }>>> = {
  normalize: () => import("./normalize.ts"),
  edxorg: () => import("./edxorg.ts"),
  overhead: () => import("./overhead.ts"),
  start: () => import("./start.ts"),
  bundle: () => import("./bundle.ts"),
  latency: () => import("./latency.ts"),
  burst: () => import("./burst.ts"),
  "dead-worker": () => import("./dead-worker.ts"),
  simulate: () => import("./simulate.ts"),
  sweep: () => import("./sweep.ts"),
  "legacy-export": () => import("./legacy-export.ts"),
};

const [name = "", ...args] = process.argv.slice(2);
const load = Object.hasOwn(BENCHES, name) ? BENCHES[name] : undefined;
if (load === undefined) {
  process.stderr.write(`millrace: "${name}" is no bench. Use one of: ${Object.keys(BENCHES).join(", ")}.\n`);
  process.exit(2);
}
const result = await (await load()).run(args);
process.stdout.write(`${result.bench} on ${result.machine}\n`);
const all = [...Object.entries(result.figures), ...Object.entries(result.ratios)];
const width = Math.max(...all.map(([label]) => label.length));
for (const [label, value] of all) process.stdout.write(`  ${label.padEnd(width)}  ${value}\n`);
process.stdout.write(`${JSON.stringify(result)}\n`);
process.exit();
