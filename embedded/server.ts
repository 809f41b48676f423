import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join, resolve } from "node:path";
import { connect } from "../core/io/connect.ts";
import { embeddedFailure } from "../core/io/embedded/errors.ts";
import { WAREHOUSE_FOLDER } from "../core/io/embedded/lake.ts";
import { ENV, readSettings } from "../core/io/settings.ts";
import { loadAssembly } from "./assembly.ts";
import { createCatalogue } from "./catalogue/catalogue.ts";
import { openEngine } from "./control/engine-port.ts";
import { startEventPump } from "./events/pump.ts";
import { openHomeStore } from "./home-store.ts";
import { startObjectSweep } from "./object-sweep.ts";
import { startScheduler } from "./schedules/scheduler.ts";
import { controlRoutes } from "./server/control-routes.ts";
import { executionRoutes } from "./server/execution-routes.ts";
import { listen, readBody, sendFailure, sendJson } from "./server/http.ts";
import { publisher } from "./server/own-events.ts";
import { openOwnInbox, type InboxSettings } from "./server/own-inbox.ts";
import { serveRoutes } from "./server/routes.ts";
import { scheduleRoutes } from "./server/schedule-routes.ts";
import { lockStateFolder, prepareStateFolder, removeAddress, writeAddress } from "./server/state-folder.ts";
import { tokenRoutes } from "./server/token-routes.ts";
import { createContainerPool } from "./workers/container-pool.ts";
import { createLambdaPool } from "./workers/lambda-pool.ts";
import { openStartedAttempts } from "./workers/started-attempts.ts";
import { killLeftovers } from "./workers/process-group.ts";

/** As long as Step Functions keeps the history of an execution. */
const KEEP_DAYS = 90;
const DAY_MS = 86_400_000;

export interface HomeOptions {
  readonly stateDir: string;
  /** `cdk.out` */
  readonly assemblyDir: string;
  readonly environment: string;
  /** Given: this one or none. Absent: 4747, or a free one. */
  readonly port?: number;
  readonly duckdbExtensions: string;
  /** Folders with the tools that containers call (dbt). */
  readonly toolPath: readonly string[];
  readonly inbox?: InboxSettings;
  /** Called when somebody asks the engine to stop over the control API. */
  readonly onStopRequest?: () => void;
  /** The journal cannot be written any more (a full disk): stop, and start again when it can. */
  readonly onFatal: (error: Error) => void;
  readonly log: (message: string) => void;
}

export interface Home {
  readonly url: string;
  readonly port: number;
  readonly warnings: readonly string[];
  /** True while something runs or waits to run. */
  busy(): boolean;
  /** Milliseconds since the last request of the control API. */
  idleMs(): number;
  stop(): Promise<void>;
}

