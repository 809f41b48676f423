import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import { findEngine, type EngineClient } from "../../embedded/control/client.ts";
import { killLeftovers } from "../../embedded/workers/process-group.ts";
import { writeDyingAssembly } from "./dying-assembly.ts";

const ENGINE = join(import.meta.dirname, "engine-process.ts");
const READY_MS = 60_000;
const POLL_MS = 20;

const Followed = z.looseObject({
  id: z.string(),
  status: z.enum(["queued", "running", "succeeded", "failed", "cancelled"]),
  output: z.unknown(),
  history: z.array(z.looseObject({ type: z.string(), timestamp: z.string() })),
});
type Followed = z.infer<typeof Followed>;

export type MortalHome = Awaited<ReturnType<typeof openMortalHome>>;

/** An engine in a process of its own with the machines of `dying-assembly.ts`, and everything that can happen to both. */
export async function openMortalHome(heartbeatSeconds: number) {
  const folder = mkdtempSync(join(tmpdir(), "millrace-mortal-"));
  const [stateDir, marks] = [join(folder, "state"), join(folder, "marks")];
  mkdirSync(marks);
  const assembly = writeDyingAssembly(folder, heartbeatSeconds);
  let child: ChildProcess | undefined;
  let client: EngineClient | undefined;

  const wait = async <T>(what: string, look: () => Promise<T | undefined> | T | undefined): Promise<T> => {
    for (const until = Date.now() + READY_MS; ;) {
      const found = await look();
      if (found !== undefined) return found;
      if (Date.now() > until) throw new Error(`Not seen within ${READY_MS / 1000} s: ${what}.`);
      await sleep(POLL_MS);
    }
  };
  const start = async (): Promise<void> => {
    child = spawn(process.execPath, [ENGINE, stateDir, assembly], { stdio: "ignore", detached: true });
    client = await wait("an engine that answers", () => findEngine(stateDir));
  };
  /** As a host's death does: the engine and every worker at once, nobody gets to say anything. */
  const killHost = async (): Promise<void> => {
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    process.kill(-child.pid, "SIGKILL");
    killLeftovers(stateDir);
    await ended;
  };
  const read = async (id: string): Promise<Followed> => {
    if (client === undefined) throw new Error("There is no engine.");
    return client.get(`/api/runs/${id}`, Followed);
  };
  await start();

  return {
    start,
    killHost,
    read,
    run: async (machine: "container" | "function"): Promise<string> => {
      for (const mark of readdirSync(marks)) rmSync(join(marks, mark));
      const started = await client?.post(
        "/api/start",
        { machine, input: { marks } },
        z.looseObject({ id: z.string() }),
      );
      return started?.id ?? "";
    },
    /** Process id of the worker of this attempt, once it is at work. */
    worker: (name: "container" | "function", attempt: number): Promise<number> =>
      wait(`attempt ${attempt} at work`, () => {
        const mark = join(marks, `${name}-${attempt}`);
        const text = existsSync(mark) ? readFileSync(mark, "utf8") : "";
        return text === "" ? undefined : Number(text);
      }),
    ended: (id: string): Promise<Followed> =>
      wait("the end of the run", async () => {
        const run = await read(id);
        return run.status === "running" || run.status === "queued" ? undefined : run;
      }),
    close: async (): Promise<void> => {
      await killHost();
      rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}

/** When the engine wrote down that an attempt had failed, in epoch milliseconds, and under which error. */
export const failuresIn = ({ history }: Followed): { readonly error: string; readonly at: number }[] =>
  history.flatMap((event) => {
    const details = Object.values(event).find((value) => Failed.safeParse(value).success);
    const failed = Failed.safeParse(details);
    return failed.success ? [{ error: failed.data.error, at: Date.parse(event.timestamp) }] : [];
  });
const Failed = z.looseObject({ error: z.string() });
