import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text as textOf } from "node:stream/consumers";
import { setTimeout as pause } from "node:timers/promises";
import { openEdxWorld, type Answer, type OpenEdxWorldOptions } from "./open-edx/answers.ts";
import { openFaults, type Call, type Fault } from "./open-edx/faults.ts";

export { PAGE, type Fault } from "./open-edx/faults.ts";
export { courseIds } from "./open-edx/courses.ts";

export interface OpenEdxStandInOptions extends Partial<OpenEdxWorldOptions> {
  /** Seconds that a token is good for; default an hour. */
  readonly tokenSeconds?: number;
  /** What the LMS lets through in any second; what is more is asked to wait. Default: everything. */
  readonly allowed?: { readonly perSecond: number; readonly retryAfterSeconds: number };
  /** Of LMS and Studio; default any that is free. */
  readonly ports?: readonly [lms: number, studio: number];
}

export interface SeenCall {
  readonly call: Call | "unknown";
  readonly course?: string;
  /** As it was sent, not decoded. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
  readonly status: number;
  /** When it came and when it was answered, in epoch milliseconds. */
  readonly at: number;
  readonly answeredAt: number;
}

const ROUTES: readonly (readonly [call: Call, method: string, at: "lms" | "studio", path: RegExp])[] = [
  ["token", "POST", "lms", /^\/oauth2\/access_token$/],
  ["me", "GET", "lms", /^\/api\/user\/v1\/me$/],
  ["list", "GET", "lms", /^\/api\/courses\/v1\/courses\/$/],
  ["status", "GET", "lms", /^\/api\/courses\/v1\/courses\/([^/]+)\/$/],
  ["outline", "GET", "lms", /^\/api\/learning_sequences\/v1\/course_outline\/([^/]+)$/],
  ["structure", "GET", "lms", /^\/api\/course-structure\/v0\/([^/]+)\/$/],
  ["export", "POST", "studio", /^\/api\/courses\/v0\/export\/$/],
  ["task", "GET", "studio", /^\/api\/courses\/v0\/export\/([^/]+)\/$/],
];

const CLIENT = { id: "stand-in", secret: "stand-in-secret" };

/**
 * LMS and Studio of one deployment as spec/openedx.md 1 describes them, over HTTP on loopback, with every fault that a
 * test asks for. Shares no code with the client.
 */
