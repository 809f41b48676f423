import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { formatJson, parseJson } from "../../core/model/exact-json.ts";
import { createCatalogue, type Catalogue } from "./catalogue.ts";

const schema = {
  type: "struct",
  "schema-id": 0,
  fields: [
    { id: 1, name: "id", required: false, type: "long" },
    { id: 2, name: "log_date", required: false, type: "date" },
  ],
};
const bySource = { "spec-id": 0, fields: [{ name: "log_date", transform: "identity", "source-id": 2 }] };

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
type Loaded = z.infer<typeof Loaded>;

let folder: string;
let now = 1_700_000_000_000;
let catalogue: Catalogue;
let server: Server;
let base: string;

async function start(): Promise<void> {
  catalogue = createCatalogue({
    file: join(folder, "catalogue.db"),
    warehouseDir: join(folder, "warehouse"),
    now: () => now,
  });
  server = createServer(catalogue.handler);
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const address = server.address();
  base = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}/catalog/v1`;
}

async function stop(): Promise<void> {
  server.closeAllConnections();
  await new Promise((done) => server.close(done));
  catalogue.close();
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "millrace-catalogue-"));
  await start();
});
afterEach(async () => {
  await stop();
  rmSync(folder, { recursive: true, force: true });
});

async function call(method: string, path: string, body?: unknown): Promise<{ status: number; body: unknown }> {
  const response = await fetch(base + path, {
    method,
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : formatJson(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: text === "" ? undefined : parseJson(text) };
}

async function failure(method: string, path: string, body?: unknown): Promise<[number, string]> {
  const answer = await call(method, path, body);
  const { error } = z
    .object({ error: z.object({ type: z.string(), code: z.literal(answer.status), message: z.string().min(1) }) })
    .parse(answer.body);
  return [answer.status, error.type];
}

async function createTable(name: string, more: object = {}): Promise<Loaded> {
  return Loaded.parse((await call("POST", "/namespaces/raw/tables", { name, schema, ...more })).body);
}

const load = async (name: string): Promise<Loaded> =>
  Loaded.parse((await call("GET", `/namespaces/raw/tables/${name}`)).body);

/** A commit that adds one snapshot on top of `parent`, as writers send it. */
function appends(table: Loaded, id: bigint, parent: bigint | null, sequence: number): object {
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
          "timestamp-ms": now,
          "manifest-list": manifestList,
          summary: { operation: "append" },
          "schema-id": 0,
        },
      },
      { action: "set-snapshot-ref", "ref-name": "main", type: "branch", "snapshot-id": id },
    ],
  };
}

const ID = 9_007_199_254_740_993n;

describe("namespaces", () => {
  test("are created, listed by level, described, changed and dropped", async () => {
    expect(await call("POST", "/namespaces", { namespace: ["raw"], properties: { owner: "us" } })).toEqual({
      status: 200,
      body: { namespace: ["raw"], properties: { owner: "us" } },
    });
    await call("POST", "/namespaces", { namespace: ["raw", "inner"] });
    expect((await call("GET", "/namespaces")).body).toEqual({ namespaces: [["raw"]] });
    expect((await call("GET", "/namespaces?parent=raw")).body).toEqual({ namespaces: [["raw", "inner"]] });
    expect((await call("GET", "/namespaces/raw%1Finner")).body).toEqual({
      namespace: ["raw", "inner"],
      properties: {},
    });
    expect(
      (await call("POST", "/namespaces/raw/properties", { removals: ["owner", "gone"], updates: { a: "1" } })).body,
    ).toEqual({ updated: ["a"], removed: ["owner"], missing: ["gone"] });
    expect((await call("HEAD", "/namespaces/raw")).status).toBe(204);
    expect(await failure("DELETE", "/namespaces/raw")).toEqual([409, "NamespaceNotEmptyException"]);
    expect((await call("DELETE", "/namespaces/raw%1Finner")).status).toBe(204);
    expect((await call("DELETE", "/namespaces/raw")).status).toBe(204);
    expect((await call("HEAD", "/namespaces/raw")).status).toBe(404);
  });

  test("that are unknown, taken or full answer by name", async () => {
    await call("POST", "/namespaces", { namespace: ["raw"] });
    await createTable("t");
    expect(await failure("POST", "/namespaces", { namespace: ["raw"] })).toEqual([409, "AlreadyExistsException"]);
    expect(await failure("GET", "/namespaces/nope")).toEqual([404, "NoSuchNamespaceException"]);
    expect(await failure("GET", "/namespaces/nope/tables")).toEqual([404, "NoSuchNamespaceException"]);
    expect(await failure("DELETE", "/namespaces/raw")).toEqual([409, "NamespaceNotEmptyException"]);
    expect(await failure("POST", "/namespaces", { namespace: ["no", "parent"] })).toEqual([
      404,
      "NoSuchNamespaceException",
    ]);
  });
});

describe("tables", () => {
  beforeEach(async () => {
    await call("POST", "/namespaces", { namespace: ["raw"] });
  });

  test("are created with folders ready, a durable metadata file and a partition spec", async () => {
    const table = await createTable("t", { "partition-spec": bySource });
    expect(readdirSync(table.metadata.location).toSorted()).toEqual(["data", "metadata"]);
    expect(parseJson(readFileSync(table["metadata-location"] ?? "", "utf8"))).toEqual(table.metadata);
    expect(table.metadata["partition-specs"]).toEqual([
      { "spec-id": 0, fields: [{ ...bySource.fields[0], "field-id": 1000 }] },
    ]);
    expect((await call("GET", "/namespaces/raw/tables")).body).toEqual({
      identifiers: [{ namespace: ["raw"], name: "t" }],
    });
    expect(await failure("POST", "/namespaces/raw/tables", { name: "t", schema })).toEqual([
      409,
      "AlreadyExistsException",
    ]);
    expect(catalogue.listTables()).toMatchObject([{ namespace: "raw", name: "t", snapshots: 0 }]);
  });

  test("that are staged exist only after the commit that asserts their creation", async () => {
    const staged = await createTable("t", { "stage-create": true });
    expect(staged["metadata-location"]).toBeNull();
    expect(await failure("GET", "/namespaces/raw/tables/t")).toEqual([404, "NoSuchTableException"]);
    const commit = {
      requirements: [{ type: "assert-create" }],
      updates: [
        { action: "assign-uuid", uuid: "8d9c0c7e-5d3f-4f61-a2d5-0f6f7d7c1a11" },
        { action: "set-location", location: staged.metadata.location },
        { action: "add-schema", schema },
        { action: "set-current-schema", "schema-id": -1 },
      ],
    };
    expect((await call("POST", "/namespaces/raw/tables/t", commit)).status).toBe(200);
    expect((await load("t")).metadata["table-uuid"]).toBe("8d9c0c7e-5d3f-4f61-a2d5-0f6f7d7c1a11");
    expect(await failure("POST", "/namespaces/raw/tables/t", commit)).toEqual([409, "CommitFailedException"]);
  });

  test("take a commit once: the same belief a second time is a conflict, and ids stay exact", async () => {
    const table = await createTable("t");
    const commit = appends(table, ID, null, 1);
    expect((await call("POST", "/namespaces/raw/tables/t", commit)).status).toBe(200);
    expect(await failure("POST", "/namespaces/raw/tables/t", commit)).toEqual([409, "CommitFailedException"]);
    const loaded = await load("t");
    expect(loaded.metadata["current-snapshot-id"]).toBe(ID);
    expect(catalogue.listTables()[0]?.snapshotId).toBe(String(ID));
  });

  test("let one of many simultaneous commits win, and the next on top of it", async () => {
    const table = await createTable("t");
    let parent: bigint | null = null;
    for (let round = 1; round <= 3; round += 1) {
      const ids = Array.from({ length: 12 }, (_, index) => ID + BigInt(round * 100 + index));
      const statuses = await Promise.all(
        ids.map(
          async (id) => (await call("POST", "/namespaces/raw/tables/t", appends(table, id, parent, round))).status,
        ),
      );
      expect(statuses.filter((status) => status === 200)).toHaveLength(1);
      expect(statuses.filter((status) => status === 409)).toHaveLength(11);
      parent = ids[statuses.indexOf(200)] ?? null;
      expect((await load("t")).metadata["current-snapshot-id"]).toBe(parent);
    }
  });

  test("lose nothing when every writer re-reads and retries", async () => {
    const table = await createTable("t");
    const writers = Array.from({ length: 8 }, async (_, writer) => {
      for (;;) {
        const { metadata } = await load("t");
        const current = z
          .bigint()
          .nullable()
          .parse(metadata["current-snapshot-id"] ?? null);
        const commit = appends(
          table,
          ID + BigInt(writer),
          current,
          z.number().parse(metadata["last-sequence-number"]) + 1,
        );
        if ((await call("POST", "/namespaces/raw/tables/t", commit)).status === 200) return;
      }
    });
    await Promise.all(writers);
    expect((await load("t")).metadata.snapshots.map((s) => s["snapshot-id"]).toSorted()).toEqual(
      writers.map((_, writer) => ID + BigInt(writer)),
    );
  });

  test("bound their metadata log and delete the files that fall out of it", async () => {
    const table = await createTable("t");
    for (let round = 0; round < 30; round += 1) {
      now += 1_000;
      const commit = { requirements: [], updates: [{ action: "set-properties", updates: { round: String(round) } }] };
      expect((await call("POST", "/namespaces/raw/tables/t", commit)).status).toBe(200);
    }
    expect((await load("t")).metadata["metadata-log"]).toHaveLength(20);
    expect(readdirSync(join(table.metadata.location, "metadata"))).toHaveLength(21);
  });

  test("evolve their schema under the requirement that it did not change", async () => {
    await createTable("t");
    const wider = { ...schema, fields: [...schema.fields, { id: 3, name: "extra", required: false, type: "string" }] };
    const commit = {
      requirements: [
        { type: "assert-current-schema-id", "current-schema-id": 0 },
        { type: "assert-last-assigned-field-id", "last-assigned-field-id": 2 },
      ],
      updates: [
        { action: "add-schema", schema: wider },
        { action: "set-current-schema", "schema-id": -1 },
      ],
    };
    expect((await call("POST", "/namespaces/raw/tables/t", commit)).status).toBe(200);
    const { metadata } = await load("t");
    expect(metadata["current-schema-id"]).toBe(1);
    expect(metadata.schemas[1]?.fields.map((field) => field.name)).toEqual(["id", "log_date", "extra"]);
    expect(await failure("POST", "/namespaces/raw/tables/t", commit)).toEqual([409, "CommitFailedException"]);
  });

  test("are renamed without moving a file, and the old name is free for another table", async () => {
    const table = await createTable("t");
    const rename = {
      source: { namespace: ["raw"], name: "t" },
      destination: { namespace: ["raw"], name: "u" },
    };
    expect((await call("POST", "/tables/rename", rename)).status).toBe(204);
    expect((await load("u")).metadata).toEqual(table.metadata);
    expect(await failure("POST", "/tables/rename", rename)).toEqual([404, "NoSuchTableException"]);
    const second = await createTable("t");
    expect(second.metadata.location).not.toBe(table.metadata.location);
    expect(await failure("POST", "/tables/rename", rename)).toEqual([409, "AlreadyExistsException"]);
    const elsewhere = { ...rename, destination: { namespace: ["nope"], name: "u" } };
    expect(await failure("POST", "/tables/rename", elsewhere)).toEqual([404, "NoSuchNamespaceException"]);
  });

  test("that are dropped keep their files until running readers are done, then lose them", async () => {
    const table = await createTable("t");
    expect((await call("DELETE", "/namespaces/raw/tables/t?purgeRequested=true")).status).toBe(204);
    expect(await failure("GET", "/namespaces/raw/tables/t")).toEqual([404, "NoSuchTableException"]);
    expect(await failure("DELETE", "/namespaces/raw/tables/t")).toEqual([404, "NoSuchTableException"]);
    expect(readdirSync(table.metadata.location)).toContain("metadata");
    now += 3_600_000;
    const other = await createTable("u");
    await call("DELETE", "/namespaces/raw/tables/u");
    expect(() => readdirSync(table.metadata.location)).toThrow("ENOENT");
    expect(readdirSync(other.metadata.location)).toContain("metadata");
  });

  test("are the same after a restart", async () => {
    const table = await createTable("t");
    await call("POST", "/namespaces/raw/tables/t", appends(table, ID, null, 1));
    const before = await load("t");
    await stop();
    await start();
    expect(await load("t")).toEqual(before);
  });
});

describe("refusals", () => {
  let table: Loaded;
  beforeEach(async () => {
    await call("POST", "/namespaces", { namespace: ["raw"] });
    table = await createTable("t");
  });

  const snapshot = (more: object): object => ({
    action: "add-snapshot",
    snapshot: {
      "snapshot-id": 7,
      "sequence-number": 1,
      "timestamp-ms": 1,
      "manifest-list": "/etc/hostname",
      summary: { operation: "append" },
      ...more,
    },
  });

  test.each([
    ["an unknown action", { action: "set-statistics", "snapshot-id": 1 }],
    ["an unknown member", { action: "set-location", location: "x", why: "because" }],
    ["format version 3", { action: "upgrade-format-version", "format-version": 3 }],
    ["an unknown current schema", { action: "set-current-schema", "schema-id": 5 }],
    ["an unknown default spec", { action: "set-default-spec", "spec-id": 5 }],
    [
      "a type of another format version",
      { action: "add-schema", schema: { ...schema, fields: [{ ...schema.fields[0], type: "variant" }] } },
    ],
    ["a field id twice", { action: "add-schema", schema: { ...schema, fields: [schema.fields[0], schema.fields[0]] } }],
    [
      "a partition by an unknown column",
      { action: "add-spec", spec: { fields: [{ name: "x", transform: "identity", "source-id": 9 }] } },
    ],
    [
      "a reference to an unknown snapshot",
      { action: "set-snapshot-ref", "ref-name": "main", type: "branch", "snapshot-id": 9 },
    ],
    ["a manifest list outside the warehouse", snapshot({})],
    ["a parent that does not exist", snapshot({ "parent-snapshot-id": 9 })],
    ["a sequence number that does not rise", snapshot({ "sequence-number": 0 })],
    ["a table that moves", { action: "set-location", location: "/tmp/elsewhere" }],
    ["another uuid", { action: "assign-uuid", uuid: "8d9c0c7e-5d3f-4f61-a2d5-0f6f7d7c1a11" }],
  ])("of %s leave the table as it was", async (_what, update) => {
    const commit = { requirements: [], updates: [{ action: "set-properties", updates: { a: "b" } }, update] };
    expect(await failure("POST", "/namespaces/raw/tables/t", commit)).toEqual([400, "BadRequestException"]);
    expect(await load("t")).toEqual(table);
  });

  test("of a manifest list that was never written", async () => {
    const list = join(table.metadata.location, "metadata", "missing.avro");
    const commit = { requirements: [], updates: [snapshot({ "manifest-list": list })] };
    expect(await failure("POST", "/namespaces/raw/tables/t", commit)).toEqual([400, "BadRequestException"]);
  });

  test("of locations outside the warehouse, broken bodies and unknown endpoints", async () => {
    const outside = { name: "x", schema, location: join(folder, "warehouse", "..", "elsewhere") };
    expect(await failure("POST", "/namespaces/raw/tables", outside)).toEqual([400, "BadRequestException"]);
    expect(await failure("POST", "/namespaces/raw/tables", "{")).toEqual([400, "BadRequestException"]);
    expect(await failure("POST", "/namespaces/raw/tables", { name: "x" })).toEqual([400, "BadRequestException"]);
    expect(await failure("GET", "/namespaces/raw/views")).toEqual([404, "NotFoundException"]);
    expect(await failure("POST", "/transactions/commit", {})).toEqual([404, "NotFoundException"]);
    expect(await failure("POST", "/namespaces/raw/tables/nope", { requirements: [], updates: [] })).toEqual([
      404,
      "NoSuchTableException",
    ]);
  });

  test("name what they refuse", async () => {
    const commit = { requirements: [], updates: [{ action: "add-encryption-key" }] };
    const answer = await call("POST", "/namespaces/raw/tables/t", commit);
    expect(formatJson(answer.body)).toContain("updates.0.action");
  });
});
