import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { faultOf, type HttpCall, type HttpReply, type NetworkFault } from "./http.ts";

/** As many connections as a copy has ranges under way; they stay open between them. */
const SOCKETS = 16;
const agents = {
  "http:": new HttpAgent({ keepAlive: true, maxSockets: SOCKETS }),
  "https:": new HttpsAgent({ keepAlive: true, maxSockets: SOCKETS }),
};

/**
 * As `request`, for stored files: the bytes are those on the wire. `fetch` unpacks whatever is served as
 * `Content-Encoding: gzip`, and a file that was stored so would lose its checksum and its length; its ranges could not
 * be read at all.
 */
export async function requestBytes(
  call: Pick<HttpCall, "url" | "timeoutMs" | "maxBytes" | "headers" | "signal"> & { readonly method?: "GET" | "HEAD" },
): Promise<HttpReply | NetworkFault> {
  const { signal, timeoutMs } = call;
  const over = AbortSignal.timeout(timeoutMs);
  try {
    return await answer(call, signal === undefined ? over : AbortSignal.any([over, signal]));
  } catch (error) {
    signal?.throwIfAborted();
    return faultOf(over.aborted ? over.reason : error, timeoutMs);
  }
}

async function answer(
  { url, method = "GET", headers = {}, maxBytes }: Parameters<typeof requestBytes>[0],
  signal: AbortSignal,
): Promise<HttpReply> {
  const isPlain = new URL(url).protocol === "http:";
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const options = { method, headers: { "Accept-Encoding": "gzip", ...headers }, signal };
    const sent = isPlain
      ? httpRequest(url, { ...options, agent: agents["http:"] }, resolve)
      : httpsRequest(url, { ...options, agent: agents["https:"] }, resolve);
    sent.once("error", reject).end();
  });
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response) {
    if (!Buffer.isBuffer(chunk)) throw new TypeError("A response without an encoding gives bytes.");
    chunks.push(chunk);
    size += chunk.length;
    if (size > maxBytes) break;
  }
  return {
    status: response.statusCode ?? 0,
    headers: new Headers(
      Object.entries(response.headers).flatMap(([name, value = ""]): [string, string][] =>
        typeof value === "string" ? [[name, value]] : value.map((one) => [name, one]),
      ),
    ),
    bytes: Buffer.concat(chunks).subarray(0, maxBytes),
    isCut: size > maxBytes,
  };
}
