import { deserialize, EJSON, type Document } from "bson";
import { MongoClient, type Db } from "mongodb";
import { Failure } from "../../../core/model/failures.ts";
import type { ForumBackend, ForumCollection } from "./dump.ts";
import type { MongoCredentials } from "./mongo-credentials.ts";
import { isMongoDenied, isMongoLost, mongoFailure } from "./mongo-errors.ts";

const DATABASE = "forum";
const CONNECT_MS = 10_000;
/** A server that says nothing for so long is gone; it sends documents by the megabyte. */
const SILENT_MS = 120_000;
const LOOPBACK = /^mongodb:\/\/(localhost|127\.0\.0\.1)(:\d+)?([/?]|$)/;

/** `fresh` = not what was read before. */
export type ReadMongoCredentials = (fresh: boolean) => Promise<MongoCredentials>;

/**
 * The forum's own database. Documents are passed on as the bytes that the server sent. Who is refused is tried once more
 * with new credentials. Throws Misconfigured `mongo_denied`, `mongo_secret_invalid`; Transient `mongo_connection_lost`.
 */
export async function openMongoForum(read: ReadMongoCredentials): Promise<ForumBackend> {
  let credentials = await read(false);
  const failed = (error: unknown): unknown =>
    mongoFailure(error, "dump the forum", [credentials.password, credentials.username]);
  let client: MongoClient;
  try {
    client = await connect(credentials).catch(async (error: unknown) => {
      if (!isMongoDenied(error)) throw error;
      credentials = await read(true);
      return connect(credentials);
    });
  } catch (error) {
    throw failed(error);
  }
  const db = client.db(DATABASE);
  const guarded = async function* <T>(all: AsyncIterable<T>): AsyncIterable<T> {
    try {
      yield* all;
    } catch (error) {
      throw failed(error);
    }
  };
  return {
    snapshotTime: new Date().toISOString(),
    collections: () =>
      guarded(
        (async function* () {
          for (const one of await collectionsOf(db)) {
            yield { ...one, documents: () => guarded(documentsOf(db, one.name)) };
          }
        })(),
      ),
    close: () => client.close(),
  };
}

async function connect({ uri, username, password, ca }: MongoCredentials): Promise<MongoClient> {
  const client = new MongoClient(uri, {
    auth: { username, password },
    authSource: "admin",
    appName: "millrace",
    ...{ serverSelectionTimeoutMS: CONNECT_MS, connectTimeoutMS: CONNECT_MS, socketTimeoutMS: SILENT_MS },
    maxPoolSize: 1,
    // Whatever the address says of it.
    ...(LOOPBACK.test(uri) ? {} : { tls: true, tlsAllowInvalidCertificates: false, tlsAllowInvalidHostnames: false }),
    ...(ca === undefined ? {} : { ca }),
  });
  try {
    return await client.connect();
  } catch (error) {
    await client.close();
    throw error;
  }
}

async function collectionsOf(db: Db): Promise<readonly Omit<ForumCollection, "documents">[]> {
  const listed = await db.listCollections({}, { nameOnly: false, promoteValues: false }).toArray();
  const found: Omit<ForumCollection, "documents">[] = [];
  for (const { name, type = "collection", options = {}, info } of listed) {
    // Views are no data, and the server's own collections are no forum's.
    if (type !== "collection" || name.startsWith("system.")) continue;
    const reply = await db.command({ listIndexes: name }, { promoteValues: false });
    const described = {
      ...(Object.keys(options).length === 0 ? {} : { options }),
      indexes: firstBatch(reply),
      ...(info?.uuid === undefined ? {} : { uuid: info.uuid.toString("hex") }),
      ...{ collectionName: name, type },
    };
    found.push({ name, metadata: EJSON.stringify(described, { relaxed: false }) });
  }
  if (found.length > 0) return found.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  throw new Failure("Malformed", `The database "${DATABASE}" has no collection.`, {
    code: "forum_empty",
    what: "dump the forum",
    hint: "Look whether the secret's address leads to the forum's server, and whether the forum lives in edxapp now.",
  });
}

/** A collection has at most 64 indexes: the first batch holds them all. */
const firstBatch = (reply: Document): unknown => {
  const cursor: unknown = reply["cursor"];
  return typeof cursor === "object" && cursor !== null && "firstBatch" in cursor ? cursor.firstBatch : [];
};

/** In the order of `_id`, so that another cursor goes on where one was lost; once for each place where it was. */
async function* documentsOf(db: Db, name: string): AsyncIterable<Uint8Array> {
  let last: Uint8Array | undefined;
  let lostAt: Uint8Array | "begin" | undefined;
  for (;;) {
    const after: Document = last === undefined ? {} : { _id: { $gt: idOf(last) } };
    const cursor = db.collection(name).find(after, { raw: true, sort: { _id: 1 } });
    try {
      for await (const document of cursor) {
        if (!(document instanceof Uint8Array)) throw new Error("The driver gave a document that is no bytes.");
        yield document;
        last = document;
      }
      return;
    } catch (error) {
      if (!isMongoLost(error) || lostAt === (last ?? "begin")) throw error;
      lostAt = last ?? "begin";
    } finally {
      await cursor.close();
    }
  }
}

const idOf = (document: Uint8Array): unknown => deserialize(document, { promoteValues: false })["_id"];
