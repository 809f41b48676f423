import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as z from "zod";
import { formatJson, parseJson } from "../../core/model/exact-json.ts";
import { createCatalogue, type Catalogue } from "./catalogue.ts";

/** For tests: a catalogue on loopback that is spoken to as any REST client does. */
export type RestHarness = Awaited<ReturnType<typeof startHarness>>;

export const schema = {
  type: "struct",
  "schema-id": 0,
  fields: [
    { id: 1, name: "id", required: false, type: "long" },
    { id: 2, name: "log_date", required: false, type: "date" },
  ],
};

const Loaded = z.object({
  "metadata-location": z.string().nullable(),
  metadata: z.looseObject({
    "table-uuid": z.string(),
    location: z.string(),
    "current-schema-id": z.number(),
    schemas: z.array(z.looseObject({ fields: z.array(z.looseObject({ name: z.string() })) })),
    snapshots: z.array(z.object({ "snapshot-id": z.union([z.number(), z.bigint()]) })),
    "metadata-log": z.array(z.object({ "metadata-file": z.string() })),
  }),
});
export type Loaded = z.infer<typeof Loaded>;

const START_MS = 1_700_000_000_000;

export async function startHarness() {
  const folder = mkdtempSync(join(tmpdir(), "millrace-catalogue-"));
  const clock = { nowMs: START_MS };
  let running = await listen(folder, clock);

  async function call(method: string, path: string, body?: unknown): Promise<{ status: number; body: unknown }> {
    const response = await fetch(running.base + path, {
      method,
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : formatJson(body) }),
    });
    const text = await response.text();
    return { status: response.status, body: text === "" ? undefined : parseJson(text) };
  }

  return {
    folder,
    clock,
    call,
    catalogue: (): Catalogue => running.catalogue,

    /** Status and type of an answer that must be an error of the REST form. */
    async failure(method: string, path: string, body?: unknown): Promise<[number, string]> {
      const answer = await call(method, path, body);
      const { error } = z
        .object({ error: z.object({ type: z.string(), code: z.literal(answer.status), message: z.string().min(1) }) })
        .parse(answer.body);
      return [answer.status, error.type];
    },

    createTable: async (name: string, more: object = {}): Promise<Loaded> =>
      Loaded.parse((await call("POST", "/namespaces/raw/tables", { name, schema, ...more })).body),

    load: async (name: string): Promise<Loaded> =>
      Loaded.parse((await call("GET", `/namespaces/raw/tables/${name}`)).body),

    /** A commit that adds one snapshot on top of `parent`, as writers send it. */
    appends(table: Loaded, id: bigint, parent: bigint | null, sequence: number): object {
      const manifestList = join(table.metadata.location, "metadata", `snap-${id}.avro`);
      writeFileSync(manifestList, "manifest list");
      return {
        requirements: [
          { type: "assert-table-uuid", uuid: table.metadata["table-uuid"] },
          { type: "assert-ref-snapshot-id", ref: "main", "snapshot-id": parent },
        ],
        updates: [
          {
            action: "add-snapshot",
            snapshot: {
              "snapshot-id": id,
              ...(parent === null ? {} : { "parent-snapshot-id": parent }),
              "sequence-number": sequence,
              "timestamp-ms": clock.nowMs,
              "manifest-list": manifestList,
              summary: { operation: "append" },
              "schema-id": 0,
            },
          },
          { action: "set-snapshot-ref", "ref-name": "main", type: "branch", "snapshot-id": id },
        ],
      };
    },

    async restart(): Promise<void> {
      await running.stop();
      running = await listen(folder, clock);
    },

    async stop(): Promise<void> {
      await running.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function listen(folder: string, clock: { readonly nowMs: number }) {
  const catalogue = createCatalogue({
    file: join(folder, "catalogue.db"),
    warehouseDir: join(folder, "warehouse"),
    now: () => clock.nowMs,
  });
  const server: Server = createServer(catalogue.handler);
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    catalogue,
    base: `http://127.0.0.1:${port}/catalog/v1`,
    async stop(): Promise<void> {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
      catalogue.close();
    },
  };
}