export async function startOpenEdx(options: OpenEdxStandInOptions = {}) {
  const { tokenSeconds = 3_600, ports = [0, 0], allowed } = options;
  const world = openEdxWorld({
    deployment: "mitxonline",
    courses: 3,
    pageSize: 10,
    store: async () => undefined,
    ...options,
  });
  const faults = openFaults();
  const seen: SeenCall[] = [];
  const tokens = new Map<string, number>();
  /** When the latest calls came that the LMS let through. */
  const latest: number[] = [];
  let [atOnce, mostAtOnce] = [0, 0];

  const giveToken = (body: string): Answer => {
    const form = new URLSearchParams(body);
    const isKnown = form.get("client_id") === CLIENT.id && form.get("client_secret") === CLIENT.secret;
    const isAsked = form.get("grant_type") === "client_credentials" && form.get("token_type") === "JWT";
    if (!isKnown) return { status: 401, text: '{"error":"invalid_client"}' };
    if (!isAsked) return { status: 400, text: '{"error":"unsupported_grant_type"}' };
    const token = `eyJ.${randomUUID()}.x`;
    tokens.set(token, Date.now() + tokenSeconds * 1_000);
    return { status: 200, text: JSON.stringify({ access_token: token, expires_in: tokenSeconds, token_type: "JWT" }) };
  };
  const isAuthorised = ({ headers }: IncomingMessage): boolean => {
    const token = /^JWT (.+)$/.exec(headers.authorization ?? "")?.[1];
    return token !== undefined && (tokens.get(token) ?? 0) > Date.now();
  };

  const isTooMuch = (at: "lms" | "studio", now: number): boolean => {
    if (allowed === undefined || at === "studio") return false;
    while ((latest[0] ?? now) <= now - 1_000) latest.shift();
    if (latest.length >= allowed.perSecond) return true;
    latest.push(now);
    return false;
  };

  const answer = async (
    call: Call,
    course: string,
    url: URL,
    request: IncomingMessage,
    body: string,
  ): Promise<Answer> => {
    if (call === "token") return giveToken(body);
    if (!isAuthorised(request)) return { status: 401, text: '{"detail":"Token is expired or unknown."}' };
    if (call === "me") return { status: 200, text: '{"username":"millrace"}' };
    if (call === "list") return world.list(url);
    if (call === "export") return world.startExport(body);
    if (call === "task") return world.lookAtTask(course, url.searchParams.get("task_id") ?? "");
    return world[call](course);
  };

  const handle = async (at: "lms" | "studio", request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const came = Date.now();
    const url = new URL(request.url ?? "/", `http://${request.headers.host}`);
    const route = ROUTES.find(
      ([, method, where, path]) => where === at && method === request.method && path.test(url.pathname),
    );
    const body = await textOf(request);
    const call = route?.[0];
    const segment = route?.[3].exec(url.pathname)?.[1];
    const course = segment === undefined ? undefined : decodeURIComponent(segment);
    const fault: Fault = isTooMuch(at, came)
      ? { status: 429, headers: { "retry-after": String(allowed?.retryAfterSeconds) } }
      : ((call === undefined ? undefined : faults.take(call, course)) ?? {});
    if (fault.delayMs !== undefined) await pause(fault.delayMs, undefined, { ref: false });
    const real: Answer =
      fault.status !== undefined
        ? { status: fault.status, text: "" }
        : call === undefined
          ? { status: 404, text: "no such route" }
          : await answer(call, course ?? "", url, request, body);
    const text = fault.text ?? real.text;
    const query = Object.fromEntries(url.searchParams);
    const named = course === undefined ? {} : { course };
    const path = (request.url ?? "").split("?", 1)[0] ?? "";
    const times = { at: came, answeredAt: Date.now() };
    const { headers } = request;
    seen.push({ call: call ?? "unknown", ...named, path, query, headers, body, status: real.status, ...times });
    if (real.status === 0) return void response.destroy();
    response.writeHead(real.status, {
      "content-type": "application/json",
      "content-length": Buffer.byteLength(text),
      ...fault.headers,
    });
    if (fault.truncated !== true) return void response.end(text);
    response.write(text.slice(0, Math.floor(text.length / 2)), () => response.destroy());
  };

  const listen = async (at: "lms" | "studio", port: number): Promise<Server> => {
    const server = createServer((request, response) => {
      atOnce += 1;
      mostAtOnce = Math.max(mostAtOnce, atOnce);
      response.once("close", () => (atOnce -= 1));
      void handle(at, request, response).catch(() => response.destroy());
    });
    await new Promise<void>((listening) => server.listen(port, "127.0.0.1", listening));
    return server;
  };
  const servers = [await listen("lms", ports[0]), await listen("studio", ports[1])];
  const [lms = "", studio = ""] = servers.map((server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`);

  return {
    lms,
    studio,
    /** Fields of the secret `openedx/<deployment>`. */
    secret: { ...CLIENT, lms, studio },
    /** Course runs by id; change them as you like. */
    courses: world.courses,
    paging: world.paging,
    publish: world.publish,
    /** Met in this order by the calls that they are for. */
    fault: faults.add,
    clearFaults: faults.clear,
    /** No token that was given is good any more. */
    expireTokens: (): void => tokens.clear(),
    seen: seen as readonly SeenCall[],
    count: (call: Call): number => seen.filter((one) => one.call === call).length,
    mostAtOnce: (): number => mostAtOnce,
    close: async (): Promise<void> => {
      for (const server of servers) server.closeAllConnections();
      await Promise.all(servers.map((server) => new Promise((closed) => server.close(closed))));
    },
  };
}

export type OpenEdxStandIn = Awaited<ReturnType<typeof startOpenEdx>>;
