import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text as textOf } from "node:stream/consumers";

/** edx.org's discovery API as spec/edxorg.md 11 describes it, on loopback. Shares no code with the client. */
export interface DiscoveryApi {
  /** What a list holds. */
  readonly lists: { programs: object[]; courses: object[] };
  /** Of the secret `openedx/edxorg`. */
  readonly secret: Readonly<Record<string, string>>;
  /** Path and query of all calls. */
  readonly seen: readonly string[];
  /** The next calls of a list are answered so, in place of the list's own answer. */
  answerNext(...answers: readonly DiscoveryAnswer[]): void;
  /** What the list says it holds, in place of what it does. */
  promise(count: number | undefined): void;
  /** Tokens that were given are not taken any more. */
  expireTokens(): void;
  close(): Promise<void>;
}

export interface DiscoveryAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly text?: string;
}

const PAGE = 2;

export async function startDiscoveryApi(): Promise<DiscoveryApi> {
  const lists: DiscoveryApi["lists"] = { programs: [], courses: [] };
  const seen: string[] = [];
  const script: DiscoveryAnswer[] = [];
  const tokens = new Set<string>();
  let promised: number | undefined;
  const answer = (url: URL, authorisation: string | undefined, body: string): DiscoveryAnswer => {
    if (url.pathname === "/oauth2/v1/access_token") {
      const form = new URLSearchParams(body);
      const isKnown = form.get("client_id") === "id" && form.get("client_secret") === "s3cret";
      if (!isKnown) return { status: 401, text: '{"error":"invalid_client"}' };
      const token = `token-${seen.length}`;
      tokens.add(token);
      return { status: 200, text: JSON.stringify({ access_token: token, expires_in: 3_600 }) };
    }
    const list = /^\/api\/v1\/(programs|catalogs\/10\/courses)\/$/.exec(url.pathname)?.[1];
    if (list === undefined) return { status: 404, text: "{}" };
    if (!tokens.has(/^JWT (.+)$/.exec(authorisation ?? "")?.[1] ?? "")) return { status: 401, text: "{}" };
    const scripted = script.shift();
    if (scripted !== undefined) return scripted;
    const all = list === "programs" ? lists.programs : lists.courses;
    const offset = Number(url.searchParams.get("offset") ?? "0");
    const next = `https://behind.invalid/elsewhere/?limit=${PAGE}&offset=${offset + PAGE}`;
    const page = {
      ...{ count: promised ?? all.length, results: all.slice(offset, offset + PAGE) },
      next: offset + PAGE < all.length ? next : null,
    };
    return { status: 200, text: JSON.stringify(page) };
  };
  const server = createServer((request, response) => {
    void textOf(request).then((body) => {
      const url = new URL(request.url ?? "/", "http://localhost");
      seen.push(url.pathname + url.search);
      const { status, headers = {}, text = "" } = answer(url, request.headers.authorization, body);
      response.writeHead(status, { "content-type": "application/json", ...headers });
      response.end(text);
    });
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const at = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    lists,
    seen,
    secret: {
      ...{ id: "id", secret: "s3cret", tokenUrl: `${at}/oauth2/v1/access_token` },
      ...{ programs: `${at}/api/v1/programs/`, courses: `${at}/api/v1/catalogs/10/courses/` },
    },
    answerNext: (...answers) => void script.push(...answers),
    promise: (count) => {
      promised = count;
    },
    expireTokens: () => tokens.clear(),
    close: async () => {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}
