import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { failuresIn, openMortalHome } from "../test/standins/mortal-home.ts";
import { withDaemon } from "./dagster-daemon.ts";
import { describeMachine, median, round, type BenchResult } from "./machine.ts";

const KILLS = 5;
const PEER_KILLS = 3;
const READY_MS = 180_000;
/** What the real machines of containers declare: noticed later than this, the heartbeat would have been it. */
const HEARTBEAT_SECONDS = 300;
const KINDS = ["function", "container"] as const;

/**
 * Who notices a death. A worker is killed while its run is at work: time until that is on record, and until the run has
 * ended. Then everything of the platform is killed at once, as a host's death does, and started again: what becomes of
 * the run. The peer is watched for `--watch` seconds (default 100) after its restart.
 */
export async function run(args: readonly string[]): Promise<BenchResult> {
  const { values } = parseArgs({
    args: [...args],
    options: { peer: { type: "string" }, watch: { type: "string", default: "100" } },
  });
  const own = await measureOwn();
  const peer = values.peer === "dagster" ? await measurePeer(Number(values.watch) * 1_000) : undefined;
  return {
    bench: "dead-worker",
    machine: describeMachine(),
    figures: {
      ...own,
      ...(peer === undefined
        ? {}
        : {
            dagster_killed_to_noticed_median_ms: round(median(peer.noticed)),
            dagster_killed_runs_run_again: peer.again,
            dagster_host_restarted_watched_s: round(peer.watchedMs / 1_000),
            dagster_host_restarted_run_still_started: Number(peer.status === "STARTED"),
            dagster_host_restarted_run_ended: Number(peer.hasEnded),
            dagster_host_restarted_other_run_started: 1,
            dagster_host_restarted_run_run_again: peer.after,
            dagster_on_postgres: peer.storage === "postgres" ? 1 : 0,
          }),
    },
    ratios: {},
  };
}

async function measureOwn() {
  const home = await openMortalHome(HEARTBEAT_SECONDS);
  try {
    const figures: Record<string, number> = {};
    for (const kind of KINDS) {
      const [noticed, ended]: [number[], number[]] = [[], []];
      for (let count = 0; count < KILLS; count += 1) {
        const id = await home.run(kind);
        const worker = await home.worker(kind, 0);
        const killed = Date.now();
        process.kill(worker, "SIGKILL");
        const run = await home.ended(id);
        if (run.status !== "succeeded") throw new Error(`The run has ${run.status}.`);
        noticed.push((failuresIn(run)[0]?.at ?? Number.NaN) - killed);
        ended.push(Date.now() - killed);
      }
      figures[`${kind}_killed_to_noticed_median_ms`] = round(median(noticed));
      figures[`${kind}_killed_to_noticed_max_ms`] = round(Math.max(...noticed));
      figures[`${kind}_killed_to_run_succeeded_median_ms`] = round(median(ended));
    }
    for (const kind of KINDS) {
      const id = await home.run(kind);
      await home.worker(kind, 0);
      await home.killHost();
      const started = Date.now();
      await home.start();
      const run = await home.ended(id);
      figures[`${kind}_host_restarted_to_noticed_ms`] = round((failuresIn(run)[0]?.at ?? Number.NaN) - started);
      figures[`${kind}_host_restarted_to_run_ended_ms`] = round(Date.now() - started);
      figures[`${kind}_host_restarted_run_succeeded`] = Number(run.status === "succeeded");
    }
    return figures;
  } finally {
    await home.close();
  }
}

/** One op that never ends; it tells the process of its run, which is the parent of its own under the default executor. */
const DEFINITIONS = `
import os, time
from dagster import DefaultSensorStatus, Definitions, RunRequest, job, op, sensor

@op
def work(context):
    key = context.run.tags["dagster/run_key"]
    with open(key + ".tmp", "w") as file:
        file.write(str(os.getppid()))
    os.rename(key + ".tmp", key + ".pid")
    time.sleep(36000)

@job
def long():
    work()

@sensor(job=long, default_status=DefaultSensorStatus.RUNNING)
def wanted(context):
    for number in range(${PEER_KILLS}):
        yield RunRequest(run_key=f"killed-{number}")
    if os.path.exists("go"):
        yield RunRequest(run_key="host")
    if os.path.exists("again"):
        yield RunRequest(run_key="after")

defs = Definitions(jobs=[long], sensors=[wanted])
`;

const measurePeer = (watchMs: number) =>
  withDaemon(DEFINITIONS, async ({ folder, storage, kill, start, runs }) => {
    const wait = async <T>(what: string, look: () => T | undefined): Promise<T> => {
      for (const until = Date.now() + READY_MS; ;) {
        const found = look();
        if (found !== undefined) return found;
        if (Date.now() > until) throw new Error(`Dagster's daemon does not ${what}.`);
        await sleep(1_000);
      }
    };
    const worker = (key: string): Promise<number> =>
      wait(`work at the run ${key}`, () => {
        const file = join(folder, `${key}.pid`);
        return existsSync(file) ? Number(readFileSync(file, "utf8")) : undefined;
      });
    const runOf = (key: string) => runs().find((run) => run.key === key);
    const noticed: number[] = [];
    for (let number = 0; number < PEER_KILLS; number += 1) {
      const key = `killed-${number}`;
      const pid = await worker(key);
      const killed = Date.now();
      process.kill(pid, "SIGKILL");
      noticed.push((await wait("notice", () => runOf(key)?.ended ?? undefined)) - killed);
    }
    writeFileSync(join(folder, "go"), "");
    await worker("host");
    const before = runs().length;
    await kill();
    start();
    const restarted = Date.now();
    // That the daemon works again is seen by a run that is asked for only now.
    writeFileSync(join(folder, "again"), "");
    await worker("after");
    await sleep(Math.max(0, restarted + watchMs - Date.now()));
    const watchedMs = Date.now() - restarted;
    const after = runs();
    const found = after.find(({ key }) => key === "host");
    process.stderr.write(`Dagster says of the run whose host has died: ${found?.status}.\n`);
    const again = before - PEER_KILLS - 1;
    return {
      noticed,
      again,
      status: found?.status,
      hasEnded: found?.ended !== null,
      after: after.length - before - 1,
      watchedMs,
      storage,
    };
  });
