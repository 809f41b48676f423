import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { parseArgs } from "node:util";
import * as z from "zod";
import { generateArchive } from "./generate-edxorg.ts";
import { describeMachine, round, type BenchResult } from "./machine.ts";
import { pythonWith } from "./python.ts";

const MEGABYTE = 1_048_576;
/** Stands in the arguments of a child for the empty folder that it is given. */
const FOLDER = "FOLDER";
/** https://pypi.org/project/polars/ (MIT). */
const POLARS = "polars==2.1.0";

/** The last line of a child. */
const Measured = z.object({
  seconds: z.number(),
  cpuSeconds: z.number(),
  peakRssMb: z.number(),
  members: z.number(),
});
type Measured = z.infer<typeof Measured>;

/**
 * Unpacking one weekly archive of edx.org: ours with all that the task does (verify, rewrite, safe row hash, ledger,
 * manifest), its objects plain files or those of the embedded home, beside a script of the replaced kind (polars), one
 * table at a time, that hashes in Python and writes plain files, and beside the same with Python's own csv. Finished
 * files are moved to their place by both; ours are written as the product does on one machine, tables past the page cache. Each runs in a process of its own, `--rounds` times in turn; the best time of
 * each counts.
 */
export async function run(args: readonly string[]): Promise<BenchResult> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      mb: { type: "string", default: "2048" },
      courses: { type: "string", default: "50" },
      seed: { type: "string", default: "7" },
      rounds: { type: "string", default: "1" },
    },
  });
  const { path, bytes } = await archiveOf(Number(values.mb), Number(values.courses), Number(values.seed));
  const child = join(import.meta.dirname, "edxorg-child.ts");
  const script = join(import.meta.dirname, "peers/edxorg_peer.py");
  const python = pythonOfPeer();
  const contenders: Readonly<Record<string, readonly [string, ...string[]]>> = {
    millrace: [process.execPath, child, "files", path, FOLDER],
    millrace_embedded: [process.execPath, child, "embedded", path, FOLDER],
    ...(python === undefined ? {} : { peer: [python, script, path, FOLDER, "polars"] }),
    peer_csv: ["python3", script, path, FOLDER, "csv"],
  };
  const best = new Map<string, Measured>();
  for (let turn = 0; turn < Number(values.rounds); turn += 1) {
    for (const [name, [command, ...args]] of Object.entries(contenders)) {
      const measured = await measure(command, args);
      const before = best.get(name);
      if (before === undefined || measured.seconds < before.seconds) best.set(name, measured);
    }
  }
  const figures: Record<string, number> = {};
  for (const [name, { seconds, cpuSeconds, peakRssMb, members }] of best) {
    if (members !== best.get("millrace")?.members) throw new Error(`${name} found ${members} members, others not.`);
    figures[`${name}_s`] = round(seconds);
    figures[`${name}_cpu_s`] = round(cpuSeconds);
    figures[`${name}_mb_s`] = round(bytes / MEGABYTE / seconds);
    figures[`${name}_peak_rss_mb`] = round(peakRssMb);
  }
  const ratios: Record<string, number> = {};
  for (const peer of [...best.keys()].filter((name) => name.startsWith("peer"))) {
    for (const ours of ["millrace", "millrace_embedded"]) {
      const [slow, fast] = [best.get(peer), best.get(ours)];
      if (slow === undefined || fast === undefined) continue;
      ratios[`${ours}_over_${peer}`] = round(slow.seconds / fast.seconds, 2);
      ratios[`${ours}_over_${peer}_by_cpu`] = round(slow.cpuSeconds / fast.cpuSeconds, 2);
    }
  }
  const members = best.get("millrace")?.members ?? 0;
  const archive = { raw_mb: round(bytes / MEGABYTE), gz_mb: round(statSync(path).size / MEGABYTE), members };
  return { bench: "edxorg", machine: describeMachine(), figures: { ...archive, ...figures }, ratios };
}

/** Without the network there is none; then Python's own csv is the only peer. */
function pythonOfPeer(): string | undefined {
  try {
    return join(pythonWith("peers", [POLARS]), "bin", "python");
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\nGoing on without polars.\n`);
    return undefined;
  }
}

/** Made once for a size and seed: making two gigabytes takes longer than reading them. */
async function archiveOf(megabytes: number, courses: number, seed: number): Promise<{ path: string; bytes: number }> {
  const folder = join(tmpdir(), "millrace-bench");
  const path = join(folder, `edxorg-${megabytes}mb-${courses}-${seed}.tar.gz`);
  if (!existsSync(path) || !existsSync(`${path}.bytes`)) {
    mkdirSync(folder, { recursive: true });
    process.stderr.write(`Making ${path} …\n`);
    writeFileSync(`${path}.bytes`, String(await generateArchive(`${path}.part`, megabytes, courses, seed)));
    renameSync(`${path}.part`, path);
  }
  return { path, bytes: Number(readFileSync(`${path}.bytes`, "utf8")) };
}

async function measure(command: string, args: readonly string[]): Promise<Measured> {
  const folder = mkdtempSync(join(tmpdir(), "millrace-bench-"));
  try {
    process.stderr.write(`${args.join(" ")} …\n`);
    const placed = args.map((arg) => (arg === FOLDER ? folder : arg));
    const child = spawn(command, placed, { stdio: ["ignore", "pipe", "inherit"] });
    const [output, code] = await Promise.all([
      text(child.stdout),
      new Promise<number | null>((done, fail) => child.once("error", fail).once("close", done)),
    ]);
    if (code !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${code}.`);
    return Measured.parse(JSON.parse(output.trim().split("\n").at(-1) ?? ""));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
