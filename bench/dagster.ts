import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as z from "zod";
import { median, round } from "./machine.ts";
import { pythonWith } from "./python.ts";

const VERSION = "1.11.16";
const POSTGRES_VERSION = "0.27.16";
const RUNS = 10;
const LAUNCHES = 3;

/**
 * Dagster with its defaults (SQLite instance, no Postgres) in an environment of its own. Two kinds of figures: the
 * job executed in a warm Python process that has everything imported, and launched as a process of its own, which is
 * what its default run launcher does.
 */
export async function measureDagster(steps: number) {
  const venv = installDagster();
  const folder = mkdtempSync(join(tmpdir(), "millrace-dagster-"));
  try {
    writeFileSync(join(folder, "jobs.py"), jobs(steps));
    writeFileSync(join(folder, "measure.py"), MEASURE);
    // A file that is launched may hold one job only.
    writeFileSync(join(folder, "launched.py"), "from jobs import in_process_job\n");
    const home = join(folder, "home");
    mkdirSync(home);
    writeFileSync(join(home, "dagster.yaml"), "telemetry:\n  enabled: false\n");
    const env = { ...process.env, DAGSTER_HOME: home, DAGSTER_DISABLE_TELEMETRY: "1", PYTHONPATH: folder };
    const python = (args: readonly string[]): string => {
      const { status, stdout, stderr } = spawnSync(join(venv, "bin", "python"), args, {
        cwd: folder,
        env,
        encoding: "utf8",
      });
      if (status !== 0) throw new Error(`Dagster has failed:\n${stderr.slice(-2_000)}`);
      return stdout;
    };
    const warm = z.object({ in_process: z.array(z.number()), multiprocess: z.array(z.number()) }).parse(
      JSON.parse(
        python(["measure.py", String(RUNS)])
          .trim()
          .split("\n")
          .at(-1) ?? "",
      ),
    );
    const launched = Array.from({ length: LAUNCHES }, () => {
      const begun = performance.now();
      python(["-m", "dagster", "job", "execute", "-f", "launched.py", "-j", "in_process_job"]);
      return performance.now() - begun;
    });
    return {
      dagster_in_process_median_ms: round(median(warm.in_process)),
      dagster_multiprocess_median_ms: round(median(warm.multiprocess)),
      dagster_in_process_launched_median_ms: round(median(launched)),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** With its storage on Postgres, whose releases are numbered differently. */
export const installDagster = (): string =>
  pythonWith("dagster", [`dagster==${VERSION}`, `dagster-postgres==${POSTGRES_VERSION}`]);

const ops = (steps: number): string =>
  Array.from(
    { length: steps },
    (_, index) => `@op\ndef step${index + 1}(${index === 0 ? "" : "before"}):\n    return 1\n`,
  ).join("\n");

const nested = (steps: number): string =>
  `${Array.from({ length: steps }, (_, index) => `step${steps - index}(`).join("")}${")".repeat(steps)}`;

const jobs = (steps: number): string => `
from dagster import in_process_executor, job, multiprocess_executor, op

${ops(steps)}

def graph():
    ${nested(steps)}

@job(executor_def=in_process_executor)
def in_process_job():
    graph()

@job(executor_def=multiprocess_executor)
def multiprocess_job():
    graph()
`;

/** A job `five` of five ops under Dagster's default executor. */
export const fiveSteps = (): string => `
from dagster import job, op

${ops(5)}

@job
def five():
    ${nested(5)}
`;

const MEASURE = `
import json, sys, time
from dagster import DagsterInstance, execute_job, reconstructable
from jobs import in_process_job, multiprocess_job

def measure(job, runs):
    times = []
    with DagsterInstance.get() as instance:
        for _ in range(runs + 1):
            begun = time.perf_counter()
            result = execute_job(reconstructable(job), instance=instance)
            assert result.success
            times.append((time.perf_counter() - begun) * 1000)
    return times[1:]

if __name__ == "__main__":
    runs = int(sys.argv[1])
    print(json.dumps({"in_process": measure(in_process_job, runs), "multiprocess": measure(multiprocess_job, max(2, runs // 3))}))
`;
