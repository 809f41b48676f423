import { spawn } from "node:child_process";
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

const root = join(import.meta.dirname, "..", "..");
const TOOLS = join(root, ".tools");
const PROGRAM = join(TOOLS, "python", "bin", "ministack");
const START_MS = 30_000;
/** It was seen to take 1.8 s with state to write; here it keeps none. */
const STOP_MS = 10_000;
const SHOWN_LINES = 40;

export interface Emulator {
  readonly url: string;
  /** What AWS's own tools and the SDK read: address, region, credentials that it does not check. */
  readonly env: Readonly<Record<string, string>>;
  readonly logFile: string;
  /** The log's last lines, for whoever has to explain a failure. */
  log(): string;
  stop(): Promise<void>;
}

/**
 * MiniStack (test/deploy/requirements.txt) on loopback, in memory, with a folder of its own that goes with it. An
 * address and not a name, so that the SDK addresses buckets by path. Throws when it does not answer in 30 s.
 */
export async function startEmulator(port?: number): Promise<Emulator> {
  if (!existsSync(PROGRAM)) throw new Error(`${PROGRAM} is missing. Run \`npm run emulator\` or \`npm test\` once.`);
  const gateway = port ?? (await freePort());
  const url = `http://127.0.0.1:${gateway}`;
  const folder = mkdtempSync(join(tmpdir(), "millrace-emulator-"));
  const logFile = join(folder, "emulator.log");
  const env = {
    AWS_ENDPOINT_URL: url,
    AWS_REGION: "us-east-1",
    // Read by AWS's own command line, which does not read the one above in its first version.
    AWS_DEFAULT_REGION: "us-east-1",
    AWS_ACCESS_KEY_ID: "test",
    AWS_SECRET_ACCESS_KEY: "test",
  };
  mkdirSync(join(folder, "tmp"));
  const output = openSync(logFile, "a");
  const server = spawn(PROGRAM, [], {
    cwd: folder,
    stdio: ["ignore", output, output],
    env: {
      ...env,
      HOME: folder,
      GATEWAY_PORT: String(gateway),
      BIND_HOST: "127.0.0.1",
      MINISTACK_HOST: "127.0.0.1",
      IOT_MTLS_ENABLED: "0",
      LAMBDA_EXECUTOR: "local",
      // Functions run as children of the server and inherit what follows: the pinned Node, the native module that
      // bundles leave out, and where this machine has what AWS gets in a layer.
      PATH: `${join(root, "node_modules", ".bin")}:${process.env["PATH"] ?? ""}`,
      NODE_PATH: join(root, "node_modules"),
      MILLRACE_DUCKDB_EXTENSIONS: join(TOOLS, "duckdb-extensions"),
      TMPDIR: join(folder, "tmp"),
    },
  });
  closeSync(output);
  const ended = new Promise<void>((done) => server.once("close", () => done()));
  const log = (): string =>
    readFileSync(logFile, "utf8").trimEnd().split("\n").filter(isTelling).slice(-SHOWN_LINES).join("\n");
  const stop = async (): Promise<void> => {
    server.kill("SIGTERM");
    const late = setTimeout(() => server.kill("SIGKILL"), STOP_MS);
    await ended;
    clearTimeout(late);
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  };
  const giveUpAt = Date.now() + START_MS;
  while (!(await answers(url))) {
    if (server.exitCode === null && Date.now() < giveUpAt) {
      await pause(50);
      continue;
    }
    const said = log();
    await stop();
    throw new Error(`The emulator did not start at ${url}:\n${said}`);
  }
  return { url, env, logFile, log, stop };
}

const isTelling = (line: string): boolean => !/_ministack\/health|^\s*$/.test(line);

const answers = (url: string): Promise<boolean> =>
  fetch(`${url}/_ministack/health`, { signal: AbortSignal.timeout(1_000) }).then(
    ({ ok }) => ok,
    () => false,
  );

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const address = server.address();
  await new Promise((closed) => server.close(closed));
  if (address === null || typeof address === "string") throw new Error("The machine gave no port.");
  return address.port;
}
