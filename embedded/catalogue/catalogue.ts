import { mkdirSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { dirname } from "node:path";
import { formatJson, parseJson } from "../../core/model/exact-json.ts";
import { createNamespaces, SEPARATOR } from "./namespaces.ts";
import { asRestError, badRequest, RestError } from "./rest-error.ts";
import { createRoutes, type Answer, type Route } from "./routes.ts";
import { openStore } from "./store.ts";
import { TableMetadata } from "./table-metadata.ts";
import { createTables } from "./tables.ts";
import { openWarehouse } from "./warehouse.ts";

const BODY_MAX_BYTES = 64 * 1024 * 1024;

export interface CatalogueTable {
  /** Levels joined by a dot. */
  readonly namespace: string;
  readonly name: string;
  readonly location: string;
  readonly metadataLocation: string;
  readonly snapshotId?: string;
  readonly snapshots: number;
  readonly updatedAt: Date;
}

export interface Catalogue {
  /** Serves `/v1/...`; whatever stands before it in the path is where the handler is mounted. */
  readonly handler: (req: IncomingMessage, res: ServerResponse) => void;
  /** The warehouse's absolute path. */
  readonly warehouse: string;
  listTables(): CatalogueTable[];
  close(): void;
}

/**
 * An Iceberg REST catalogue for one machine. State is one SQLite file (`file`, durable), tables are files below
 * `warehouseDir`. A commit is one conditional SQLite update after its metadata document is on disk.
 */
export function createCatalogue(options: {
  readonly file: string;
  readonly warehouseDir: string;
  readonly now?: () => number;
}): Catalogue {
  mkdirSync(options.warehouseDir, { recursive: true });
  mkdirSync(dirname(options.file), { recursive: true });
  const store = openStore(options.file);
  const warehouse = openWarehouse(options.warehouseDir);
  const tables = createTables(store, warehouse, options.now ?? Date.now);
  const namespaces = createNamespaces(store);
  const match = matcher(createRoutes({ namespaces, tables, store }));
  // Files of tables that were dropped before the last stop; a failure leaves them for the next drop.
  void tables.purge().catch(() => undefined);

  async function serve(req: IncomingMessage): Promise<Answer> {
    const url = new URL(req.url ?? "/", "http://loopback");
    const { route, path } = match(req.method ?? "GET", url.pathname);
    const text = await readBody(req);
    let body: unknown;
    try {
      body = text === "" ? undefined : parseJson(text);
    } catch {
      throw badRequest("The body is not JSON.");
    }
    return route.serve({ path, query: url.searchParams, body });
  }

  return {
    warehouse: warehouse.root,
    handler(req, res) {
      serve(req)
        .catch((error: unknown): Answer => {
          const failure = asRestError(error);
          return { status: failure.status, json: formatJson(failure.body()) };
        })
        .then(({ status, json }) => {
          res.statusCode = status;
          if (json === undefined || req.method === "HEAD") return void res.end();
          res.setHeader("content-type", "application/json");
          res.end(json);
        })
        .catch(() => res.destroy());
    },
    listTables: () =>
      store.tables().map((row) => {
        const metadata = TableMetadata.parse(parseJson(row.metadata));
        const current = metadata["current-snapshot-id"];
        return {
          namespace: row.namespace.replaceAll(SEPARATOR, "."),
          name: row.name,
          location: row.location,
          metadataLocation: row.metadataLocation,
          ...(current === undefined ? {} : { snapshotId: String(current) }),
          snapshots: metadata.snapshots.length,
          updatedAt: new Date(metadata["last-updated-ms"]),
        };
      }),
    close: () => store.close(),
  };
}

function matcher(routes: readonly Route[]) {
  const compiled = routes.map((route) => ({
    route,
    names: [...route.path.matchAll(/\{(\w+)\}/g)].map((found) => found[1] ?? ""),
    pattern: new RegExp(`^${route.path.replaceAll(/\{\w+\}/g, "([^/]+)")}$`),
  }));
  return (method: string, pathname: string): { route: Route; path: Record<string, string> } => {
    const start = pathname.indexOf("/v1/");
    const tail = start < 0 ? pathname : pathname.slice(start);
    for (const { route, names, pattern } of compiled) {
      const found = route.method === method ? pattern.exec(tail) : null;
      if (found === null) continue;
      return { route, path: Object.fromEntries(names.map((name, at) => [name, decode(found[at + 1] ?? "")])) };
    }
    throw new RestError("NotFoundException", `No such endpoint: ${method} ${tail}`);
  };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw badRequest(`The path part ${part} is not URL-encoded.`);
  }
}

async function readBody(req: IncomingMessage): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of req) {
    const bytes: Uint8Array = Buffer.from(chunk);
    size += bytes.length;
    if (size > BODY_MAX_BYTES) throw badRequest(`The body is over ${BODY_MAX_BYTES} bytes.`);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString("utf8");
}
