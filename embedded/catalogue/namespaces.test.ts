import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { startHarness, type RestHarness } from "./rest-harness.ts";

let rest: RestHarness;
beforeEach(async () => {
  rest = await startHarness();
});
afterEach(() => rest.stop());

describe("namespaces", () => {
  test("are created, listed by level, described, changed and dropped", async () => {
    expect(await rest.call("POST", "/namespaces", { namespace: ["raw"], properties: { owner: "us" } })).toEqual({
      status: 200,
      body: { namespace: ["raw"], properties: { owner: "us" } },
    });
    await rest.call("POST", "/namespaces", { namespace: ["raw", "inner"] });
    expect((await rest.call("GET", "/namespaces")).body).toEqual({ namespaces: [["raw"]] });
    expect((await rest.call("GET", "/namespaces?parent=raw")).body).toEqual({ namespaces: [["raw", "inner"]] });
    expect((await rest.call("GET", "/namespaces/raw%1Finner")).body).toEqual({
      namespace: ["raw", "inner"],
      properties: {},
    });
    expect(
      (await rest.call("POST", "/namespaces/raw/properties", { removals: ["owner", "gone"], updates: { a: "1" } }))
        .body,
    ).toEqual({ updated: ["a"], removed: ["owner"], missing: ["gone"] });
    expect((await rest.call("HEAD", "/namespaces/raw")).status).toBe(204);
    expect(await rest.failure("DELETE", "/namespaces/raw")).toEqual([409, "NamespaceNotEmptyException"]);
    expect((await rest.call("DELETE", "/namespaces/raw%1Finner")).status).toBe(204);
    expect((await rest.call("DELETE", "/namespaces/raw")).status).toBe(204);
    expect((await rest.call("HEAD", "/namespaces/raw")).status).toBe(404);
  });

  test("that are unknown, taken or full answer by name", async () => {
    await rest.call("POST", "/namespaces", { namespace: ["raw"] });
    await rest.createTable("t");
    expect(await rest.failure("POST", "/namespaces", { namespace: ["raw"] })).toEqual([409, "AlreadyExistsException"]);
    expect(await rest.failure("GET", "/namespaces/nope")).toEqual([404, "NoSuchNamespaceException"]);
    expect(await rest.failure("GET", "/namespaces/nope/tables")).toEqual([404, "NoSuchNamespaceException"]);
    expect(await rest.failure("DELETE", "/namespaces/raw")).toEqual([409, "NamespaceNotEmptyException"]);
    expect(await rest.failure("POST", "/namespaces", { namespace: ["no", "parent"] })).toEqual([
      404,
      "NoSuchNamespaceException",
    ]);
  });
});
