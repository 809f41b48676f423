import { once } from "node:events";
import {
  createServer,
  request as send,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";

export type Fault =
  /** AWS's error, in the form of the service; `more` are further members of it. */
  | { readonly status: number; readonly code: string; readonly more?: object }
  /** Any other answer. */
  | { readonly status: number; readonly body: string }
  /** The connection is lost before AWS has seen the request. */
  | "lost"
  /** AWS does what is asked and the connection is lost before it says so. */
  | "unanswered"
  /** No answer, ever. */
  | "silent"
  /** A byte of the request is changed on the way. */
  | "damaged"
  /** AWS's own answer, changed on the way. */
  | ((answer: { readonly headers: IncomingHttpHeaders; readonly body: Buffer }) => void);

export interface Asked {
  /** As AWS names it, for example `UpdateItem` or `UploadPart`. */
  readonly operation: string;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: number;
  /** Of services that speak JSON. */
  readonly input: string;
}

/** Stands between an SDK and `upstream`, and lets through what no fault was asked for. */
export async function startFaultyAws(upstream: string) {
  const planned = new Map<string, Fault[]>();
  const always = new Map<string, Fault>();
  const asked: Asked[] = [];
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const operation = operationOf(request);
    const body = await buffer(request);
    const json = request.headers["x-amz-target"] !== undefined;
    asked.push({ operation, headers: request.headers, bytes: body.length, input: json ? body.toString() : "" });
    const fault = planned.get(operation)?.shift() ?? always.get(operation);
    if (fault === "silent") return;
    if (fault === "lost") return void response.destroy();
    if (typeof fault === "object") {
      response.writeHead(fault.status, {
        "content-type": json ? "application/x-amz-json-1.0" : "application/xml",
        ...("code" in fault && json ? { "x-amzn-errortype": fault.code } : {}),
      });
      return void response.end("body" in fault ? fault.body : errorOf(fault, json));
    }
    if (fault === "damaged") body.writeUInt8((body.at(-1) ?? 0) ^ 1, body.length - 1);
    const passed = await pass(upstream, request, body);
    if (fault === "unanswered") return void response.destroy();
    if (typeof fault === "function") fault(passed);
    response.writeHead(passed.status, passed.headers).end(passed.body);
  };
  const server = createServer((request, response) => {
    void answer(request, response).catch((error: unknown) =>
      response.destroy(error instanceof Error ? error : undefined),
    );
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked: asked as readonly Asked[],
    /** The next requests for the operation meet these, in this order. */
    next: (operation: string, ...faults: readonly Fault[]): void => {
      planned.set(operation, [...(planned.get(operation) ?? []), ...faults]);
    },
    always: (operation: string, fault: Fault): void => void always.set(operation, fault),
    /** Forgets faults and requests. */
    reset: (): void => {
      planned.clear();
      always.clear();
      asked.length = 0;
    },
    close: async (): Promise<void> => {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

function operationOf({ headers, method = "", url = "/" }: IncomingMessage): string {
  const target = headers["x-amz-target"];
  if (typeof target === "string") return target.split(".").at(-1) ?? "";
  const { pathname, searchParams } = new URL(url, "http://aws");
  if (searchParams.has("uploadId")) {
    return { PUT: "UploadPart", POST: "CompleteMultipartUpload", DELETE: "AbortMultipartUpload" }[method] ?? method;
  }
  if (searchParams.has("uploads")) return method === "POST" ? "CreateMultipartUpload" : "ListMultipartUploads";
  if (searchParams.has("list-type")) return "ListObjectsV2";
  const kind = /^\/[^/]+\/./.test(pathname) ? "Object" : "Bucket";
  return `${{ GET: "Get", PUT: "Put", HEAD: "Head", DELETE: "Delete" }[method] ?? method}${kind}`;
}

const errorOf = ({ code, more }: { readonly code: string; readonly more?: object }, json: boolean): string =>
  json
    ? JSON.stringify({ __type: code, message: "says AWS", ...more })
    : `<Error><Code>${code}</Code><Message>says AWS</Message></Error>`;

async function pass(upstream: string, { method, url = "/", headers }: IncomingMessage, body: Buffer) {
  const { host } = new URL(upstream);
  const forwarded = send(new URL(url, upstream), { method, headers: { ...headers, host } });
  forwarded.end(body);
  const [answer] = (await once(forwarded, "response")) as [IncomingMessage];
  const { "transfer-encoding": _, ...kept } = answer.headers;
  return { status: answer.statusCode ?? 500, headers: kept, body: await buffer(answer) };
}
