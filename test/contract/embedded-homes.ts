import { writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { json } from "node:stream/consumers";
import { embeddedBus, openBus } from "../../core/io/embedded/bus.ts";
import { embeddedLedger } from "../../core/io/embedded/ledger.ts";
import { embeddedObjects } from "../../core/io/embedded/objects.ts";
import { readOutbox } from "../../core/io/embedded/outbox.ts";
import { embeddedSecrets, writeSecret } from "../../core/io/embedded/secrets.ts";
import { embeddedExecutions } from "../../core/io/embedded/executions.ts";
import { embeddedTokens } from "../../core/io/embedded/tokens.ts";
import type { Ledger } from "../../core/io/ports.ts";
import { startHome } from "../../embedded/server.ts";
import { writeTinyAssembly } from "../standins/tiny-assembly.ts";
import type { OpenedBus } from "./bus-contract.ts";
import type { OpenedObjects } from "./objects-contract.ts";
import { MACHINE, type OpenedExecutions } from "./executions-contract.ts";
import type { Home, Opened } from "./opened.ts";
import type { OpenedSecrets } from "./secrets-contract.ts";
import { temporaryFolder } from "./temporary-folder.ts";
import type { OpenedTokens } from "./tokens-contract.ts";

const name = "embedded";

export const embeddedObjectsHome: Home<OpenedObjects> = {
  name,
  open: async () => {
    const folder = temporaryFolder();
    const port = embeddedObjects(folder.path);
    const close = async (): Promise<void> => {
      port.close();
      folder.remove();
    };
    return { port, bucket: "millrace-dev-landing", close };
  },
};

export const embeddedLedgerHome: Home<Opened<Ledger>> = {
  name,
  open: async () => {
    const folder = temporaryFolder();
    const port = embeddedLedger(folder.path);
    const close = async (): Promise<void> => {
      port.close();
      folder.remove();
    };
    return { port, close };
  },
};

export const embeddedBusHome: Home<OpenedBus> = {
  name,
  open: async () => {
    const folder = temporaryFolder();
    const port = embeddedBus(folder.path);
    const db = openBus(folder.path);
    const close = async (): Promise<void> => {
      port.close();
      db.close();
      folder.remove();
    };
    const received = async (): Promise<string[]> =>
      readOutbox(db, 0, 1_000).map(({ event }) => JSON.parse(event).detail.eventId);
    return { port, received, close };
  },
};

export const embeddedSecretsHome: Home<OpenedSecrets> = {
  name,
  open: async () => {
    const folder = temporaryFolder();
    const store = async (role: string, text: string): Promise<void> => {
      const fields = JSON.parse(text);
      await writeSecret(folder.path, role, fields);
    };
    await writeFile(join(folder.path, "secrets.json"), "{}", { mode: 0o600 });
    return { port: embeddedSecrets(folder.path, {}), store, close: async () => folder.remove() };
  },
};

/** The engine's three addresses, as its server answers them. */
export const embeddedTokensHome: Home<OpenedTokens> = {
  name,
  open: async () => {
    const tasks = new Map<string, unknown>();
    const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
      const { token, ...rest } = (await json(request)) as { token: string };
      const known = tasks.has(token) && tasks.get(token) === undefined;
      if (known && request.url !== "/tokens/heartbeat") tasks.set(token, rest);
      response.statusCode = known ? 200 : 410;
      response.end(JSON.stringify(known ? {} : { error: "task_gone" }));
    };
    const server = createServer((request, response) => void answer(request, response));
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    const { port } = server.address() as AddressInfo;
    return {
      port: embeddedTokens(`http://127.0.0.1:${port}`),
      waiting: async () => {
        const token = `token-${tasks.size}`;
        tasks.set(token, undefined);
        return token;
      },
      outcome: async (token) => tasks.get(token),
      close: async () => {
        server.closeAllConnections();
        await new Promise((closed) => server.close(closed));
      },
    };
  },
};

/** The engine itself, on an assembly of one machine. */
export const embeddedExecutionsHome: Home<OpenedExecutions> = {
  name,
  open: async () => {
    const folder = temporaryFolder();
    const stateDir = join(folder.path, "state");
    const assemblyDir = writeTinyAssembly(join(folder.path, "assembly"), {
      machines: { "course-runs": MACHINE },
      // A home takes its settings from the functions of its assembly.
      functions: { Idle: { code: "exports.handler = async () => ({});" } },
    });
    const home = await startHome({
      stateDir,
      assemblyDir,
      environment: "dev",
      duckdbExtensions: folder.path,
      toolPath: [],
      port: 0,
      log: () => undefined,
      onFatal: (error) => {
        throw error;
      },
    });
    const port = embeddedExecutions(
      { stateDir, engineUrl: home.url },
      "arn:aws:states:us-east-1:000000000000:stateMachine:tiny-dev-",
    );
    const close = async (): Promise<void> => {
      await home.stop();
      folder.remove();
    };
    return { port, close };
  },
};
