import { createHash } from "node:crypto";
import { buffer, text } from "node:stream/consumers";
import { deserialize, Double, Int32, Long, ObjectId, serialize } from "bson";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { embeddedObjects } from "../../../core/io/embedded/objects.ts";
import { temporaryFolder } from "../../../test/contract/temporary-folder.ts";
import { startMongo, type MongoCollection } from "../../../test/standins/mongo.ts";
import type { ForumBackend } from "./dump.ts";
import { openMongoForum } from "./mongo.ts";
import { readMongoCredentials } from "./mongo-credentials.ts";
import { writeCollection } from "./write-collection.ts";

const PASSWORD = "p4ss:w/rd@x";
const UUID = Buffer.from("bfcab3f53d4547558db73692ff763ecb", "hex");
const id = (number: number): ObjectId => ObjectId.createFromHexString(number.toString(16).padStart(24, "0"));
/** In no order, and with numbers whose types a detour by JavaScript would change. */
const documents = [5, 1, 9, 2, 8, 3, 7, 4, 6, 10].map((number) =>
  Buffer.from(
    serialize({
      _id: id(number),
      n: new Int32(number),
      whole: new Double(1),
      long: Long.fromNumber(7),
      body: `é ${number}`,
    }),
  ),
);
const sorted = (): Buffer => Buffer.concat(documents.toSorted(Buffer.compare));

let server: Awaited<ReturnType<typeof startMongo>>;
let folder: ReturnType<typeof temporaryFolder>;
let objects: ReturnType<typeof embeddedObjects>;
let password: string;
let reads: boolean[];
beforeEach(async () => {
  const collections = new Map<string, MongoCollection>([
    ["contents", { uuid: UUID, documents, indexes: [{ v: 2, key: { _id: 1 }, name: "_id_" }] }],
    ["users", { uuid: UUID, documents: [], options: { capped: true, size: new Int32(5) }, indexes: [] }],
    ["system.views", { uuid: UUID, documents: [], indexes: [] }],
    ["recent", { uuid: UUID, type: "view", documents: [], indexes: [] }],
  ]);
  server = await startMongo({ name: "reader", password: PASSWORD }, collections);
  folder = temporaryFolder();
  objects = embeddedObjects(folder.path);
  [password, reads] = [PASSWORD, []];
});
afterEach(async () => {
  objects.close();
  folder.remove();
  await server.close();
});

const open = (): Promise<ForumBackend> =>
  openMongoForum(async (fresh) => {
    reads.push(fresh);
    if (fresh) password = PASSWORD;
    return { uri: server.uri, username: "reader", password };
  });
async function dump() {
  const forum = await open();
  try {
    const files = [];
    for await (const collection of forum.collections())
      files.push(
        ...(await writeCollection(
          objects,
          collection,
          { bucket: "artifacts", keyOf: (name) => name },
          async () => undefined,
        )),
      );
    return files;
  } finally {
    await forum.close();
  }
}

describe("the forum's own database", () => {
  it("is dumped as mongodump does it, documents as they are stored", async () => {
    const files = await dump();
    expect(files.map(({ name, documents: count }) => [name, count])).toEqual([
      ["forum/contents.bson", 10],
      ["forum/contents.metadata.json", undefined],
      ["forum/users.bson", 0],
      ["forum/users.metadata.json", undefined],
    ]);
    const bytes = await buffer(await objects.get({ bucket: "artifacts", key: "forum/contents.bson" }));
    expect(bytes.equals(sorted())).toBe(true);
    expect(files[0]).toMatchObject({ bytes: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") });
    expect(await text(await objects.get({ bucket: "artifacts", key: "forum/contents.metadata.json" }))).toBe(
      '{"indexes":[{"v":{"$numberInt":"2"},"key":{"_id":{"$numberInt":"1"}},"name":"_id_"}],"uuid":"bfcab3f53d4547558db73692ff763ecb","collectionName":"contents","type":"collection"}',
    );
    expect(await text(await objects.get({ bucket: "artifacts", key: "forum/users.metadata.json" }))).toMatch(
      /^\{"options":\{"capped":true,"size":\{"\$numberInt":"5"\}\},"indexes":\[\],/,
    );
  });

  it("goes on behind the last document when its cursor is lost, or its connection", async () => {
    server.fault({ command: "getMore", code: 43, after: 1 }, { command: "getMore", code: 0, after: 2 });
    const [contents] = await dump();
    expect(contents).toMatchObject({ documents: 10, sha256: createHash("sha256").update(sorted()).digest("hex") });
    expect(server.seen.filter((command) => command === "find").length).toBeGreaterThan(3);
  });

  it("gives up when another cursor is lost at the same place", async () => {
    server.fault(...Array.from({ length: 9 }, () => ({ command: "find", code: 43 })));
    await expect(dump()).rejects.toMatchObject({ name: "Transient", code: "mongo_connection_lost" });
  });

  it("asks once for new credentials, and says nothing of those that are refused", async () => {
    password = "old";
    expect(await dump()).toHaveLength(4);
    expect(reads).toEqual([false, true]);
    server.changePassword("another");
    const error: unknown = await dump().catch((caught: unknown) => caught);
    expect(error).toMatchObject({ name: "Misconfigured", code: "mongo_denied" });
    const told = JSON.stringify(error) + String(error) + JSON.stringify((error as { details: unknown }).details);
    for (const form of [PASSWORD, encodeURIComponent(PASSWORD)]) expect(told).not.toContain(form);
    expect((error as Error).cause).toBeUndefined();
  });

  it("takes no address with credentials in it, and reaches nobody by one that leads nowhere", async () => {
    const read = (uri: string) =>
      readMongoCredentials({ read: async () => ({ username: "u", password: PASSWORD, uri }) }, "mitx", false);
    const refused: unknown = await read(`mongodb://u:${PASSWORD}@host/`).catch((caught: unknown) => caught);
    expect(refused).toMatchObject({ name: "Misconfigured", code: "mongo_secret_invalid" });
    expect(String(refused)).not.toContain(PASSWORD);
    expect(await read("mongodb://host/")).toMatchObject({ uri: "mongodb://host/" });
  });
});

it("the stand-in keeps the types of what it sends", () => {
  expect(deserialize(documents[0] ?? Buffer.alloc(0), { promoteValues: false })["whole"]).toBeInstanceOf(Double);
});
