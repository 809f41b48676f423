import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { Run } from "../bin/cli/status.ts";
import type { EngineClient } from "../embedded/control/client.ts";
import { fiveSteps } from "./dagster.ts";
import { withDaemon } from "./dagster-daemon.ts";
import { describeMachine, round, type BenchResult } from "./machine.ts";
import { withTinyHome } from "./tiny-home.ts";

const RUNS = 100;
const POLL_MS = 20;
const READY_MS = 90_000;
/** Fewer are no rate: a window that ends within the first wave of ten measures how processes start, or nothing. */
const ENOUGH = 30;
const MINUTE_MS = 60_000;

/**
 * A hundred runs of five steps that do nothing, asked for at once: completed runs per minute. The peer has
 * `--peer-window` seconds (default 600) from its first queued run; if it has completed fewer than 30 by then, its counts
 * are told and no rate and no ratio.
 */
export async function run(args: readonly string[]): Promise<BenchResult> {
  const { values } = parseArgs({
    args: [...args],
    options: { peer: { type: "string" }, "peer-window": { type: "string", default: "600" } },
  });
  const own = await withTinyHome(({ engine }) => measureOwn(engine));
  const peer = values.peer === "dagster" ? await measurePeer(Number(values["peer-window"]) * 1_000) : undefined;
  return {
    bench: "burst",
    machine: describeMachine(),
    figures: {
      runs: RUNS,
      completed_runs_per_minute: round(own),
      ...(peer === undefined
        ? {}
        : {
            dagster_runs_completed: peer.completed,
            dagster_runs_failed: peer.failed,
            ...(peer.completed < ENOUGH ? {} : { dagster_completed_runs_per_minute: round(peer.rate) }),
            dagster_window_s: round(peer.windowMs / 1_000),
            dagster_on_postgres: peer.storage === "postgres" ? 1 : 0,
          }),
    },
    ratios: peer === undefined || peer.completed < ENOUGH ? {} : { millrace_over_dagster: round(own / peer.rate) },
  };
}

async function measureOwn(engine: EngineClient): Promise<number> {
  const start = (): Promise<Run> => engine.post("/api/start", { machine: "five", input: { n: 1 } }, Run);
  const settled = async (id: string): Promise<void> => {
    for (;;) {
      const { status } = await engine.get(`/api/runs/${id}`, Run);
      if (status === "succeeded") return;
      if (status !== "running") throw new Error(`The run has ${status}.`);
      await sleep(POLL_MS);
    }
  };
  // The peer's daemon has made a run before, too.
  await settled((await start()).id);
  const begun = performance.now();
  const runs = await Promise.all(Array.from({ length: RUNS }, start));
  for (const { id } of runs) await settled(id);
  return (RUNS * MINUTE_MS) / (performance.now() - begun);
}

const SENSOR = `
import os
from dagster import DefaultSensorStatus, Definitions, RunRequest, sensor

@sensor(job=five, default_status=DefaultSensorStatus.RUNNING)
def landed(context):
    yield RunRequest(run_key="first")
    if os.path.exists("go"):
        for number in range(${RUNS}):
            yield RunRequest(run_key=f"burst-{number}")

defs = Definitions(jobs=[five], sensors=[landed])
`;

/** From the first of the runs in its queue to the end of the last, or of those that have ended within the window. */
const measurePeer = (mostMs: number) =>
  withDaemon(`${fiveSteps()}${SENSOR}`, async ({ folder, storage, runs }) => {
    const wait = async (what: string, isReady: () => boolean, ms: number): Promise<void> => {
      for (const until = Date.now() + ms; !isReady();) {
        if (Date.now() > until) throw new Error(`Dagster's daemon does not ${what}.`);
        await sleep(3_000);
      }
    };
    const burst = () => runs().filter(({ key }) => key?.startsWith("burst-") === true);
    await wait("make a run", () => runs().some(({ ended }) => ended !== null), READY_MS);
    writeFileSync(join(folder, "go"), "");
    await wait("queue the runs", () => burst().length > 0, READY_MS);
    const begun = Math.min(...burst().map(({ created }) => created));
    const until = begun + mostMs;
    let seen = burst();
    while (Date.now() < until && (seen.length < RUNS || seen.some(({ ended }) => ended === null))) {
      await sleep(Math.min(30_000, until - Date.now()));
      seen = burst();
    }
    const ends = seen.flatMap(({ status, ended }) =>
      status === "SUCCESS" && ended !== null && ended <= until ? [ended] : [],
    );
    const windowMs = ends.length === RUNS ? Math.max(...ends) - begun : mostMs;
    const failed = seen.filter(({ status }) => status === "FAILURE").length;
    return { failed, rate: (ends.length * MINUTE_MS) / windowMs, completed: ends.length, windowMs, storage };
  });
