import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import { Failure } from "../../../core/model/failures.ts";
import { findEngine } from "../../../embedded/control/client.ts";
import { EXIT } from "../output.ts";
import type { Verb } from "../verb.ts";

const STOP_TIMEOUT_MS = 30_000;

/** Asks the engine to stop and waits until it is gone. Returns its process id, or undefined when none ran. */
export async function stopEngine(stateDir: string): Promise<number | undefined> {
  const engine = await findEngine(stateDir);
  if (engine === undefined) return undefined;
  const { pid } = await engine.post("/api/stop", {}, z.looseObject({ pid: z.number() }));
  for (const deadline = Date.now() + STOP_TIMEOUT_MS; Date.now() < deadline; await sleep(50)) {
    if (!isAlive(pid)) return pid;
  }
  throw new Failure("Transient", `The engine (process ${pid}) was asked to stop and still runs after 30 s.`, {
    code: "engine_not_stopped",
    what: "stop the engine",
    hint: `Look into logs/engine.log; \`kill ${pid}\` ends it, and nothing durable is lost by that.`,
  });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

export const down: Verb = {
  usage: "down",
  summary: "Stop the engine; what is under way goes on at the next start",
  home: "engine",
  examples: ["down"],
  async run(_, { out, stateDir }) {
    const pid = await stopEngine(stateDir);
    out.result({ stopped: pid !== undefined, pid: pid ?? null }, () =>
      pid === undefined ? "No engine was running." : `Stopped the engine (process ${pid}).`,
    );
    return EXIT.ok;
  },
};
