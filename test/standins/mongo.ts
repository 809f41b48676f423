import { createHash, createHmac, pbkdf2Sync, randomBytes } from "node:crypto";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { Binary, deserialize, Long, serialize, type Document } from "bson";

/** What becomes of a command instead of its answer. */
export interface MongoFault {
  readonly command: string;
  /** 0 = the connection is cut. Else the server's error code. */
  readonly code: number;
  /** Of this command, how many go well before. */
  readonly after?: number;
}

export interface MongoCollection {
  readonly uuid: Buffer;
  readonly options?: Document;
  readonly type?: "collection" | "view";
  readonly indexes: readonly Document[];
  readonly documents: readonly Buffer[];
}

const [OP_REPLY, OP_QUERY, OP_MSG] = [1, 2004, 2013];
const HEADER = 16;
const ITERATIONS = 4_096;
/** Documents in the first batch and in each further one. */
const BATCH = 3;

/**
 * A MongoDB server as far as a dump needs one: hello, SCRAM-SHA-256, listCollections, listIndexes, find in the order of
 * `_id` and getMore. It fails when a test says so.
 */
export async function startMongo(user: { name: string; password: string }, collections: Map<string, MongoCollection>) {
  const faults: { fault: MongoFault; passed: number }[] = [];
  const seen: string[] = [];
  const cursors = new Map<bigint, { readonly name: string; rest: readonly Buffer[] }>();
  let [conversations, lastCursor] = [0n, 0n];
  const sockets = new Set<Socket>();

  const answer = (state: Connection, command: Document): Document | "cut" => {
    const name = Object.keys(command)[0] ?? "";
    seen.push(name);
    const met = faults.find(({ fault, passed }) => fault.command === name && passed >= (fault.after ?? 0));
    for (const one of faults) if (one.fault.command === name) one.passed += 1;
    if (met !== undefined) {
      faults.splice(faults.indexOf(met), 1);
      return met.fault.code === 0 ? "cut" : refusal(met.fault.code, "The stand-in was told to fail.");
    }
    if (name === "hello" || name === "isMaster" || name === "ismaster") return HELLO();
    if (name === "ping" || name === "endSessions" || name === "killCursors") return { ok: 1 };
    if (name === "saslStart") {
      conversations += 1n;
      return begin(state, command, user);
    }
    if (name === "saslContinue") return state.continue?.(command) ?? refusal(17, "No conversation.");
    if (!state.isAuthenticated) return refusal(13, "Command requires authentication");
    if (command["$db"] !== "forum") return refusal(13, "not authorized");
    if (name === "listCollections") return batchOf("$cmd.listCollections", [...collections].map(described));
    const collection = collections.get(String(command[name] ?? ""));
    if (name === "listIndexes" && collection !== undefined) return batchOf(String(command[name]), collection.indexes);
    if (name === "find") return find(String(command[name]), collection?.documents ?? [], command["filter"] as Document);
    if (name === "getMore") return more((command[name] as Long).toBigInt());
    return refusal(59, `no such command: '${name}'`);
  };
  const find = (name: string, documents: readonly Buffer[], filter: Document): Document => {
    const after: unknown = (filter["_id"] as { $gt?: unknown } | undefined)?.$gt;
    const sorted = documents.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
    lastCursor += 1n;
    cursors.set(lastCursor, {
      name,
      rest: after === undefined ? sorted : sorted.filter((one) => keyOf(one) > String(after)),
    });
    return more(lastCursor, "firstBatch");
  };
  const more = (id: bigint, field = "nextBatch"): Document => {
    const cursor = cursors.get(id);
    if (cursor === undefined) return refusal(43, `cursor id ${id} not found`);
    const batch = cursor.rest.slice(0, BATCH).map((one) => deserialize(one, { promoteValues: false }));
    cursor.rest = cursor.rest.slice(BATCH);
    const isOver = cursor.rest.length === 0;
    if (isOver) cursors.delete(id);
    return { cursor: { id: Long.fromBigInt(isOver ? 0n : id), ns: `forum.${cursor.name}`, [field]: batch }, ok: 1 };
  };

  const server = createServer((socket) => {
    sockets.add(socket);
    const state: Connection = { isAuthenticated: false };
    let received = Buffer.alloc(0);
    socket.on("error", () => undefined).on("close", () => sockets.delete(socket));
    socket.on("data", (chunk) => {
      received = Buffer.concat([received, chunk]);
      while (received.length >= HEADER && received.length >= received.readInt32LE(0)) {
        const message = received.subarray(0, received.readInt32LE(0));
        received = received.subarray(message.length);
        const [id, code] = [message.readInt32LE(4), message.readInt32LE(12)];
        const reply = answer(state, code === OP_QUERY ? queryOf(message) : messageOf(message));
        if (reply === "cut") return void socket.destroy();
        socket.write(code === OP_QUERY ? replyTo(id, reply) : msgTo(id, reply));
      }
    });
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  return {
    uri: `mongodb://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    seen: seen as readonly string[],
    conversations: () => Number(conversations),
    fault: (...more: readonly MongoFault[]) => void faults.push(...more.map((fault) => ({ fault, passed: 0 }))),
    /** Nobody knows its cursors any more. */
    loseCursors: () => cursors.clear(),
    changePassword: (password: string) => void (user.password = password),
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((closed) => server.close(closed));
    },
  };
}

interface Connection {
  isAuthenticated: boolean;
  continue?: (command: Document) => Document;
}

const keyOf = (document: Buffer): string => String(deserialize(document)["_id"]);
const refusal = (code: number, errmsg: string): Document => ({ ok: 0, code, codeName: `Code${code}`, errmsg });
const batchOf = (name: string, firstBatch: readonly Document[]): Document => ({
  ...{ cursor: { id: Long.ZERO, ns: `forum.${name}`, firstBatch }, ok: 1 },
});
const described = ([name, { uuid, options = {}, type = "collection" }]: [string, MongoCollection]): Document => ({
  ...{ name, type, options, info: { readOnly: false, uuid: new Binary(uuid, 4) } },
});
const HELLO = (): Document => ({
  ...{
    helloOk: true,
    isWritablePrimary: true,
    ismaster: true,
    maxBsonObjectSize: 16_777_216,
    maxMessageSizeBytes: 48_000_000,
  },
  ...{ maxWriteBatchSize: 100_000, localTime: new Date(), minWireVersion: 0, maxWireVersion: 21, readOnly: false },
  ...{ logicalSessionTimeoutMinutes: 30, connectionId: 1, ok: 1 },
});

/** RFC 5802 and 7677 from the server's side. */
function begin(state: Connection, { payload }: Document, user: { name: string; password: string }): Document {
  const bare = (payload as Binary).toString("utf8").replace(/^n,,/, "");
  const [, name, nonce] = /^n=([^,]*),r=(.*)$/.exec(bare) ?? [];
  const [salt, both] = [randomBytes(16), `${nonce}${randomBytes(12).toString("base64")}`];
  const first = `r=${both},s=${salt.toString("base64")},i=${ITERATIONS}`;
  state.continue = (command) => {
    const last = (command["payload"] as Binary).toString("utf8");
    const [, without, proof] = /^(.*),p=(.*)$/.exec(last) ?? [];
    const salted = pbkdf2Sync(user.password, salt, ITERATIONS, 32, "sha256");
    const keyed = (key: Uint8Array, text: string): Buffer => createHmac("sha256", key).update(text).digest();
    const client = keyed(salted, "Client Key");
    const message = `${bare},${first},${without}`;
    const signature = keyed(createHash("sha256").update(client).digest(), message);
    const expected = Buffer.from(client.map((byte, index) => byte ^ (signature[index] ?? 0)));
    if (name !== user.name || expected.toString("base64") !== proof) return refusal(18, "Authentication failed.");
    state.isAuthenticated = true;
    const verifier = keyed(keyed(salted, "Server Key"), message).toString("base64");
    return { conversationId: 1, done: true, payload: new Binary(Buffer.from(`v=${verifier}`)), ok: 1 };
  };
  return { conversationId: 1, done: false, payload: new Binary(Buffer.from(first)), ok: 1 };
}

const messageOf = (message: Buffer): Document =>
  deserialize(message.subarray(HEADER + 5), { promoteLongs: false, allowObjectSmallerThanBufferSize: true });

function queryOf(message: Buffer): Document {
  const name = message.indexOf(0, HEADER + 4);
  return deserialize(message.subarray(name + 9), { allowObjectSmallerThanBufferSize: true });
}

function header(length: number, to: number, code: number): Buffer {
  const bytes = Buffer.alloc(HEADER);
  [length + HEADER, 0, to, code].forEach((value, index) => bytes.writeInt32LE(value, 4 * index));
  return bytes;
}

function msgTo(id: number, reply: Document): Buffer {
  const body = Buffer.concat([Buffer.alloc(5), serialize(reply)]);
  return Buffer.concat([header(body.length, id, OP_MSG), body]);
}

function replyTo(id: number, reply: Document): Buffer {
  const start = Buffer.alloc(20);
  start.writeInt32LE(1, 16);
  const body = Buffer.concat([start, serialize(reply)]);
  return Buffer.concat([header(body.length, id, OP_REPLY), body]);
}
