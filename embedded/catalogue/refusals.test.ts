import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { formatJson } from "../../core/model/exact-json.ts";
import { schema, startHarness, type Loaded, type RestHarness } from "./rest-harness.ts";

let rest: RestHarness;
beforeEach(async () => {
  rest = await startHarness();
});
afterEach(() => rest.stop());

describe("refusals", () => {
  let table: Loaded;
  beforeEach(async () => {
    await rest.call("POST", "/namespaces", { namespace: ["raw"] });
    table = await rest.createTable("t");
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
    expect(await rest.failure("POST", "/namespaces/raw/tables/t", commit)).toEqual([400, "BadRequestException"]);
    expect(await rest.load("t")).toEqual(table);
  });

  test("of a manifest list that was never written", async () => {
    const list = join(table.metadata.location, "metadata", "missing.avro");
    const commit = { requirements: [], updates: [snapshot({ "manifest-list": list })] };
    expect(await rest.failure("POST", "/namespaces/raw/tables/t", commit)).toEqual([400, "BadRequestException"]);
  });

  test("of locations outside the warehouse, broken bodies and unknown endpoints", async () => {
    const outside = { name: "x", schema, location: join(rest.folder, "warehouse", "..", "elsewhere") };
    expect(await rest.failure("POST", "/namespaces/raw/tables", outside)).toEqual([400, "BadRequestException"]);
    expect(await rest.failure("POST", "/namespaces/raw/tables", "{")).toEqual([400, "BadRequestException"]);
    expect(await rest.failure("POST", "/namespaces/raw/tables", { name: "x" })).toEqual([400, "BadRequestException"]);
    expect(await rest.failure("GET", "/namespaces/raw/views")).toEqual([404, "NotFoundException"]);
    expect(await rest.failure("POST", "/transactions/commit", {})).toEqual([404, "NotFoundException"]);
    expect(await rest.failure("POST", "/namespaces/raw/tables/nope", { requirements: [], updates: [] })).toEqual([
      404,
      "NoSuchTableException",
    ]);
  });

  test("name what they refuse", async () => {
    const commit = { requirements: [], updates: [{ action: "add-encryption-key" }] };
    const answer = await rest.call("POST", "/namespaces/raw/tables/t", commit);
    expect(formatJson(answer.body)).toContain("updates.0.action");
  });
});
