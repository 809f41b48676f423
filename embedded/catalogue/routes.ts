import * as z from "zod";
import { CreateNamespace, SEPARATOR, UpdateProperties, type Namespaces } from "./namespaces.ts";
import { CommitTable, CreateTable, type LoadedTable, type Tables } from "./tables.ts";
import { badRequest } from "./rest-error.ts";
import type { CatalogueStore } from "./store.ts";
import { formatJson } from "../../core/model/exact-json.ts";

export interface Call {
  /** Decoded path parameters. */
  readonly path: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** The parsed body, or undefined for none. */
  readonly body: unknown;
}

export interface Answer {
  readonly status: number;
  /** Exact JSON text; absent for none. */
  readonly json?: string;
}

export interface Route {
  readonly method: string;
  /** As in the REST specification, without the prefix. */
  readonly path: string;
  readonly serve: (call: Call) => Answer | Promise<Answer>;
}

const done: Answer = { status: 204 };
const ok = (value: unknown): Answer => ({ status: 200, json: formatJson(value) });

/** The whole surface of the catalogue, in one table. */
export function createRoutes(parts: { namespaces: Namespaces; tables: Tables; store: CatalogueStore }): Route[] {
  const { namespaces, tables, store } = parts;
  const namespaceOf = (call: Call): string => call.path["namespace"] ?? "";
  const tableOf = (call: Call) => ({ namespace: namespaceOf(call), name: call.path["table"] ?? "" });
  const find = (call: Call): LoadedTable => {
    namespaces.need(namespaceOf(call));
    return tables.load(tableOf(call));
  };

  const routes: Route[] = [
    {
      method: "GET",
      path: "/v1/config",
      serve: () =>
        ok({
          defaults: {},
          overrides: {},
          endpoints: routes.map((route) => `${route.method} ${advertised(route.path)}`),
        }),
    },
    {
      method: "GET",
      path: "/v1/namespaces",
      serve: ({ query }) => {
        const parent = query.get("parent");
        return ok({ namespaces: namespaces.list(parent === null || parent === "" ? undefined : parent) });
      },
    },
    {
      method: "POST",
      path: "/v1/namespaces",
      serve: ({ body }) => ok(namespaces.create(read(CreateNamespace, body))),
    },
    {
      method: "GET",
      path: "/v1/namespaces/{namespace}",
      serve: (call) =>
        ok({ namespace: namespaceOf(call).split(SEPARATOR), properties: namespaces.need(namespaceOf(call)) }),
    },
    {
      method: "HEAD",
      path: "/v1/namespaces/{namespace}",
      serve: (call) => (namespaces.need(namespaceOf(call)), done),
    },
    {
      method: "DELETE",
      path: "/v1/namespaces/{namespace}",
      serve: (call) => (namespaces.drop(namespaceOf(call)), done),
    },
    {
      method: "POST",
      path: "/v1/namespaces/{namespace}/properties",
      serve: (call) => ok(namespaces.update(namespaceOf(call), read(UpdateProperties, call.body))),
    },
    {
      method: "GET",
      path: "/v1/namespaces/{namespace}/tables",
      serve: (call) => {
        namespaces.need(namespaceOf(call));
        const namespace = namespaceOf(call).split(SEPARATOR);
        return ok({ identifiers: store.tableNames(namespaceOf(call)).map((name) => ({ namespace, name })) });
      },
    },
    {
      method: "POST",
      path: "/v1/namespaces/{namespace}/tables",
      serve: async (call) => {
        namespaces.need(namespaceOf(call));
        return loaded(await tables.create(namespaceOf(call), read(CreateTable, call.body)));
      },
    },
    {
      method: "GET",
      path: "/v1/namespaces/{namespace}/tables/{table}",
      serve: (call) => loaded(find(call)),
    },
    {
      method: "HEAD",
      path: "/v1/namespaces/{namespace}/tables/{table}",
      serve: (call) => (find(call), done),
    },
    {
      method: "POST",
      path: "/v1/namespaces/{namespace}/tables/{table}",
      serve: async (call) => {
        namespaces.need(namespaceOf(call));
        return loaded(await tables.commit(tableOf(call), read(CommitTable, call.body)));
      },
    },
    {
      method: "DELETE",
      path: "/v1/namespaces/{namespace}/tables/{table}",
      serve: async (call) => {
        namespaces.need(namespaceOf(call));
        await tables.drop(tableOf(call), { purge: call.query.get("purgeRequested")?.toLowerCase() === "true" });
        return done;
      },
    },
    {
      method: "POST",
      path: "/v1/namespaces/{namespace}/tables/{table}/metrics",
      // Clients report scan metrics here on their own account; nothing is kept.
      serve: () => done,
    },
    {
      method: "POST",
      path: "/v1/tables/rename",
      serve: ({ body }) => {
        const { source, destination } = read(Rename, body);
        namespaces.need(source.namespace);
        tables.rename(source, destination);
        return done;
      },
    },
    {
      method: "POST",
      path: "/v1/tables/replace",
      // Not of the specification, in which no table can take the place of another without a moment between.
      serve: async ({ body }) => {
        const { source, destination, "expected-snapshot-id": snapshotId } = read(Replace, body);
        await tables.replace(source, destination, snapshotId);
        return done;
      },
    },
  ];
  return routes;
}

const Identifier = z
  .object({ namespace: z.array(z.string()).min(1), name: z.string().min(1).max(255) })
  .transform(({ namespace, name }) => ({ namespace: namespace.join(SEPARATOR), name }));
const Rename = z.object({ source: Identifier, destination: Identifier });
const Replace = Rename.extend({ "expected-snapshot-id": z.string() });

const advertised = (path: string): string => (path === "/v1/config" ? path : path.replace(/^\/v1\//, "/v1/{prefix}/"));

const loaded = ({ metadataLocation, metadata }: LoadedTable): Answer => ({
  status: 200,
  // The document is stored as exact JSON, so it is passed on as it is.
  json: `{"metadata-location":${JSON.stringify(metadataLocation ?? null)},"metadata":${metadata},"config":{}}`,
});

function read<T>(schema: z.ZodType<T>, body: unknown): T {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw badRequest(`The request is not served: ${issue?.path.join(".") ?? ""}: ${issue?.message ?? "wrong form"}.`);
}
