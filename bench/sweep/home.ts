import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import { startInBackground } from "../../bin/cli/engine.ts";
import { useKernel } from "../../bin/cli/kernel.ts";
import { Run } from "../../bin/cli/status.ts";
import { stopEngine } from "../../bin/cli/verbs/down.ts";
import { writeSecret } from "../../core/io/embedded/secrets.ts";
import { findEngine, type EngineClient } from "../../embedded/control/client.ts";
import { killLeftovers } from "../../embedded/workers/process-group.ts";
import { exportLane } from "../../lambdas/openedx/sources/course-assets.ts";
import type { OpenEdxStandIn } from "../../test/standins/open-edx.ts";
import { findWorkers, killNow } from "../chaos/victims.ts";

export const DEPLOYMENT = "mitxonline";
const MACHINE = "openedx_discovery";
const TASK = /SweepVersions|sweep-versions/;
/** Each look reads all of /proc, in the process that answers for the LMS. */
const POLL_MS = 250;
const Ended = Run.extend({ output: z.unknown() });

export interface SweepRun {
  readonly seconds: number;
  readonly kills: number;
  /** Of the process of the task, all its lives together. */
  readonly peakRssMb: number;
}

/** The embedded default as a process of its own, which can be killed with all that it has started. */
export async function openSweepHome(stateDir: string, server: OpenEdxStandIn) {
  await writeSecret(stateDir, `openedx/${DEPLOYMENT}`, server.secret);
  let engine: EngineClient = await startInBackground(stateDir, []);
  const kernel = await useKernel({ engine: () => Promise.resolve(engine) });
  // Reading 3,500 structures is another bench: they wait.
  await kernel.lanes.close("openedx_courses", {
    ...{ class: "operator", reason: "The bench counts what waits.", since: Date.now() },
  });
  const sweepers = (): number[] => findWorkers(stateDir).flatMap(({ pid }) => (isSweeper(pid) ? [pid] : []));

  /** False: nobody sweeps just now. */
  const kill = async (kind: "task" | "engine"): Promise<boolean> => {
    const pids = sweepers();
    if (pids.length === 0) return false;
    if (kind === "task") return pids.map(killNow).some(Boolean);
    killNow(engine.address.pid);
    killLeftovers(stateDir);
    engine = await startInBackground(stateDir, []);
    return true;
  };

  /** Runs a job to its end; `disturb` is asked again and again whether it has killed something. */
  const run = async (job: string, disturb: () => Promise<boolean> = async () => false): Promise<SweepRun> => {
    const started = performance.now();
    const { id } = await engine.post("/api/start", { machine: MACHINE, input: { job, deployment: DEPLOYMENT } }, Run);
    let [kills, peakRssMb] = [0, 0];
    for (;;) {
      for (const pid of sweepers()) peakRssMb = Math.max(peakRssMb, peakOf(pid));
      if (await disturb()) kills += 1;
      const found = await engine.get(`/api/runs/${id}`, Ended);
      if (found.status !== "running" && found.status !== "queued") {
        const seconds = (performance.now() - started) / 1_000;
        process.stderr.write(`${job}: ${found.status} after ${seconds.toFixed(1)} s ${JSON.stringify(found.output)}\n`);
        if (found.status !== "succeeded") throw new Error(`${job} has ${found.status}: ${found.error?.message}`);
        return { seconds, kills, peakRssMb };
      }
      await sleep(POLL_MS);
    }
  };
  return {
    ...{ kill, run },
    /** Of the lane of exports: those of the runs that Studio is asked for. */
    slotsHeld: async (): Promise<number> =>
      (await kernel.lanes.state(Date.now())).find(({ id }) => id === exportLane(DEPLOYMENT))?.running.length ?? 0,
    close: async (): Promise<void> => {
      const current = await findEngine(stateDir);
      await stopEngine(stateDir).catch(() => current !== undefined && killNow(current.address.pid));
    },
  };
}

function isSweeper(pid: number): boolean {
  const name = /AWS_LAMBDA_FUNCTION_NAME=([^\0]*)/.exec(read(`/proc/${pid}/environ`))?.[1] ?? "";
  return TASK.test(name);
}

const peakOf = (pid: number): number =>
  Number(/^VmHWM:\s+(\d+) kB$/m.exec(read(`/proc/${pid}/status`))?.[1] ?? 0) / 1_024;

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    // It has ended meanwhile.
    return "";
  }
}
