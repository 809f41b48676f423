import { startHome, type Home } from "../../embedded/server.ts";
import { DUCKDB_EXTENSIONS, ENVIRONMENT, TOOL_PATH } from "./paths.ts";
import { ensureAssembly } from "./synthesise.ts";

/** Where a machine without MIT Learn sends its webhooks: an inbox of our own that checks them. */
const LEARN_INBOX = { name: "learn", signatureHeader: "X-MITLearn-Signature", secretRole: "learn/webhook" };
const IDLE_CHECK_MS = 15_000;

export interface ServeOptions {
  readonly stateDir: string;
  readonly port?: number;
  readonly idleStopMinutes?: number;
  readonly inbox: boolean;
  readonly note: (message: string) => void;
}

export interface Serving {
  readonly home: Home;
  /** Resolves after a signal, a request to stop, or the idle time; the home has stopped by then. */
  readonly ended: Promise<void>;
  stop(): void;
}

/** Synthesises if needed and runs the engine in this process until it is told to stop. */
export async function serve(options: ServeOptions): Promise<Serving> {
  const { stateDir, port, idleStopMinutes, note } = options;
  const assemblyDir = await ensureAssembly(note);
  const { promise: asked, resolve: stop } = Promise.withResolvers<void>();
  const home = await startHome({
    stateDir,
    assemblyDir,
    environment: ENVIRONMENT,
    ...(port === undefined ? {} : { port }),
    duckdbExtensions: DUCKDB_EXTENSIONS,
    toolPath: TOOL_PATH,
    ...(options.inbox ? { inbox: LEARN_INBOX } : {}),
    onStopRequest: stop,
    onFatal: () => {
      process.exitCode = 1;
      stop();
    },
    log: (message) => note(`${new Date().toISOString()} ${message}`),
  });
  for (const warning of home.warnings) note(warning);
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => stop());
  const idle =
    idleStopMinutes === undefined
      ? undefined
      : setInterval(() => {
          if (!home.busy() && home.idleMs() > idleStopMinutes * 60_000) stop();
        }, IDLE_CHECK_MS);
  const ended = asked.then(async () => {
    clearInterval(idle);
    await home.stop();
  });
  return { home, ended, stop };
}
