import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { EngineError } from "../engine/errors.ts";
import { Failure, describeFailure, isFailure } from "../../core/model/failures.ts";

const BODY_MAX_BYTES = 16 * 1024 * 1024;
/** Tried in order when nobody asked for a certain port. 0 = whatever is free. */
const FALLBACK_PORTS = [4748, 4749, 4750, 4751, 4752, 0];

export const DEFAULT_PORT = 4747;

/** Answers the request; the caller has checked the Host header. */
export type Serve = (request: IncomingMessage, response: ServerResponse) => void;

/**
 * Listens on 127.0.0.1 only. Requests must name a loopback host: otherwise a web page could reach the engine through
 * a name of its own that it has pointed here (DNS rebinding).
 */
export async function listen(port: number | undefined, serve: Serve): Promise<{ server: Server; port: number }> {
  const candidates = port === undefined ? [DEFAULT_PORT, ...FALLBACK_PORTS] : [port];
  for (const candidate of candidates) {
    const server = createServer((request, response) => {
      if (isLoopback(request.headers.host)) serve(request, response);
      else sendJson(response, 403, { message: "Only loopback names are served: use 127.0.0.1 or localhost." });
    });
    // Tasks upload nothing here; a request that stalls must not hold a socket for Node's default of five minutes.
    server.requestTimeout = 60_000;
    const outcome = await bind(server, candidate);
    if (typeof outcome === "number") return { server, port: outcome };
    if (outcome.code !== "EADDRINUSE" && outcome.code !== "EACCES") throw outcome;
  }
  throw new Failure("Misconfigured", `Port ${port ?? DEFAULT_PORT} on 127.0.0.1 is taken or not allowed.`, {
    code: "port_busy",
    what: "start the engine",
    hint: "Give another one with --port, or leave --port out to take a free one.",
  });
}

function bind(server: Server, port: number): Promise<number | NodeJS.ErrnoException> {
  return new Promise((resolve) => {
    server.once("error", resolve);
    server.listen(port, "127.0.0.1", () => {
      server.removeListener("error", resolve);
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : port);
    });
  });
}

function isLoopback(host: string | undefined): boolean {
  const name = (host ?? "").replace(/:\d+$/, "");
  return name === "127.0.0.1" || name === "localhost" || name === "[::1]";
}

export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json", "cache-control": "no-store" });
  response.end(JSON.stringify(body));
}

export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    const bytes = Buffer.from(chunk);
    size += bytes.length;
    if (size > BODY_MAX_BYTES) {
      throw new Failure("Rejected", `The body is over ${BODY_MAX_BYTES} bytes.`, {
        code: "body_too_large",
        what: "read a request",
      });
    }
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}

const STATUS: Readonly<Record<string, number>> = {
  Rejected: 400,
  Malformed: 422,
  Misconfigured: 400,
  Conflict: 409,
  Throttled: 429,
};

/** Failures travel as their record, so that the command line shows the same sentence. */
export function sendFailure(response: ServerResponse, thrown: unknown): void {
  const error = thrown instanceof EngineError && thrown.name === "JournalUnavailable" ? noJournal(thrown) : thrown;
  const status = isFailure(error) ? (STATUS[error.name] ?? 500) : 500;
  if (response.headersSent) response.destroy();
  else sendJson(response, status, { failure: describeFailure(error) });
}

const noJournal = (cause: EngineError): Failure =>
  new Failure("Transient", `${cause.message}. Nothing was changed; the engine stops.`, {
    code: "journal_unavailable",
    what: "write the engine's journal",
    hint: "Make room on the disk of the state folder, then start the engine again with `npx millrace up`.",
    cause,
  });
