import { createHash, createVerify, generateKeyPairSync, randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text as textOf } from "node:stream/consumers";
import { setTimeout as pause } from "node:timers/promises";

export interface GcsFault {
  readonly call: GcsCall;
  /** Absent = every object. */
  readonly name?: string;
  /** How often; default once. */
  readonly times?: number;
  /** 0 = the connection is cut. Absent = the true answer, perhaps late or cut short. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly text?: string;
  readonly delayMs?: number;
  /** It says how long its body is and ends before. */
  readonly truncated?: boolean;
  /** One byte of the body is another. */
  readonly damaged?: boolean;
  /** The page before comes once more, under a token that leads on. */
  readonly repeated?: boolean;
}
export type GcsCall = "token" | "list" | "read";

export interface StoredBlob {
  readonly bytes: Buffer;
  readonly generation: string;
  readonly updated: string;
  /** As it is stated; a test may state another. */
  md5Hash: string | undefined;
  crc32c: string | undefined;
  readonly contentEncoding?: string;
}

const EMAIL = "stand-in@example.iam.gserviceaccount.com";
const KEYS = generateKeyPairSync("rsa", { modulusLength: 2048 });

/**
 * Google Cloud Storage's JSON API and Google's token endpoint as their documentation describes them, over HTTP on loopback,
 * with every fault that a test asks for. Shares no code with the client: its sum is computed bit by bit.
 */
