import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import * as z from "zod";
import { parseJson } from "../../core/model/exact-json.ts";
import { schema, startHarness, type RestHarness } from "./rest-harness.ts";

let rest: RestHarness;
beforeEach(async () => {
  rest = await startHarness();
});
afterEach(() => rest.stop());

const bySource = { "spec-id": 0, fields: [{ name: "log_date", transform: "identity", "source-id": 2 }] };
/** Beyond what a double holds. */
const ID = 9_007_199_254_740_993n;

describe("tables", () => {
  beforeEach(async () => {
    await rest.call("POST", "/namespaces", { namespace: ["raw"] });
  });

  test("are created with folders ready, a durable metadata file and a partition spec", async () => {
    const table = await rest.createTable("t", { "partition-spec": bySource });
    expect(readdirSync(table.metadata.location).toSorted()).toEqual(["data", "metadata"]);
    expect(parseJson(readFileSync(table["metadata-location"] ?? "", "utf8"))).toEqual(table.metadata);
    expect(table.metadata["partition-specs"]).toEqual([
      { "spec-id": 0, fields: [{ ...bySource.fields[0], "field-id": 1000 }] },
    ]);
    expect((await rest.call("GET", "/namespaces/raw/tables")).body).toEqual({
      identifiers: [{ namespace: ["raw"], name: "t" }],
    });
    expect(await rest.failure("POST", "/namespaces/raw/tables", { name: "t", schema })).toEqual([
      409,
      "AlreadyExistsException",
    ]);
    expect(rest.catalogue().listTables()).toMatchObject([{ namespace: "raw", name: "t", snapshots: 0 }]);
  });

  test("that are staged exist only after the commit that asserts their creation", async () => {
    const staged = await rest.createTable("t", { "stage-create": true });
    expect(staged["metadata-location"]).toBeNull();
    expect(await rest.failure("GET", "/namespaces/raw/tables/t")).toEqual([404, "NoSuchTableException"]);
    const commit = {
      requirements: [{ type: "assert-create" }],
      updates: [
        { action: "assign-uuid", uuid: "8d9c0c7e-5d3f-4f61-a2d5-0f6f7d7c1a11" },
        { action: "set-location", location: staged.metadata.location },
        { action: "add-schema", schema },
        { action: "set-current-schema", "schema-id": -1 },
      ],
    };
    expect((await rest.call("POST", "/namespaces/raw/tables/t", commit)).status).toBe(200);
    expect((await rest.load("t")).metadata["table-uuid"]).toBe("8d9c0c7e-5d3f-4f61-a2d5-0f6f7d7c1a11");
    expect(await rest.failure("POST", "/namespaces/raw/tables/t", commit)).toEqual([409, "CommitFailedException"]);
  });

  test("take a commit once: the same belief a second time is a conflict, and ids stay exact", async () => {
    const table = await rest.createTable("t");
    const commit = rest.appends(table, ID, null, 1);
    expect((await rest.call("POST", "/namespaces/raw/tables/t", commit)).status).toBe(200);
    expect(await rest.failure("POST", "/namespaces/raw/tables/t", commit)).toEqual([409, "CommitFailedException"]);
    const loaded = await rest.load("t");
    expect(loaded.metadata["current-snapshot-id"]).toBe(ID);
    expect(rest.catalogue().listTables()[0]?.snapshotId).toBe(String(ID));
  });

  test("let one of many simultaneous commits win, and the next on top of it", async () => {
    const table = await rest.createTable("t");
    let parent: bigint | null = null;
    for (let round = 1; round <= 3; round += 1) {
      const ids = Array.from({ length: 12 }, (_, index) => ID + BigInt(round * 100 + index));
      const statuses = await Promise.all(
        ids.map(
          async (id) =>
            (await rest.call("POST", "/namespaces/raw/tables/t", rest.appends(table, id, parent, round))).status,
        ),
      );
      expect(statuses.filter((status) => status === 200)).toHaveLength(1);
      expect(statuses.filter((status) => status === 409)).toHaveLength(11);
      parent = ids[statuses.indexOf(200)] ?? null;
      expect((await rest.load("t")).metadata["current-snapshot-id"]).toBe(parent);
    }
  });

  test("lose nothing when every writer re-reads and retries", async () => {
    const table = await rest.createTable("t");
    const writers = Array.from({ length: 8 }, async (_, writer) => {
      for (;;) {
        const { metadata } = await rest.load("t");
        const current = z
          .bigint()
          .nullable()
          .parse(metadata["current-snapshot-id"] ?? null);
        const commit = rest.appends(
          table,
          ID + BigInt(writer),
          current,
          z.number().parse(metadata["last-sequence-number"]) + 1,
        );
        if ((await rest.call("POST", "/namespaces/raw/tables/t", commit)).status === 200) return;
      }
    });
    await Promise.all(writers);
    expect((await rest.load("t")).metadata.snapshots.map((s) => String(s["snapshot-id"])).toSorted()).toEqual(
      writers.map((_, writer) => String(ID + BigInt(writer))),
    );
  });

  test("bound their metadata log and delete the files that fall out of it", async () => {
    const table = await rest.createTable("t");
    for (let round = 0; round < 30; round += 1) {
      rest.clock.nowMs += 1_000;
      const commit = { requirements: [], updates: [{ action: "set-properties", updates: { round: String(round) } }] };
      expect((await rest.call("POST", "/namespaces/raw/tables/t", commit)).status).toBe(200);
    }
    expect((await rest.load("t")).metadata["metadata-log"]).toHaveLength(20);
    expect(readdirSync(join(table.metadata.location, "metadata"))).toHaveLength(21);
  });

  test("evolve their schema under the requirement that it did not change", async () => {
    await rest.createTable("t");
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
    expect((await rest.call("POST", "/namespaces/raw/tables/t", commit)).status).toBe(200);
    const { metadata } = await rest.load("t");
    expect(metadata["current-schema-id"]).toBe(1);
    expect(metadata.schemas[1]?.fields.map((field) => field.name)).toEqual(["id", "log_date", "extra"]);
    expect(await rest.failure("POST", "/namespaces/raw/tables/t", commit)).toEqual([409, "CommitFailedException"]);
  });

  test("are renamed without moving a file, and the old name is free for another table", async () => {
    const table = await rest.createTable("t");
    const rename = {
      source: { namespace: ["raw"], name: "t" },
      destination: { namespace: ["raw"], name: "u" },
    };
    expect((await rest.call("POST", "/tables/rename", rename)).status).toBe(204);
    expect((await rest.load("u")).metadata).toEqual(table.metadata);
    expect(await rest.failure("POST", "/tables/rename", rename)).toEqual([404, "NoSuchTableException"]);
    const second = await rest.createTable("t");
    expect(second.metadata.location).not.toBe(table.metadata.location);
    expect(await rest.failure("POST", "/tables/rename", rename)).toEqual([409, "AlreadyExistsException"]);
    const elsewhere = { ...rename, destination: { namespace: ["nope"], name: "u" } };
    expect(await rest.failure("POST", "/tables/rename", elsewhere)).toEqual([404, "NoSuchNamespaceException"]);
  });

  test("give their name to another that was written from their snapshot, and keep their files for a while", async () => {
    const table = await rest.createTable("t");
    const beside = await rest.createTable("u");
    await rest.call("POST", "/namespaces/raw/tables/t", rest.appends(table, ID, null, 1));
    const replace = {
      source: { namespace: ["raw"], name: "u" },
      destination: { namespace: ["raw"], name: "t" },
      "expected-snapshot-id": String(ID),
    };
    const path = "/tables/replace";
    const older = { ...replace, "expected-snapshot-id": "1" };
    expect(await rest.failure("POST", path, older)).toEqual([409, "CommitFailedException"]);
    expect((await rest.call("POST", path, replace)).status).toBe(204);
    expect((await rest.load("t")).metadata).toEqual(beside.metadata);
    expect(await rest.failure("POST", path, replace)).toEqual([404, "NoSuchTableException"]);
    expect(readdirSync(table.metadata.location)).toContain("metadata");
    rest.clock.nowMs += 3_600_000;
    await rest.call("DELETE", "/namespaces/raw/tables/t");
    expect(() => readdirSync(table.metadata.location)).toThrow("ENOENT");
  });

  test("that are dropped keep their files until running readers are done, then lose them", async () => {
    const table = await rest.createTable("t");
    expect((await rest.call("DELETE", "/namespaces/raw/tables/t?purgeRequested=true")).status).toBe(204);
    expect(await rest.failure("GET", "/namespaces/raw/tables/t")).toEqual([404, "NoSuchTableException"]);
    expect(await rest.failure("DELETE", "/namespaces/raw/tables/t")).toEqual([404, "NoSuchTableException"]);
    expect(readdirSync(table.metadata.location)).toContain("metadata");
    rest.clock.nowMs += 3_600_000;
    const other = await rest.createTable("u");
    await rest.call("DELETE", "/namespaces/raw/tables/u");
    expect(() => readdirSync(table.metadata.location)).toThrow("ENOENT");
    expect(readdirSync(other.metadata.location)).toContain("metadata");
  });

  test("are the same after a restart", async () => {
    const table = await rest.createTable("t");
    await rest.call("POST", "/namespaces/raw/tables/t", rest.appends(table, ID, null, 1));
    const before = await rest.load("t");
    await rest.restart();
    expect(await rest.load("t")).toEqual(before);
  });
});
