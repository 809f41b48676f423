import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";

/** MIT Learn's webhook endpoint as spec/learn-webhooks.md 2 measured it; shares no code with the sender. */
export interface LearnReceiver {
  /** Without a final slash. */
  readonly url: string;
  /** Everything that came in, accepted or not. */
  readonly received: readonly ReceivedCall[];
  /** The next calls are answered so, one each, in place of the receiver's own answer. */
  answerNext(...answers: readonly ScriptedAnswer[]): void;
  close(): Promise<void>;
}

export interface ReceivedCall {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
  readonly status: number;
}

export interface ScriptedAnswer {
  /** 0 = the connection is cut. */
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly text?: string;
  readonly delayMs?: number;
}

const ROUTES = new Set(["/api/v1/webhooks/content_files/", "/api/v1/webhooks/content_files/delete/"]);
const SOURCES = "mit_edx mitpe mitxonline oll ocw podcast mit_climate see xpro youtube canvas ovs".split(" ");

export async function startLearnReceiver(secret: string): Promise<LearnReceiver> {
  const received: ReceivedCall[] = [];
  const script: ScriptedAnswer[] = [];
  const server = createServer((request, response) => {
    void answer(request, response).catch(() => response.destroy());
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await buffer(request);
    const scripted = script.shift();
    const { status, text, headers, delayMs } = scripted ?? { ...judge(request, body, secret), headers: {}, delayMs: 0 };
    const { method = "", url: path = "" } = request;
    received.push({ method, path, headers: request.headers, body: body.toString("utf8"), status });
    if (delayMs !== undefined && delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs));
    if (status === 0) {
      response.destroy();
      return;
    }
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.end(text ?? "");
  }

  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    received,
    answerNext: (...answers) => void script.push(...answers),
    close: async () => {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

function judge(request: IncomingMessage, body: Buffer, secret: string): { status: number; text: string } {
  const notAllowed = { status: 405, text: JSON.stringify({ detail: `Method "${request.method}" not allowed.` }) };
  const expected = createHmac("sha256", secret).update(body).digest();
  const given = Buffer.from(String(request.headers["x-mitlearn-signature"] ?? ""), "hex");
  if (request.method !== "POST" || !ROUTES.has(request.url ?? "")) return notAllowed;
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return notAllowed;
  let parsed: unknown;
  try {
    parsed = JSON.parse(body.toString("utf8"));
  } catch {
    return { status: 400, text: '{"detail":"JSON parse error"}' };
  }
  const source = typeof parsed === "object" && parsed !== null && "source" in parsed ? parsed.source : undefined;
  if (typeof source !== "string" || !SOURCES.includes(source)) return notAllowed;
  return { status: 200, text: '{"status":"success","message":"Webhook received"}' };
}
