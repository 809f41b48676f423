import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import {
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import { installDagster } from "./dagster.ts";

export interface Daemon {
  /** What Dagster keeps its runs in. */
  readonly storage: "postgres" | "sqlite";
  readonly folder: string;
  /** Ends the daemon, its code server and its runs as the death of their host does; Postgres, which lives elsewhere, stays. */
  kill(): Promise<void>;
  /** Starts the daemon again after `kill`. */
  start(): void;
  /** All runs as the instance tells them; times in epoch milliseconds. */
  runs(): readonly DaemonRun[];
}

const DaemonRun = z.object({
  key: z.string().nullable(),
  status: z.string(),
  created: z.number(),
  started: z.number().nullable(),
  ended: z.number().nullable(),
});
type DaemonRun = z.infer<typeof DaemonRun>;

/**
 * Dagster's daemon with its defaults (queued runs, a process per run and per step, sensors every 30 s) over these
 * definitions, on Postgres where there is one on the path; alive as long as `work` is. All files are in a folder of its own.
 */
export async function withDaemon<T>(definitions: string, work: (daemon: Daemon) => Promise<T>): Promise<T> {
  const venv = installDagster();
  const folder = mkdtempSync(join(tmpdir(), "millrace-daemon-"));
  const children: ChildProcess[] = [];
  try {
    const database = await startPostgres(folder, children);
    const home = join(folder, "home");
    mkdirSync(home);
    writeFileSync(join(home, "dagster.yaml"), ["telemetry:", "  enabled: false", ...(database ?? []), ""].join("\n"));
    writeFileSync(join(folder, "definitions.py"), definitions);
    writeFileSync(join(folder, "runs.py"), RUNS);
    writeFileSync(join(folder, "workspace.yaml"), "load_from:\n  - python_file: definitions.py\n");
    const env = { ...process.env, DAGSTER_HOME: home, DAGSTER_DISABLE_TELEMETRY: "1", PYTHONPATH: folder };
    const start = (): void => {
      children.push(
        spawn(join(venv, "bin", "dagster-daemon"), ["run", "-w", "workspace.yaml"], {
          ...{ cwd: folder, env, stdio: "ignore", detached: true },
        }),
      );
    };
    start();
    const runs = (): readonly DaemonRun[] => {
      const { status, stdout, stderr } = spawnSync(join(venv, "bin", "python"), ["runs.py"], {
        ...{ cwd: folder, env, encoding: "utf8" },
      });
      if (status !== 0) throw new Error(`Dagster has failed:\n${stderr.slice(-2_000)}`);
      return z.array(DaemonRun).parse(JSON.parse(stdout.trim().split("\n").at(-1) ?? "[]"));
    };
    const kill = async (): Promise<void> => {
      const daemon = children.at(-1);
      const ended = daemon === undefined ? undefined : once(daemon, "exit");
      for (const pid of processesOf(home)) process.kill(pid, "SIGKILL");
      await ended;
    };
    return await work({ storage: database === undefined ? "sqlite" : "postgres", folder, kill, start, runs });
  } finally {
    for (const child of children.toReversed()) await end(child);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Daemon, code server, runs and steps: each has the instance's folder in its environment. */
const processesOf = (home: string): number[] =>
  readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const environment = readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
        return environment.includes(`DAGSTER_HOME=${home}`) ? [Number(pid)] : [];
      } catch {
        // It has ended meanwhile.
        return [];
      }
    });

/** With the processes that it has started: it is the head of their group. */
async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  process.kill(-child.pid, "SIGTERM");
  await Promise.race([ended, sleep(10_000)]);
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch {
    // All of them have ended.
  }
}

/** The lines of dagster.yaml for a Postgres of our own; undefined = there is none on this machine. */
async function startPostgres(folder: string, children: ChildProcess[]): Promise<string[] | undefined> {
  if (spawnSync("postgres", ["--version"]).status !== 0) return undefined;
  const data = join(folder, "postgres");
  mkdirSync(data);
  // Postgres does not run as root.
  const user = process.getuid?.() === 0 ? userOf("postgres") : {};
  if (user.uid !== undefined) {
    chownSync(folder, user.uid, user.gid ?? user.uid);
    chownSync(data, user.uid, user.gid ?? user.uid);
  }
  const made = spawnSync("initdb", ["-D", data, "-U", "dagster", "-A", "trust", "--no-sync"], {
    ...{ ...user, encoding: "utf8", cwd: folder },
  });
  if (made.status !== 0) throw new Error(`Postgres cannot be set up:\n${made.stderr.slice(-2_000)}`);
  const port = await freePort();
  const args = ["-D", data, "-p", String(port), "-k", data, "-h", "127.0.0.1"];
  children.push(spawn("postgres", args, { ...user, cwd: folder, stdio: "ignore", detached: true }));
  const url = `postgresql+psycopg2://dagster@127.0.0.1:${port}/postgres`;
  for (let tries = 0; !existsSync(join(data, `.s.PGSQL.${port}`)); tries += 1) {
    if (tries > 100) throw new Error("Postgres does not start.");
    await sleep(100);
  }
  return ["storage:", "  postgres:", `    postgres_url: ${url}`];
}

function userOf(name: string): { uid?: number; gid?: number } {
  const number = (option: string): number =>
    Number(spawnSync("id", [option, name], { encoding: "utf8" }).stdout.trim());
  return { uid: number("-u"), gid: number("-g") };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("There is no free port.");
  return address.port;
}

const RUNS = `
import json
from dagster import DagsterInstance

with DagsterInstance.get() as instance:
    ms = lambda at: None if at is None else at * 1000
    print(json.dumps([
        {
            "key": record.dagster_run.tags.get("dagster/run_key"),
            "status": record.dagster_run.status.value,
            "created": record.create_timestamp.timestamp() * 1000,
            "started": ms(record.start_time),
            "ended": ms(record.end_time),
        }
        for record in instance.get_run_records(limit=1000)
    ]))
`;
