import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { parseArgs } from "node:util";
import * as z from "zod";
import { generateLog } from "./generate-logs.ts";
import { describeMachine, round, type BenchResult } from "./machine.ts";

const MEGABYTE = 1024 * 1024;
const SHARD_MB = 50;

/** The last line of a child. `rawBytes` 0 = it does not count them. */
const Measured = z.object({ seconds: z.number(), peakRssMb: z.number(), rawBytes: z.number() });
type Measured = z.infer<typeof Measured>;

/**
 * Normalising one large tracking log: ours with everything that the task does (verify, hash, account for every line,
 * rows as sorted Parquet, the normalised file), beside plain DuckDB that reads typed JSON into the same Parquet
 * (same columns, same order) without verification or accounting, DuckDB without the order, the same with the task's
 * one thread and 512 MB (in which it cannot sort: out of memory), and `zcat | wc -c`.
 * Each runs in a process of its own, `--rounds` times in turn; the best time of each counts.
 */
export async function run(args: readonly string[]): Promise<BenchResult> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      mb: { type: "string", default: "1024" },
      seed: { type: "string", default: "7" },
      rounds: { type: "string", default: "2" },
    },
  });
  const megabytes = Number(values.mb);
  const log = await logOf(megabytes, Number(values.seed));
  const shard = await logOf(SHARD_MB, Number(values.seed));
  const best: Record<string, Measured> = {};
  const keep = (name: string, measured: Measured): void => {
    const before = best[name];
    if (before === undefined || measured.seconds < before.seconds) best[name] = measured;
  };
  for (let turn = 0; turn < Number(values.rounds); turn += 1) {
    keep("millrace", await measure("millrace", log));
    keep("plain_duckdb", await measure("plain", log));
    keep("plain_duckdb_unsorted", await measure("plain-unsorted", log));
    keep("plain_duckdb_unsorted_in_task", await measure("plain-task", log));
    keep("zcat_wc", await zcat(log));
  }
  keep("millrace_shard", await measure("millrace", shard));
  const rawMb = (best["millrace"]?.rawBytes ?? Number.NaN) / MEGABYTE;
  const speed = (name: string): number => rawMb / (best[name]?.seconds ?? Number.NaN);
  const names = ["millrace", "plain_duckdb", "plain_duckdb_unsorted", "plain_duckdb_unsorted_in_task", "zcat_wc"];
  return {
    bench: "normalize",
    machine: describeMachine(),
    figures: {
      raw_mb: round(rawMb),
      gz_mb: round(statSync(log).size / MEGABYTE),
      ...Object.fromEntries(names.map((name) => [`${name}_mb_s`, round(speed(name))])),
      millrace_peak_rss_mb: round(best["millrace"]?.peakRssMb ?? Number.NaN),
      plain_duckdb_peak_rss_mb: round(best["plain_duckdb"]?.peakRssMb ?? Number.NaN),
      millrace_shard_50mb_peak_rss_mb: round(best["millrace_shard"]?.peakRssMb ?? Number.NaN),
    },
    ratios: {
      millrace_over_plain_duckdb: round(speed("millrace") / speed("plain_duckdb"), 2),
      millrace_over_plain_duckdb_unsorted: round(speed("millrace") / speed("plain_duckdb_unsorted"), 2),
      millrace_over_plain_duckdb_unsorted_in_task: round(speed("millrace") / speed("plain_duckdb_unsorted_in_task"), 2),
      millrace_over_zcat_wc: round(speed("millrace") / speed("zcat_wc"), 2),
    },
  };
}

/** Made once for a size and seed: making a gigabyte takes longer than reading it. */
async function logOf(megabytes: number, seed: number): Promise<string> {
  const folder = join(tmpdir(), "millrace-bench");
  const path = join(folder, `tracking-${megabytes}mb-${seed}.log.gz`);
  if (existsSync(path)) return path;
  mkdirSync(folder, { recursive: true });
  process.stderr.write(`Making ${path} …\n`);
  await generateLog(`${path}.part`, megabytes, seed);
  renameSync(`${path}.part`, path);
  return path;
}

async function measure(mode: string, log: string): Promise<Measured> {
  const folder = mkdtempSync(join(tmpdir(), "millrace-bench-"));
  try {
    process.stderr.write(`${mode} …\n`);
    const child = join(import.meta.dirname, "normalize-child.ts");
    const output = await outputOf(process.execPath, [child, mode, log, folder]);
    return Measured.parse(JSON.parse(output.trim().split("\n").at(-1) ?? ""));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function zcat(log: string): Promise<Measured> {
  process.stderr.write("zcat | wc -c …\n");
  const started = performance.now();
  const rawBytes = Number(await outputOf("sh", ["-c", 'zcat "$1" | wc -c', "sh", log]));
  return { seconds: (performance.now() - started) / 1_000, peakRssMb: 0, rawBytes };
}

async function outputOf(command: string, args: readonly string[]): Promise<string> {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "inherit"] });
  const [output, code] = await Promise.all([
    text(child.stdout),
    new Promise<number | null>((done, fail) => child.once("error", fail).once("close", done)),
  ]);
  if (code !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${code}.`);
  return output;
}
