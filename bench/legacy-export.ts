import { execFileSync, spawn } from "node:child_process";
import { rmSync, statSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { parseArgs } from "node:util";
import * as z from "zod";
import { fillSubmissions, makeEdxapp, makeReader } from "../test/standins/edxapp.ts";
import { mariadbMissing, startMariadb, type Mariadb } from "../test/standins/mariadb.ts";
import { describeMachine, round, type BenchResult } from "./machine.ts";

const MEGABYTE = 1024 * 1024;
const COURSES = 20;

const Measured = z.object({
  ...{ seconds: z.number(), peakRssMb: z.number(), bytes: z.number(), rows: z.number() },
  /** Of the exporting process alone: says on a busy machine too what it could do with a processor of its own. */
  cpuSeconds: z.number().default(Number.NaN),
});
type Measured = z.infer<typeof Measured>;

/**
 * The export of `studentmodule` as the task does it (TLS, the dialect, digests, checkpoints, parts of 64 MB to objects
 * on this disk), at constant memory, `--rows` of about 700 bytes. Beside it what is at hand on any machine, `mariadb
 * --batch --quick` to a file by the socket, which quotes nothing; `--small` times fewer rows show what memory depends on.
 */
export async function run(args: readonly string[]): Promise<BenchResult> {
  const { values } = parseArgs({
    args: [...args],
    options: { rows: { type: "string", default: "1000000" }, small: { type: "string", default: "10" } },
  });
  if (mariadbMissing !== undefined) throw new Error(`This bench ${mariadbMissing}.`);
  const each = Math.ceil(Number(values.rows) / COURSES);
  const server = await startMariadb(["--innodb-buffer-pool-size=1G", "--innodb-log-file-size=512M"]);
  const folder = mkdtempSync(join(tmpdir(), "millrace-bench-"));
  try {
    const few = await fill(server, each, Number(values.small));
    const small = await millrace(server, folder, COURSES - few, COURSES);
    const peer = await batch(server, folder);
    const large = await millrace(server, folder, 0, COURSES);
    const speed = ({ bytes, seconds }: Measured): number => bytes / MEGABYTE / seconds;
    return {
      bench: "legacy-export",
      machine: describeMachine(),
      figures: {
        rows: large.rows,
        csv_mb: round(large.bytes / MEGABYTE),
        millrace_mb_s: round(speed(large)),
        millrace_mb_cpu_s: round(large.bytes / MEGABYTE / large.cpuSeconds),
        millrace_rows_s: round(large.rows / large.seconds, 0),
        millrace_peak_rss_mb: round(large.peakRssMb),
        small_rows: small.rows,
        millrace_small_peak_rss_mb: round(small.peakRssMb),
        mariadb_batch_mb_s: round(speed(peer)),
        mariadb_batch_peak_rss_mb: round(peer.peakRssMb),
      },
      ratios: { millrace_over_mariadb_batch: round(speed(large) / speed(peer), 2) },
    };
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

const courseOf = (index: number): string => `course-v1:Bench+Course+${index}`;

/** Gives how many courses at the end of the list hold a `small`th of the rows. */
async function fill(server: Mariadb, each: number, small: number): Promise<number> {
  const root = await makeEdxapp(server);
  await makeReader(root, "reader", "one");
  for (let course = 0; course < COURSES; course += 1) {
    process.stderr.write(`Filling course ${course + 1} of ${COURSES} …\n`);
    await fillSubmissions(root, courseOf(course), each, course * each + 1);
  }
  await root.end();
  return Math.max(1, Math.round(COURSES / small));
}

async function millrace(server: Mariadb, folder: string, from: number, until: number): Promise<Measured> {
  const courses = Array.from({ length: until - from }, (_, index) => courseOf(from + index));
  const state = mkdtempSync(join(folder, "state-"));
  const child = join(import.meta.dirname, "legacy-export-child.ts");
  const job = JSON.stringify({ port: server.port, ca: server.ca, courses, folder: state });
  process.stderr.write(`millrace, ${courses.length} courses …\n`);
  const output = await outputOf(process.execPath, [child, job]);
  rmSync(state, { recursive: true, force: true });
  return Measured.parse(JSON.parse(output.trim().split("\n").at(-1) ?? ""));
}

/** Peak memory by GNU time's own measure, `/proc`, of the client alone. */
async function batch(server: Mariadb, folder: string): Promise<Measured> {
  process.stderr.write("mariadb --batch --quick …\n");
  const file = join(folder, "peer.tsv");
  const sql =
    "SELECT id, module_type, module_id, student_id, state, grade, created, modified, max_grade, done, course_id FROM edxapp.courseware_studentmodule ORDER BY course_id, id";
  const script =
    'mariadb --no-defaults --socket="$1" -uroot --batch --quick -e "$2" > "$3" & pid=$!; peak=0; while kill -0 $pid 2>/dev/null; do now=$(awk \'/VmHWM/ {print $2}\' /proc/$pid/status 2>/dev/null); [ -n "$now" ] && peak=$now; sleep 0.2; done; wait $pid; echo $peak';
  const started = performance.now();
  const peakKb = Number(await outputOf("sh", ["-c", script, "sh", server.socket, sql, file]));
  const seconds = (performance.now() - started) / 1_000;
  const rows = Number(execFileSync("sh", ["-c", 'wc -l < "$1"', "sh", file], { encoding: "utf8" })) - 1;
  const { size: bytes } = statSync(file);
  rmSync(file);
  return { seconds, cpuSeconds: Number.NaN, peakRssMb: peakKb / 1024, bytes, rows };
}

async function outputOf(command: string, args: readonly string[]): Promise<string> {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "inherit"] });
  const [output, code] = await Promise.all([
    text(child.stdout),
    new Promise<number | null>((done, fail) => child.once("error", fail).once("close", done)),
  ]);
  if (code !== 0) throw new Error(`${command} ended with ${code}.`);
  return output;
}