/** Runs an assembly on this machine: engine, triggers, workers, catalogue and control API, all of one state folder. */
export async function startHome(options: HomeOptions): Promise<Home> {
  const stateDir = resolve(options.stateDir);
  const assembly = loadAssembly(options.assemblyDir, options.environment);
  prepareStateFolder(stateDir);
  const lock = lockStateFolder(stateDir);
  const undo: (() => Promise<void> | void)[] = [() => lock.release()];
  const stop = async (): Promise<void> => {
    for (const step of undo.splice(0).reverse()) {
      try {
        await step();
      } catch (error) {
        options.log(`While stopping: ${String(error)}`);
      }
    }
  };
  try {
    const leftovers = killLeftovers(stateDir);
    if (leftovers > 0) options.log(`Ended ${leftovers} workers that a killed engine had left behind.`);
    rmSync(join(stateDir, "tmp"), { recursive: true, force: true });

    const token = randomBytes(32).toString("hex");
    const startedAt = new Date().toISOString();
    let serve: Parameters<typeof listen>[1] = (_, response) =>
      sendJson(response, 503, { message: "The engine is starting." });
    const { server, port } = await listen(options.port, (request, response) => serve(request, response));
    undo.push(() => {
      server.closeAllConnections();
      server.close();
    });
    const url = `http://127.0.0.1:${port}`;
    const catalogUri = `${url}/catalog`;

    const embedded = {
      ...assembly.settings,
      [ENV.embeddedState]: stateDir,
      [ENV.embeddedUrl]: url,
      [ENV.embeddedCatalog]: catalogUri,
      [ENV.duckdbExtensions]: options.duckdbExtensions,
    };
    const settings = readSettings(embedded);
    const io = await connect(settings);
    const catalogue = createCatalogue({
      file: join(stateDir, "catalogue.db"),
      warehouseDir: join(stateDir, WAREHOUSE_FOLDER),
    });
    undo.push(() => catalogue.close());
    const store = openHomeStore(stateDir);
    undo.push(() => store.close());

    const surroundings = {
      stateDir,
      settings: {
        ...secretVariables(),
        ...pick(embedded, [ENV.embeddedState, ENV.embeddedUrl, ENV.embeddedCatalog, ENV.duckdbExtensions]),
      },
      toolPath: options.toolPath,
    };
    const cores = availableParallelism();
    const functions = createLambdaPool({
      functions: assembly.functions,
      surroundings,
      concurrency: Math.max(4, 2 * cores),
    });
    const started = openStartedAttempts(stateDir);
    undo.push(() => started.close());
    const engine = await openEngine({
      started,
      file: join(stateDir, "engine.db"),
      machines: assembly.machines,
      express: assembly.express,
      functions,
      containers: (tokens) =>
        createContainerPool({ containers: assembly.containers, surroundings, concurrency: Math.max(2, cores), tokens }),
      publish: publisher(stateDir, settings.busName, assembly.rules, store, undo),
      onFatal: (error) => {
        options.log(`The engine's journal cannot be written: ${error.message}`);
        options.onFatal(error);
      },
    });
    undo.push(() => engine.close());
    undo.push(() => functions.stop());
    undo.push(() => engine.containers.stop());

    const inbox = options.inbox === undefined ? undefined : await openOwnInbox(stateDir, url, options.inbox);
    undo.push(() => inbox?.close());

    const onError = (error: unknown): void => options.log(`Event not handled yet: ${String(error)}`);
    const { start } = engine;
    const pump = startEventPump({
      stateDir,
      customBus: settings.busName,
      rules: assembly.rules,
      store,
      start,
      onError,
    });
    undo.push(() => pump.stop());
    const scheduler = startScheduler({ schedules: assembly.schedules, store, start, onError });
    undo.push(() => scheduler.stop());

    const forget = async (): Promise<void> => {
      const before = new Date(Date.now() - KEEP_DAYS * DAY_MS);
      store.prune(before);
      while ((await engine.prune(before)) > 0);
    };
    await forget();
    const forgetting = setInterval(() => void forget().catch(onError), DAY_MS);
    undo.push(() => clearInterval(forgetting));

    const objectSweep = startObjectSweep(stateDir, options.log);
    undo.push(() => objectSweep.stop());

    let lastRequest = Date.now();
    const busy = (): boolean =>
      functions.busy + engine.containers.busy + engine.containers.waiting > 0 || engine.running() > 0;
    const routes = serveRoutes(
      [
        ...tokenRoutes(engine.tokens),
        ...executionRoutes(engine.executions, assembly.machines),
        ...scheduleRoutes({ executions: engine.executions, ledger: io.ledger, store, schedules: assembly.schedules }),
        ...controlRoutes({
          executions: engine.executions,
          ledger: io.ledger,
          store,
          machines: assembly.machines,
          domainOf: domainNames(assembly.machines, options.environment),
          eventsWaiting: pump.waiting,
          received: () => inbox?.list() ?? [],
          status: () => ({
            pid: process.pid,
            port,
            url,
            startedAt,
            stateDir,
            environment: options.environment,
            catalogUri,
            warehouse: catalogue.warehouse,
            settings: embedded,
            machines: assembly.machines.map(({ arn, name }) => ({ arn, name })),
            schedules: scheduler.next(),
            functions: { busy: functions.busy, waiting: functions.waiting },
            containers: { busy: engine.containers.busy, waiting: engine.containers.waiting },
            running: engine.running(),
            eventsWaiting: pump.waiting(),
            deadLetters: store.deadLetters().length,
            warnings: assembly.warnings,
          }),
          stop: () => options.onStopRequest?.(),
        }),
      ],
      token,
    );
    serve = (request, response) => {
      const path = request.url ?? "/";
      if (path.startsWith("/catalog/")) return catalogue.handler(request, response);
      if (inbox !== undefined && path.startsWith(`/inbox/${options.inbox?.name ?? ""}/`)) {
        readBody(request).then(
          (body) => {
            const reply = inbox.receive(`${url}${path}`, request.method ?? "", request.headers, body);
            sendJson(response, reply.status, reply.body);
          },
          (error: unknown) => sendFailure(response, error),
        );
        return;
      }
      if (path.startsWith("/api/") && path !== "/api/health") lastRequest = Date.now();
      void routes(request, response);
    };
    // Last: whoever finds the address finds an engine that answers.
    writeAddress(stateDir, { pid: process.pid, port, startedAt, token });
    undo.push(() => removeAddress(stateDir));
    return { url, port, warnings: assembly.warnings, busy, idleMs: () => Date.now() - lastRequest, stop };
  } catch (error) {
    await stop();
    throw embeddedFailure(error, "start the engine");
  }
}

const pick = (values: Readonly<Record<string, string>>, names: readonly string[]): Record<string, string> =>
  Object.fromEntries(names.map((name) => [name, values[name] ?? ""]));

/** Secrets may come from the environment of whoever starts the engine; nothing else of it reaches a task. */
const secretVariables = (): Record<string, string> =>
  Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) =>
      name.startsWith("MILLRACE_SECRET_") && value !== undefined ? [[name, value]] : [],
    ),
  );

/** Machines are named `<product>-<environment>-<domain>`: what follows the environment is the domain. */
function domainNames(machines: readonly { readonly arn: string; readonly name: string }[], environment: string) {
  const names = new Map(
    machines.map(({ arn, name }) => [arn, (name.split(`-${environment}-`).at(-1) ?? name).replaceAll("-", "_")]),
  );
  return (arn: string): string => names.get(arn) ?? arn;
}
