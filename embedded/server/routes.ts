import * as z from "zod";
import type { IncomingMessage, ServerResponse } from "node:http";
import { Failure } from "../../core/model/failures.ts";
import { readBody, sendFailure, sendJson } from "./http.ts";

export interface ApiRequest {
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly body: unknown;
}

export interface ApiRoute {
  readonly method: "GET" | "POST";
  /** `/api/runs/:id` */
  readonly path: string;
  /** Answers without the engine's token. */
  readonly open?: boolean;
  readonly serve: (request: ApiRequest) => unknown;
}

export interface ApiReply {
  readonly status: number;
  readonly body: unknown;
}

/** A reply with a status of its own; anything else that a route returns is a 200. */
export class Reply {
  readonly reply: ApiReply;
  constructor(status: number, body: unknown) {
    this.reply = { status, body };
  }
}

/** Serves a table of routes. Every route but the open ones wants `Authorization: Bearer <token>`. */
export function serveRoutes(routes: readonly ApiRoute[], token: string) {
  const compiled = routes.map((route) => ({
    route,
    pattern: new RegExp(`^${route.path.replaceAll(/:(\w+)/g, "(?<$1>[^/]+)")}$`),
  }));
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    try {
      const url = new URL(request.url ?? "/", "http://loopback");
      for (const { route, pattern } of compiled) {
        const found = route.method === request.method ? pattern.exec(url.pathname) : null;
        if (found === null) continue;
        if (route.open !== true && request.headers.authorization !== `Bearer ${token}`) {
          return sendJson(response, 401, { message: "Give the token of engine.json as a bearer token." });
        }
        const params = Object.fromEntries(
          Object.entries(found.groups ?? {}).map(([name, value]) => [name, decodeURIComponent(value)]),
        );
        const body = route.method === "POST" ? parseBody(await readBody(request)) : undefined;
        const answer: unknown = await route.serve({ params, query: url.searchParams, body });
        if (answer instanceof Reply) return sendJson(response, answer.reply.status, answer.reply.body);
        return sendJson(response, 200, answer ?? {});
      }
      sendJson(response, 404, { message: `No such address: ${request.method ?? ""} ${url.pathname}` });
    } catch (error) {
      sendFailure(response, error instanceof z.ZodError ? wrongRequest(error) : error);
    }
  };
}

const wrongRequest = (error: z.ZodError): Failure =>
  new Failure("Rejected", `The request is not understood: ${z.prettifyError(error)}`, {
    code: "wrong_request",
    what: "read a request",
  });

function parseBody(bytes: Buffer): unknown {
  if (bytes.length === 0) return undefined;
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch (cause) {
    throw new Failure("Malformed", "The body is not JSON.", { code: "not_json", what: "read a request", cause });
  }
}
