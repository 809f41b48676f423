import { runByName } from "./by-name.ts";

/** `npm run bench -- NAME [options]`: readable lines, then one JSON object as the last line. */
const result = await runByName("bench", {
  normalize: { options: "--mb N (1024)  --seed N (7)  --rounds N (2)", load: () => import("./normalize.ts") },
  edxorg: {
    options: "--mb N (2048)  --courses N (50)  --seed N (7)  --rounds N (1)",
    load: () => import("./edxorg.ts"),
  },
  overhead: { options: "--peer dagster", load: () => import("./overhead.ts") },
  start: { options: "--warm-only", load: () => import("./start.ts") },
  bundle: { options: "", load: () => import("./bundle.ts") },
  latency: { options: "--peer dagster", load: () => import("./latency.ts") },
  burst: { options: "--peer dagster  --peer-window SECONDS (600)", load: () => import("./burst.ts") },
  "dead-worker": { options: "--peer dagster  --watch SECONDS (100)", load: () => import("./dead-worker.ts") },
  simulate: {
    options: "--partitions N (100000)  --runs N (1000000)  --seed N (7)",
    load: () => import("./simulate.ts"),
  },
  sweep: {
    options: "--courses N (3500)  --rate N (53)  --latency MS (200)  --kills N (2)  --seed N (7)",
    load: () => import("./sweep.ts"),
  },
  "legacy-export": { options: "--rows N (1000000)  --small N (10)", load: () => import("./legacy-export.ts") },
});
process.stdout.write(`${result.bench} on ${result.machine}\n`);
const all = [...Object.entries(result.figures), ...Object.entries(result.ratios)];
const width = Math.max(...all.map(([label]) => label.length));
for (const [label, value] of all) process.stdout.write(`  ${label.padEnd(width)}  ${value}\n`);
process.stdout.write(`${JSON.stringify(result)}\n`);
process.exit();
