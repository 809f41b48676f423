import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { useKernel } from "../../bin/cli/kernel.ts";
import { serve } from "../../bin/cli/serve.ts";
import { readStatus, Run } from "../../bin/cli/status.ts";
import { openLakeQuery } from "../../embedded/control/query.ts";
import { ENV_LANDING } from "../../embedded/control/land.ts";
import { findEngine } from "../../embedded/control/client.ts";
import { temporaryFolder } from "../../embedded/workers/environment.ts";

const POLL_MS = 1_000;

export type DemoHome = Awaited<ReturnType<typeof startHome>>;

/** The embedded default in a state folder of its own. */
async function startHome(stateDir: string) {
  const serving = await serve({ stateDir, inbox: true, note: () => undefined });
  const engine = await findEngine(stateDir);
  if (engine === undefined) throw new Error("The engine does not answer.");
  const { settings } = await readStatus(engine);
  const kernel = () => useKernel({ engine: () => Promise.resolve(engine) });
  const start = async (machine: string, input: object): Promise<string> =>
    (await engine.post("/api/start", { machine, input }, Run)).id;
  const ended = async (id: string): Promise<Run> => {
    for (;;) {
      const run = await engine.get(`/api/runs/${id}`, Run);
      if (run.status !== "running") return run;
      await sleep(POLL_MS);
    }
  };
  /** Until nothing waits or runs; tells how many still do. */
  const settled = async (tell: (open: number) => void): Promise<void> => {
    for (let quiet = 0, told = -1; quiet < 3; await sleep(POLL_MS)) {
      const lanes = await (await kernel()).lanes.state(Date.now());
      const waiting = lanes.reduce((sum, { running, waiting: { count } }) => sum + running.length + count, 0);
      const open = Math.max(waiting, (await readStatus(engine)).running);
      if (open !== told) tell((told = open));
      quiet = open === 0 ? quiet + 1 : 0;
    }
  };
  return {
    ...{ stateDir, engine, kernel, start, ended, settled },
    landing: settings[ENV_LANDING] ?? "",
    async rows(sql: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
      const session = await openLakeQuery(settings, temporaryFolder(stateDir, "demo"));
      try {
        return await session.rows(sql);
      } finally {
        session.close();
      }
    },
    async stop(): Promise<void> {
      serving.stop();
      await serving.ended;
    },
  };
}

/** Runs the work in a folder that is gone afterwards, or in one that is kept. */
export async function withDemoHome<T>(kept: string | undefined, work: (home: DemoHome) => Promise<T>): Promise<T> {
  const stateDir = kept ?? mkdtempSync(join(tmpdir(), "millrace-demo-"));
  try {
    const home = await startHome(stateDir);
    try {
      return await work(home);
    } finally {
      await home.stop();
    }
  } finally {
    if (kept === undefined) rmSync(stateDir, { recursive: true, force: true });
  }
}
