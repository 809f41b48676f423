import { parseArgs } from "node:util";
import { runChaos } from "./chaos/run-chaos.ts";

/** `npm run chaos -- --kills 30 --seed 1` */
const { values } = parseArgs({
  options: { kills: { type: "string", default: "30" }, seed: { type: "string", default: "1" } },
});
const kills = Number(values.kills);
const seed = Number(values.seed);
if (!Number.isInteger(kills) || kills < 0 || !Number.isInteger(seed)) {
  process.stderr.write("millrace: --kills and --seed are whole numbers.\n");
  process.exit(2);
}
const startedAt = Date.now();
const note = (message: string): void =>
  void process.stderr.write(`${((Date.now() - startedAt) / 1000).toFixed(1).padStart(6)} s  ${message}\n`);
const result = await runChaos({ kills, seed, note });
for (const detail of result.details) note(detail);
const { backfill } = result;
const by = Object.entries(result.kills)
  .map(([kind, count]) => `${kind} ${count}`)
  .join(", ");
process.stdout.write(
  `chaos: ${kills} kills (${by}), ${result.files} files, ${result.rows} rows, lost ${result.lost}, doubled ${result.doubled}, ` +
    `${result.webhooks} webhooks, lost ${result.webhooksLost}, doubled ${result.webhooksDoubled}, stale ${result.stale}, ` +
    `backfill ${backfill === undefined ? "none" : `${backfill.state}: ${backfill.succeeded} of ${backfill.total} succeeded, ${backfill.failed} failed`}, ` +
    `run again ${result.again}, ${result.settled ? "settled" : "NOT SETTLED"}, ${result.seconds.toFixed(0)} s\n`,
);
const backfilled =
  backfill === undefined ||
  (backfill.state === "finished" &&
    backfill.succeeded + backfill.failed + backfill.cancelled + backfill.skipped === backfill.total);
const clean =
  result.settled &&
  backfilled &&
  result.lost + result.doubled + result.webhooksLost + result.webhooksDoubled + result.stale === 0;
process.exit(clean ? 0 : 1);