export async function startGcs({ pageSize = 1_000, tokenSeconds = 3_600 } = {}) {
  const buckets = new Map<string, Map<string, StoredBlob>>();
  const tokens = new Map<string, number>();
  const seen: { readonly call: GcsCall | "unknown"; readonly name?: string; readonly status: number }[] = [];
  let faults: { readonly fault: GcsFault; left: number }[] = [];
  let generation = 1_700_000_000_000_000;

  const take = (call: GcsCall, name: string | undefined): GcsFault | undefined => {
    const found = faults.find(
      ({ fault, left }) => left > 0 && fault.call === call && (fault.name === undefined || fault.name === name),
    );
    if (found !== undefined) found.left -= 1;
    return found?.fault;
  };

  const giveToken = (body: string): Answer => {
    const form = new URLSearchParams(body);
    const [header = "", claims = "", signature = ""] = (form.get("assertion") ?? "").split(".");
    const verifier = createVerify("RSA-SHA256").update(`${header}.${claims}`);
    const isSigned = verifier.verify(KEYS.publicKey, Buffer.from(signature, "base64url"));
    const said = JSON.parse(Buffer.from(claims, "base64url").toString() || "{}") as Record<string, unknown>;
    const now = Date.now() / 1_000;
    const isGood =
      form.get("grant_type") === "urn:ietf:params:oauth:grant-type:jwt-bearer" &&
      isSigned &&
      said["iss"] === EMAIL &&
      said["aud"] === `${endpoint}/token` &&
      String(said["scope"]).endsWith("devstorage.read_only") &&
      Math.abs(Number(said["iat"]) - now) < 300 &&
      Number(said["exp"]) - Number(said["iat"]) <= 3_600;
    if (!isGood) return json(400, { error: "invalid_grant", error_description: "Invalid JWT Signature." });
    const token = `ya29.${randomUUID()}`;
    tokens.set(token, Date.now() + tokenSeconds * 1_000);
    return json(200, { access_token: token, expires_in: tokenSeconds, token_type: "Bearer" });
  };

  const list = (blobs: ReadonlyMap<string, StoredBlob>, query: URLSearchParams, repeats: boolean): Answer => {
    const names = [...blobs.keys()]
      .filter((name) => name.startsWith(query.get("prefix") ?? ""))
      .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    const [start = 0, again = 0] = (query.get("pageToken") ?? "0").split("-").map(Number);
    const from = repeats ? Math.max(0, start - pageSize) : start;
    const items = names.slice(from, from + pageSize).map((name) => {
      const blob = blobs.get(name);
      const { generation: number, updated, md5Hash, crc32c } = blob ?? {};
      return { name, size: String(blob?.bytes.length), generation: number, updated, md5Hash, crc32c };
    });
    const next = from + pageSize;
    const token = repeats ? { nextPageToken: `${next}-${again + 1}` } : { nextPageToken: String(next) };
    return json(200, { ...(items.length === 0 ? {} : { items }), ...(next < names.length ? token : {}) });
  };

  const read = (blob: StoredBlob | undefined, url: URL, request: IncomingMessage): Answer => {
    const wanted = url.searchParams.get("generation");
    if (blob === undefined || (wanted !== null && wanted !== blob.generation)) return text(404, "Not Found");
    if (url.searchParams.get("alt") !== "media") return json(200, { generation: blob.generation });
    const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "");
    const headers: Record<string, string> = { "content-type": "application/octet-stream" };
    if (blob.contentEncoding !== undefined) headers["content-encoding"] = blob.contentEncoding;
    if (range === null) return { status: 200, headers, body: blob.bytes };
    const [start, end] = [Number(range[1]), Math.min(Number(range[2]), blob.bytes.length - 1)];
    if (start >= blob.bytes.length) return text(416, "out of range");
    headers["content-range"] = `bytes ${start}-${end}/${blob.bytes.length}`;
    return { status: 206, headers, body: blob.bytes.subarray(start, end + 1) };
  };

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? "/", endpoint);
    const body = await textOf(request);
    const path = /^\/storage\/v1\/b\/([^/]+)\/o(?:\/([^/]+))?$/.exec(url.pathname);
    const name = path?.[2] === undefined ? undefined : decodeURIComponent(path[2]);
    const call: GcsCall | "unknown" =
      url.pathname === "/token" && request.method === "POST"
        ? "token"
        : path === null || request.method !== "GET"
          ? "unknown"
          : name === undefined
            ? "list"
            : "read";
    const fault = (call === "unknown" ? undefined : take(call, name)) ?? undefined;
    if (fault?.delayMs !== undefined) await pause(fault.delayMs, undefined, { ref: false });
    const answer = ((): Answer => {
      if (fault?.status !== undefined) return text(fault.status, fault.text ?? "");
      if (call === "unknown") return text(404, "no such route");
      if (call === "token") return giveToken(body);
      const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? "")?.[1] ?? "";
      if ((tokens.get(token) ?? 0) <= Date.now())
        return json(401, { error: { code: 401, message: "Invalid Credentials" } });
      const blobs = buckets.get(decodeURIComponent(path?.[1] ?? ""));
      if (blobs === undefined)
        return json(404, { error: { code: 404, message: "The specified bucket does not exist." } });
      if (name === undefined) return list(blobs, url.searchParams, fault?.repeated === true);
      return read(blobs.get(name), url, request);
    })();
    seen.push({ call, ...(name === undefined ? {} : { name }), status: answer.status });
    if (answer.status === 0) return void response.destroy();
    let bytes = fault?.text !== undefined && fault.status === undefined ? Buffer.from(fault.text) : answer.body;
    if (fault?.damaged === true) {
      bytes = Buffer.from(bytes);
      bytes[bytes.length >> 1]! ^= 1;
    }
    response.writeHead(answer.status, { ...answer.headers, "content-length": bytes.length, ...fault?.headers });
    if (fault?.truncated !== true) return void response.end(bytes);
    response.write(bytes.subarray(0, bytes.length >> 1), () => response.destroy());
  };

  const server = createServer((request, response) => void handle(request, response).catch(() => response.destroy()));
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  return {
    endpoint,
    /** Fields of the secret, as Google's key file has them. */
    secret: {
      type: "service_account",
      private_key_id: "stand-in",
      private_key: KEYS.privateKey.export({ type: "pkcs8", format: "pem" }) as string,
      client_email: EMAIL,
      token_uri: `${endpoint}/token`,
    },
    /** Puts an object; one of the same name is replaced, as in a bucket without versioning. */
    put: (
      bucket: string,
      name: string,
      bytes: Buffer | string,
      more: { contentEncoding?: string } = {},
    ): StoredBlob => {
      const content = Buffer.from(bytes);
      generation += 1;
      const blob: StoredBlob = {
        ...{ bytes: content, generation: String(generation), updated: new Date(generation / 1_000).toISOString() },
        ...{ md5Hash: createHash("md5").update(content).digest("base64"), crc32c: castagnoli(content), ...more },
      };
      const blobs = buckets.get(bucket) ?? new Map<string, StoredBlob>();
      buckets.set(bucket, blobs.set(name, blob));
      return blob;
    },
    remove: (bucket: string, name: string): boolean => buckets.get(bucket)?.delete(name) ?? false,
    /** Met in this order by the calls that they are for. */
    fault: (...more: readonly GcsFault[]): void =>
      void faults.push(...more.map((fault) => ({ fault, left: fault.times ?? 1 }))),
    clearFaults: (): void => void (faults = []),
    /** No token that was given is good any more. */
    expireTokens: (): void => tokens.clear(),
    seen: seen as readonly (typeof seen)[number][],
    count: (call: GcsCall, name?: string): number =>
      seen.filter((one) => one.call === call && (name === undefined || one.name === name)).length,
    close: async (): Promise<void> => {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

export type GcsStandIn = Awaited<ReturnType<typeof startGcs>>;

interface Answer {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: Buffer;
}

const text = (status: number, said: string): Answer => ({ status, headers: {}, body: Buffer.from(said) });
const json = (status: number, value: unknown): Answer => ({
  ...{ status, headers: { "content-type": "application/json" } },
  body: Buffer.from(JSON.stringify(value)),
});

function castagnoli(bytes: Buffer): string {
  const table = Array.from({ length: 256 }, (_, byte) => {
    let crc = byte;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
    return crc;
  });
  let crc = -1;
  for (const byte of bytes) crc = (crc >>> 8) ^ (table[(crc ^ byte) & 0xff] ?? 0);
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(~crc >>> 0);
  return sum.toString("base64");
}
